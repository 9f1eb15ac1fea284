import { z } from 'zod';
import type { Network } from '../core/wallet/network.ts';
import { networkNames } from '../core/wallet/network.ts';
import { Bitcoind } from './bitcoind.ts';
import type { ChainView } from './chain-view.ts';
import { Esplora } from './esplora.ts';

/** How a process is told its chain source: by these variables, the same ones for server and sentinel. */

/** A chain source outside the process. */
export type OutsideSource =
  | { readonly kind: 'bitcoind'; readonly url: string; readonly cookieFile: string | null }
  | { readonly kind: 'esplora'; readonly url: string };

export const outsideKinds = ['bitcoind', 'esplora'] as const satisfies OutsideSource['kind'][];

export const wholeVariable = (least: number, most: number) =>
  z
    .string()
    .regex(/^[0-9]{1,9}$/, 'not a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most));
export const pathVariable = z.string().min(1).max(4_096);
export const addressVariable = (...protocols: readonly string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `not an address of ${protocols.join(' ')}`,
    );

/** All of them but `CHAIN`, which on the server may also be the sandbox. */
export const chainVariables = {
  NETWORK: z.enum(networkNames as readonly [Network, ...Network[]]),
  BITCOIN_RPC_URL: addressVariable('http:', 'https:').optional(),
  BITCOIN_RPC_COOKIE: pathVariable.optional(),
  ESPLORA_URL: addressVariable('http:', 'https:').optional(),
  /** Age of the newest block in seconds from which it is stale; 0: never. */
  CHAIN_TIP_AGE_SECONDS: wholeVariable(0, 1_000_000).optional(),
};

interface Given {
  readonly BITCOIN_RPC_URL?: string | undefined;
  readonly BITCOIN_RPC_COOKIE?: string | undefined;
  readonly ESPLORA_URL?: string | undefined;
}

/** The source of a kind, or one line that says which variable is missing. */
export function sourceIn(kind: OutsideSource['kind'], given: Given): OutsideSource | string {
  const { BITCOIN_RPC_URL: node, BITCOIN_RPC_COOKIE: cookie, ESPLORA_URL: api } = given;
  switch (kind) {
    case 'bitcoind':
      return node === undefined
        ? 'BITCOIN_RPC_URL is missing'
        : { kind, url: node, cookieFile: cookie ?? null };
    case 'esplora':
      return api === undefined ? 'ESPLORA_URL is missing' : { kind, url: api };
  }
}

/** Opens it. Nothing is asked yet, so it may be away. */
export function openSource(source: OutsideSource, network: Network): ChainView {
  const { url } = source;
  if (source.kind === 'esplora') return new Esplora({ url, network });
  const cookie = source.cookieFile === null ? {} : { cookieFile: source.cookieFile };
  return new Bitcoind({ url, network, ...cookie });
}

/** The chain source of a process that is no server. */
export interface ChainSettings {
  readonly network: Network;
  readonly source: OutsideSource;
  /** Null: what is usual for the network. */
  readonly tipAgeSeconds: number | null;
}

const outside = z.object({ ...chainVariables, CHAIN: z.enum(outsideKinds) });

/** The settings of a process that is no server, null where `CHAIN` is not set, or one line that says which variable is wrong. */
export function readChainSettings(
  environment: Readonly<Record<string, string | undefined>>,
): ChainSettings | string | null {
  const present = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  if (present['CHAIN'] === undefined) return null;
  const found = outside.safeParse(present);
  if (!found.success) {
    const [issue] = found.error.issues;
    const name = String(issue?.path[0]);
    return present[name] === undefined ? `${name} is missing` : `${name}: ${issue?.message ?? ''}`;
  }
  const source = sourceIn(found.data.CHAIN, found.data);
  if (typeof source === 'string') return source;
  const { NETWORK: network, CHAIN_TIP_AGE_SECONDS: tipAgeSeconds = null } = found.data;
  return { network, source, tipAgeSeconds };
}
