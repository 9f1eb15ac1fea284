import { BIP32Factory } from 'bip32';
import type { BIP32Interface } from 'bip32';
import * as ecc from 'tiny-secp256k1';
import { toHex } from '../base/bytes.ts';
import { JSON_TEXT_LENGTH, MULTISIG_KEYS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { descriptorChecksum } from './checksum.ts';
import type { Network } from './network.ts';
import { networkNames, networkParameters } from './network.ts';

const bip32 = BIP32Factory(ecc);

export type WalletKind =
  | 'pkh'
  | 'wpkh'
  | 'sh-wpkh'
  | 'wsh-multi'
  | 'wsh-sortedmulti'
  | 'sh-wsh-multi'
  | 'sh-wsh-sortedmulti'
  | 'wsh-miniscript'
  | 'sh-wsh-miniscript'
  | 'tr-key'
  | 'tr-script';
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
}

/** A descriptor taken apart. `nodes` are the extended public keys of `keys`, in the same order. */
export interface ParsedDescriptor {
  readonly descriptor: string;
  readonly kind: WalletKind;
  readonly threshold: number;
  readonly branches: readonly Branch[];
  readonly keys: readonly WalletKey[];
  readonly nodes: readonly BIP32Interface[];
}

/** `checksum: 'required'` and `branches: 'both'` for wallet documents, the others for a person's own inspection. */
export interface DescriptorOptions {
  readonly checksum?: 'required' | 'optional';
  readonly branches?: 'both' | 'any';
}

const base58 = '[1-9A-HJ-NP-Za-km-z]';
const privateKeys = [
  new RegExp(`(?<!${base58})[A-Za-z]prv${base58}{20}`),
  new RegExp(`(?<!${base58})[5KL9c]${base58}{50,51}(?!${base58})`),
  /(?:\b[a-z]{3,8}\b[\s,]+){11}[a-z]{3,8}\b/,
];
const functions = new Set([
  'pk',
  'pkh',
  'wpkh',
  'sh',
  'wsh',
  'tr',
  'combo',
  'multi',
  'addr',
  'raw',
  'rawtr',
]);
const keyShape = new RegExp(
  `^(?:\\[([0-9a-fA-F]{8})((?:/[0-9]{1,10}[h']?)*)\\])?(${base58}{4,120})((?:/.*)?)$`,
);
/** Purposes whose second step is a coin type (BIP 44, 48, 49, 84, 86). */
const coinTyped = new Set(['44h', '48h', '49h', '84h', '86h']);
const HARDENED = 0x80000000;

interface ParsedKey {
  readonly key: WalletKey;
  readonly node: BIP32Interface;
  readonly branches: readonly Branch[];
}

/** True when a text holds an extended private key, a WIF key or seed words. Such text is never echoed or logged. */
export function holdsPrivateKey(text: string): boolean {
  return privateKeys.some((shape) => shape.test(text));
}

/**
 * Reads a descriptor of BIP 380 of the kinds wpkh(KEY), wsh(multi(m,KEY,...)), wsh(sortedmulti(m,KEY,...)).
 * Requires nothing of the text. Refusals never repeat it: it may hold a mistyped secret.
 * Refuses with `wallet.key.*`, `wallet.descriptor.*`, `wallet.threshold`, `wallet.multipath`.
 */
