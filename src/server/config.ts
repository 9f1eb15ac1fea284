import { z } from 'zod';
import type { Result } from '../core/base/result.ts';
import { hex32 } from '../core/base/schema.ts';
import type { Network } from '../core/wallet/network.ts';
import { networkNames } from '../core/wallet/network.ts';

/** sysexits' EX_CONFIG: how a start ends whose configuration is wrong. */
export const EXIT_CONFIG = 78;

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^[0-9]{1,9}$/, 'not a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most));
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const path = z.string().min(1).max(4_096);
const address = (...protocols: readonly string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `not an address of ${protocols.join(' ')}`,
    );

/** Every variable that the server reads. An empty one counts as missing. */
const variables = z.object({
  DATABASE_URL: address('postgres:', 'postgresql:'),
  HOST: z.string().min(1).max(255).default('127.0.0.1'),
  PORT: whole(0, 65_535).default(3_000),
  /** The address that callers use, where a proxy stands before the server: proofs name it. */
  PUBLIC_URL: address('http:', 'https:').optional(),
  NETWORK: z.enum(networkNames as readonly [Network, ...Network[]]),
  CHAIN: z.enum(['sandbox', 'bitcoind', 'esplora']),
  BITCOIN_RPC_URL: address('http:', 'https:').optional(),
  BITCOIN_RPC_COOKIE: path.optional(),
  ESPLORA_URL: address('http:', 'https:').optional(),
  /** A second source that the chain is held against: where they differ, nothing is drafted or broadcast. */
  CHAIN_SECOND: z.enum(['bitcoind', 'esplora']).optional(),
  CHAIN_SECOND_URL: address('http:', 'https:').optional(),
  CHAIN_SECOND_COOKIE: path.optional(),
  /** Age of the newest block in seconds from which nothing is drafted or broadcast; 0: never. */
  CHAIN_TIP_AGE_SECONDS: whole(0, 1_000_000).optional(),
  /** The screening service that is asked about destinations (policies/README.md). */
  SCREENING_URL: z
    .string()
    .refine(
      isServiceAddress,
      'not an https address, or http on loopback, without user and fragment',
    )
    .optional(),
  /** Holds its bearer token; read anew for each question. */
  SCREENING_TOKEN_FILE: path.optional(),
  SCREENING_TIMEOUT_SECONDS: whole(1, 60).default(10),
  /** How long a destination that it holds waits before it is asked about again. */
  SCREENING_AGAIN_SECONDS: whole(1, 86_400).default(300),
  /** Digest of the genesis charter, compared by people once. */
  GENESIS: hex32,
  /** A package of entries and blobs to begin an empty log with. */
  FOUNDING: path.optional(),
  LOG_KEY_FILE: path,
  /** Whether entries and blobs may be read by anyone. */
  LOG_PUBLIC: flag.default(false),
  /** Seconds between the blocks that the sandbox mines by itself; 0: only on demand. */
  SANDBOX_BLOCK_SECONDS: whole(0, 86_400).default(0),
  /** Requests a second of one address or session, on average; ten times as many at once. */
  RATE_PER_SECOND: whole(1, 1_000_000).default(50),
  LOG_LEVEL: z.enum(['error', 'warn', 'info']).default('warn'),
});

type Variables = z.infer<typeof variables>;

/** Payees and a token travel there: encrypted, or not over a network at all. */
function isServiceAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (username !== '' || password !== '' || hash !== '') return false;
  const isLoopback =
    hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback);
}

/** The screening service. */
export interface ScreeningConfig {
  readonly url: string;
  readonly tokenFile: string | null;
  readonly timeoutSeconds: number;
  readonly againSeconds: number;
}

/** A chain source outside this process. */
export type OutsideSource =
  | { readonly kind: 'bitcoind'; readonly url: string; readonly cookieFile: string | null }
  | { readonly kind: 'esplora'; readonly url: string };

/** The configuration of one server process, checked as a whole. */
export class ServerConfig {
  readonly databaseUrl: string;
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | null;
  readonly network: Network;
  readonly chain: { readonly kind: 'sandbox'; readonly blockSeconds: number } | OutsideSource;
  readonly second: OutsideSource | null;
  /** Null: what is usual for the network. */
  readonly tipAgeSeconds: number | null;
  /** Null: nobody is asked. */
  readonly screening: ScreeningConfig | null;
  readonly genesis: string;
  readonly founding: string | null;
  readonly logKeyFile: string;
  readonly logPublic: boolean;
  readonly ratePerSecond: number;
  readonly logLevel: 'error' | 'warn' | 'info';

