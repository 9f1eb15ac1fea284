import { z } from 'zod';
import type { OutsideSource } from '../chain/settings.ts';
import {
  addressVariable,
  chainVariables,
  outsideKinds,
  pathVariable,
  sourceIn,
  wholeVariable,
} from '../chain/settings.ts';
import { assert } from '../core/base/assert.ts';
import type { Result } from '../core/base/result.ts';
import { hex32 } from '../core/base/schema.ts';
import type { Network } from '../core/wallet/network.ts';

/** sysexits' EX_CONFIG: how a start ends whose configuration is wrong. */
export const EXIT_CONFIG = 78;

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Every variable that the server reads. An empty one counts as missing. */
const variables = z.object({
  DATABASE_URL: addressVariable('postgres:', 'postgresql:'),
  HOST: z.string().min(1).max(255).default('127.0.0.1'),
  PORT: wholeVariable(0, 65_535).default(3_000),
  /** The address that callers use, where a proxy stands before the server: proofs name it. */
  PUBLIC_URL: addressVariable('http:', 'https:').optional(),
  ...chainVariables,
  CHAIN: z.enum(['sandbox', ...outsideKinds]),
  /** A second source that the chain is held against: where they differ, nothing is drafted or broadcast. */
  CHAIN_SECOND: z.enum(outsideKinds).optional(),
  CHAIN_SECOND_URL: addressVariable('http:', 'https:').optional(),
  CHAIN_SECOND_COOKIE: pathVariable.optional(),
  /** The screening service that is asked about destinations (policies/README.md). */
  SCREENING_URL: z
    .string()
    .refine(
      isServiceAddress,
      'not an https address, or http on loopback, without user and fragment',
    )
    .optional(),
  /** Holds its bearer token; read anew for each question. */
  SCREENING_TOKEN_FILE: pathVariable.optional(),
  SCREENING_TIMEOUT_SECONDS: wholeVariable(1, 60).default(10),
  /** How long a destination that it holds waits before it is asked about again. */
  SCREENING_AGAIN_SECONDS: wholeVariable(1, 86_400).default(300),
  /** Digest of the genesis charter, compared by people once. */
  GENESIS: hex32,
  /** A package of entries and blobs to begin an empty log with. */
  FOUNDING: pathVariable.optional(),
  LOG_KEY_FILE: pathVariable,
  /** Whether entries and blobs may be read by anyone. */
  LOG_PUBLIC: flag.default(false),
  /** Seconds between the blocks that the sandbox mines by itself; 0: only on demand. */
  SANDBOX_BLOCK_SECONDS: wholeVariable(0, 86_400).default(0),
  /** Requests a second of one address or session, on average; ten times as many at once. */
  RATE_PER_SECOND: wholeVariable(1, 1_000_000).default(50),
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
    this.second = secondOf(given);
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
  return given.CHAIN === 'sandbox'
    ? { kind: 'sandbox', blockSeconds: given.SANDBOX_BLOCK_SECONDS }
    : named(sourceIn(given.CHAIN, given));
}

function secondOf(given: Variables): OutsideSource | null {
  const { CHAIN_SECOND: kind, CHAIN_SECOND_URL: url, CHAIN_SECOND_COOKIE: cookie } = given;
  if (kind === undefined) return null;
  const variables = { BITCOIN_RPC_URL: url, BITCOIN_RPC_COOKIE: cookie, ESPLORA_URL: url };
  return named(sourceIn(kind, variables));
}

/** {@link contradictionIn} has named an address that is missing. */
function named(source: OutsideSource | string): OutsideSource {
  assert(typeof source !== 'string', 'a configuration is checked before');
  return source;
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
  const source = given.CHAIN === 'sandbox' ? null : sourceIn(given.CHAIN, given);
  if (typeof source === 'string') return source;
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