export function parseDescriptor(
  text: string,
  network: Network,
  options: DescriptorOptions = {},
): Result<ParsedDescriptor> {
  if (text.length > JSON_TEXT_LENGTH)
    return refuse('wallet.descriptor.malformed', { reason: 'too long' });
  if (holdsPrivateKey(text)) return refuse('wallet.key.private');
  const checked = verifyChecksum(text, options.checksum ?? 'required');
  if (!checked.ok) return checked;
  const shape = readShape(checked.value.body);
  if (!shape.ok) return shape;
  const parsed: ParsedKey[] = [];
  for (const [at, expression] of shape.value.keys.entries()) {
    const key = parseKey(expression, network);
    if (!key.ok) return refuse(key.refusal.code, { ...key.refusal.facts, key: at });
    parsed.push(key.value);
  }
  const branches = commonBranches(parsed, options.branches ?? 'both');
  if (!branches.ok) return branches;
  const twice = duplicateKey(parsed);
  if (twice !== null) return refuse('wallet.key.duplicate', twice);
  return ok({
    descriptor: checked.value.descriptor,
    kind: shape.value.kind,
    threshold: shape.value.threshold,
    branches: branches.value,
    keys: parsed.map(({ key }) => key),
    nodes: parsed.map(({ node }) => node),
  });
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

function verifyChecksum(
  text: string,
  demand: 'required' | 'optional',
): Result<{ body: string; descriptor: string }> {
  const [body = '', found, ...more] = text.split('#');
  const expected = descriptorChecksum(body);
  if (more.length > 0 || expected === null)
    return refuse('wallet.descriptor.malformed', { reason: 'a character stands where none may' });
  const descriptor = `${body}#${expected}`;
  if (found === undefined && demand === 'required')
    return refuse('wallet.descriptor.checksum.missing', { expected });
  if (found !== undefined && found !== expected)
    return refuse('wallet.descriptor.checksum', { expected });
  return ok({ body, descriptor });
}

interface Shape {
  readonly kind: WalletKind;
  readonly threshold: number;
  readonly keys: readonly string[];
}

function readShape(body: string): Result<Shape> {
  const single = /^wpkh\(([^(),]*)\)$/.exec(body);
  if (single !== null) return ok({ kind: 'wpkh', threshold: 1, keys: [single[1] ?? ''] });
  const multi = /^wsh\((sortedmulti|multi)\(([^()]*)\)\)$/.exec(body);
  if (multi !== null)
    return readMulti(multi[1] === 'multi' ? 'wsh-multi' : 'wsh-sortedmulti', multi[2] ?? '');
  const name = /^([a-z]+)\(.*\)$/.exec(body)?.[1];
  if (name === undefined || !functions.has(name))
    return refuse('wallet.descriptor.malformed', { reason: 'no descriptor function' });
  return refuse('wallet.descriptor.unsupported', { function: name });
}

function readMulti(kind: WalletKind, list: string): Result<Shape> {
  const [written = '', ...keys] = list.split(',');
  if (!/^[0-9]{1,4}$/.test(written))
    return refuse('wallet.descriptor.malformed', { reason: 'no threshold' });
  const threshold = Number(written);
  if (threshold < 1 || threshold > keys.length || keys.length > MULTISIG_KEYS)
    return refuse('wallet.threshold', { threshold, keys: keys.length, most: MULTISIG_KEYS });
  return ok({ kind, threshold, keys });
}

function parseKey(expression: string, network: Network): Result<ParsedKey> {
  const found = keyShape.exec(expression);
  if (found === null) return refuse('wallet.key.invalid');
  const [, fingerprint, path, xpub = '', suffix = ''] = found;
  const node = parseXpub(xpub, network);
  if (node === null) return refuseKey(xpub, network);
  const origin = path === undefined ? null : path.replaceAll("'", 'h').slice(1);
  if (origin !== null) {
    const steps = checkOrigin(origin === '' ? [] : origin.split('/'), node, network);
    if (!steps.ok) return steps;
  }
  const branches = readSuffix(suffix);
  if (!branches.ok) return branches;
  const key: WalletKey = {
    expression,
    fingerprint: fingerprint?.toLowerCase() ?? null,
    originPath: origin,
    xpub,
  };
  return ok({ key, node, branches: branches.value });
}

function refuseKey(xpub: string, network: Network): Result<never> {
  const elsewhere = networkNames.some((other) => parseXpub(xpub, other) !== null);
  if (elsewhere) return refuse('wallet.key.network', { network });
  const prefix = xpub.slice(0, 4);
  return refuse('wallet.key.invalid', /^[A-Za-z]pub$/.test(prefix) ? { prefix } : {});
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

function commonBranches(
  parsed: readonly ParsedKey[],
  demand: 'both' | 'any',
): Result<readonly Branch[]> {
  const [first, ...others] = parsed.map(({ branches }) => branches);
  if (first === undefined) return refuse('wallet.multipath');
  if (others.some((branches) => branches.join() !== first.join()))
    return refuse('wallet.multipath');
  if (demand === 'both' && first.length !== 2) return refuse('wallet.multipath');
  return ok(first);
}

/** Positions of two keys that are the same point and chain code; the strings may differ. */
function duplicateKey(parsed: readonly ParsedKey[]): { first: number; second: number } | null {
  const seen = new Map<string, number>();
  for (const [second, { node }] of parsed.entries()) {
    const identity = toHex(node.publicKey) + toHex(node.chainCode);
    const first = seen.get(identity);
    if (first !== undefined) return { first, second };
    seen.set(identity, second);
  }
  return null;
}