  constructor(given: Variables) {
    this.databaseUrl = given.DATABASE_URL;
    this.host = given.HOST;
    this.port = given.PORT;
    this.publicUrl = given.PUBLIC_URL ?? null;
    this.network = given.NETWORK;
    this.chain = chainOf(given);
    this.second =
      given.CHAIN_SECOND === undefined
        ? null
        : sourceOf(given.CHAIN_SECOND, given.CHAIN_SECOND_URL, given.CHAIN_SECOND_COOKIE);
    this.tipAgeSeconds = given.CHAIN_TIP_AGE_SECONDS ?? null;
    this.screening = screeningOf(given);
    this.genesis = given.GENESIS;
    this.founding = given.FOUNDING ?? null;
    this.logKeyFile = given.LOG_KEY_FILE;
    this.logPublic = given.LOG_PUBLIC;
    this.ratePerSecond = given.RATE_PER_SECOND;
    this.logLevel = given.LOG_LEVEL;
  }
}

function screeningOf(given: Variables): ScreeningConfig | null {
  if (given.SCREENING_URL === undefined) return null;
  return {
    url: given.SCREENING_URL,
    tokenFile: given.SCREENING_TOKEN_FILE ?? null,
    timeoutSeconds: given.SCREENING_TIMEOUT_SECONDS,
    againSeconds: given.SCREENING_AGAIN_SECONDS,
  };
}

function chainOf(given: Variables): ServerConfig['chain'] {
  switch (given.CHAIN) {
    case 'sandbox':
      return { kind: 'sandbox', blockSeconds: given.SANDBOX_BLOCK_SECONDS };
    case 'bitcoind':
      return sourceOf('bitcoind', given.BITCOIN_RPC_URL, given.BITCOIN_RPC_COOKIE);
    case 'esplora':
      return sourceOf('esplora', given.ESPLORA_URL);
  }
}

/** Requires an address: {@link contradictionIn} names the one that is missing. */
function sourceOf(
  kind: OutsideSource['kind'],
  url = '',
  cookieFile: string | null = null,
): OutsideSource {
  return kind === 'esplora' ? { kind, url } : { kind, url, cookieFile };
}

type Environment = Readonly<Record<string, string | undefined>>;
type Read =
  | { readonly ok: true; readonly value: ServerConfig }
  | { readonly ok: false; readonly line: string };

/** The configuration, or one line that says which variable is wrong. Values are never repeated: some hold passwords. */
export function readConfig(environment: Environment): Read {
  const present = Object.entries(environment).filter(
    ([, value]) => value !== undefined && value !== '',
  );
  const found = variables.safeParse(Object.fromEntries(present));
  if (!found.success) {
    const [issue] = found.error.issues;
    const name = issue?.path.map(String).join('.') ?? 'configuration';
    const missing = !present.some(([key]) => key === name);
    return { ok: false, line: missing ? `${name} is missing` : `${name}: ${issue?.message ?? ''}` };
  }
  const line = contradictionIn(found.data);
  return line === null ? { ok: true, value: new ServerConfig(found.data) } : { ok: false, line };
}

function contradictionIn(given: Variables): string | null {
  if ((given.CHAIN === 'sandbox') !== (given.NETWORK === 'sandbox'))
    return `CHAIN=${given.CHAIN} does not go with NETWORK=${given.NETWORK}`;
  if (given.CHAIN === 'bitcoind' && given.BITCOIN_RPC_URL === undefined)
    return 'BITCOIN_RPC_URL is missing';
  if (given.CHAIN === 'esplora' && given.ESPLORA_URL === undefined) return 'ESPLORA_URL is missing';
  if (given.CHAIN_SECOND !== undefined && given.CHAIN_SECOND_URL === undefined)
    return 'CHAIN_SECOND_URL is missing';
  if (given.CHAIN_SECOND_URL !== undefined && given.CHAIN_SECOND === undefined)
    return 'CHAIN_SECOND is missing';
  if (given.SCREENING_TOKEN_FILE !== undefined && given.SCREENING_URL === undefined)
    return 'SCREENING_URL is missing';
  if (given.CHAIN_SECOND !== undefined && given.CHAIN === 'sandbox')
    return 'CHAIN_SECOND does not go with CHAIN=sandbox';
  return null;
}

/** The start must end: what was found contradicts the configuration. Carries the one line to print. */
export class StartRefused extends Error {
  constructor(line: string) {
    super(line);
    this.name = 'StartRefused';
  }
}

/** The value of a passed check, or the end of the start with the refusal's code. */
export function orRefuseStart<T>(result: Result<T>, what: string): T {
  if (result.ok) return result.value;
  const { code, facts } = result.refusal;
  throw new StartRefused(`${what}: ${code} ${JSON.stringify(facts)}`);
}
