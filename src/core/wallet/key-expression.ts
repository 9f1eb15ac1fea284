import { BIP32Factory } from 'bip32';
import type { BIP32Interface } from 'bip32';
import * as ecc from 'tiny-secp256k1';
import { toHex } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Network } from './network.ts';
import { networkNames, networkParameters } from './network.ts';

const bip32 = BIP32Factory(ecc);

/** 0 receives, 1 takes change (BIP 44, BIP 389). */
export type Branch = 0 | 1;

/** One key expression of a descriptor (BIP 380). */
export interface WalletKey {
  /** As written: `[fingerprint/path]xpub/<0;1>/*`. */
  readonly expression: string;
  /** Of the master key, 8 hex digits, or null without an origin. */
  readonly fingerprint: string | null;
  /** Steps from the master key to the xpub, `48h/1h/0h/2h`, possibly empty, or null without an origin. */
  readonly originPath: string | null;
  readonly xpub: string;
  /** One and the same key in every script: it has no children (see {@link fixedXpub}). */
  readonly isFixed: boolean;
}

/** A key expression with the extended public key that it names. */
export interface ParsedKey {
  readonly key: WalletKey;
  readonly node: BIP32Interface;
  readonly branches: readonly Branch[];
}

const base58 = '[1-9A-HJ-NP-Za-km-z]';
const privateKeys = [
  new RegExp(`(?<!${base58})[A-Za-z]prv${base58}{20}`),
  new RegExp(`(?<!${base58})[5KL9c]${base58}{50,51}(?!${base58})`),
  /(?:\b[a-z]{3,8}\b[\s,]+){11}[a-z]{3,8}\b/,
];
const keyShape = new RegExp(
  `^(?:\\[([0-9a-fA-F]{8})((?:/[0-9]{1,10}[h']?)*)\\])?(${base58}{4,120})((?:/.*)?)$`,
);
/** Purposes whose second step is a coin type (BIP 44, 48, 49, 84, 86). */
const coinTyped = new Set(['44h', '48h', '49h', '84h', '86h']);
const HARDENED = 0x80000000;

/** True when a text holds an extended private key, a WIF key or seed words. Such text is never echoed or logged. */
export function holdsPrivateKey(text: string): boolean {
  return privateKeys.some((shape) => shape.test(text));
}

/** The extended public key of a bare xpub, or null when it is none of this network. */
export function parseXpub(xpub: string, network: Network): BIP32Interface | null {
  try {
    const node = bip32.fromBase58(xpub, networkParameters(network));
    return node.isNeutered() ? node : null;
  } catch {
    return null; // the library says no by throwing
  }
}

const rawShape = /^(?:\[[^\]]*\])?[0-9a-fA-F]{64,130}$/;

/**
 * Reads one key expression. Codes: `wallet.key.raw` (a bare key: its addresses would all be the same one),
 * `wallet.key.invalid`, `.network`, `.format`, `.origin`, `.cointype`, `.hardened`, `.fixed`, `wallet.multipath`.
 */
export function parseKey(expression: string, network: Network): Result<ParsedKey> {
  const found = keyShape.exec(expression);
  if (rawShape.test(expression)) return refuse('wallet.key.raw');
  if (found === null) return refuse('wallet.key.invalid');
  const [, fingerprint, path, xpub = '', suffix = ''] = found;
  const node = parseXpub(xpub, network);
  if (node === null) return refuseKey(xpub, network);
  const origin = path === undefined ? null : path.replaceAll("'", 'h').slice(1);
  if (origin !== null) {
    const steps = checkOrigin(origin === '' ? [] : origin.split('/'), node, network);
    if (!steps.ok) return steps;
    if (!isBelow(fingerprint ?? '', node))
      return refuse('wallet.key.origin', { reason: 'the fingerprint is of another key' });
  }
  const isFixed = node.chainCode.every((byte) => byte === 0);
  if (isFixed && (expression !== xpub || node.depth !== 0))
    return refuse('wallet.key.fixed', { reason: 'it has no origin and no steps' });
  const branches: Result<readonly Branch[]> = isFixed ? ok([0, 1]) : readSuffix(suffix);
  if (!branches.ok) return branches;
  const key: WalletKey = {
    expression,
    fingerprint: fingerprint?.toLowerCase() ?? null,
    originPath: origin,
    xpub,
    isFixed,
  };
  return ok({ key, node, branches: branches.value });
}

/**
 * A single public key as descriptors and documents name it: an xpub without origin whose chain code is zero, so that one key has
 * one text a network. It stands without steps, and means itself (BIP 380). Requires 33 bytes on the curve.
 */
export function fixedXpub(publicKey: Uint8Array, network: Network): string {
  const node = bip32.fromPublicKey(publicKey, new Uint8Array(32), networkParameters(network));
  return node.toBase58();
}

function refuseKey(xpub: string, network: Network): Result<never> {
  const elsewhere = networkNames.some((other) => parseXpub(xpub, other) !== null);
  if (elsewhere) return refuse('wallet.key.network', { network });
  const named = withoutScriptType(xpub, network);
  return named === null
    ? refuse('wallet.key.invalid')
    : refuse('wallet.key.format', { prefix: xpub.slice(0, 4), write: named });
}

/** Version bytes of SLIP 132, which tell a script type: ypub, Ypub, zpub, Zpub, and upub, Upub, vpub, Vpub. */
const mainnetTypes = [0x049d7cb2, 0x0295b43f, 0x04b24746, 0x02aa7ed3];
const testTypes = [0x044a5262, 0x024289ef, 0x045f1cf6, 0x02575483];

/** A key of SLIP 132 as an xpub or tpub, or null when it is none of this network. Descriptors say the script type themselves. */
export function withoutScriptType(xpub: string, network: Network): string | null {
  const parameters = networkParameters(network);
  for (const version of network === 'mainnet' ? mainnetTypes : testTypes)
    try {
      const bip32Versions = { public: version, private: parameters.bip32.private };
      const node = bip32.fromBase58(xpub, { ...parameters, bip32: bip32Versions });
      node.network = parameters;
      return node.toBase58();
    } catch {
      continue; // the library says no by throwing
    }
  return null;
}

/** Where the key is the master key or its child, it shows the fingerprint itself. */
function isBelow(fingerprint: string, node: BIP32Interface): boolean {
  switch (node.depth) {
    case 0:
      return toHex(node.fingerprint) === fingerprint.toLowerCase();
    case 1:
      return node.parentFingerprint === Number.parseInt(fingerprint, 16);
    default:
      return true;
  }
}

function checkOrigin(
  steps: readonly string[],
  node: BIP32Interface,
  network: Network,
): Result<null> {
  const numbers = steps.map(
    (step) => Number.parseInt(step, 10) + (step.endsWith('h') ? HARDENED : 0),
  );
  const last = numbers.at(-1) ?? 0;
  if (steps.some((step) => Number.parseInt(step, 10) >= HARDENED))
    return refuse('wallet.key.origin', { reason: 'a step is beyond 2^31' });
  if (steps.length !== node.depth || last !== node.index)
    return refuse('wallet.key.origin', { steps: steps.length, depth: node.depth });
  const [purpose = '', coin = ''] = steps;
  const expected = network === 'mainnet' ? '0h' : '1h';
  if (coinTyped.has(purpose) && steps.length > 1 && coin !== expected)
    return refuse('wallet.key.cointype', { found: coin, expected });
  return ok(null);
}

function readSuffix(suffix: string): Result<readonly Branch[]> {
  if (/[hH']/.test(suffix)) return refuse('wallet.key.hardened');
  switch (suffix) {
    case '/<0;1>/*':
      return ok([0, 1]);
    case '/0/*':
      return ok([0]);
    case '/1/*':
      return ok([1]);
    default:
      return refuse('wallet.multipath');
  }
}
