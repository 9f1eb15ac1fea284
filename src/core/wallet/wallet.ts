import { assert } from '../base/assert.ts';
import { equalBytes, toHex } from '../base/bytes.ts';
import { WALLETS_REMEMBERED } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import type { Condition } from './condition.ts';
import { isInEveryPath } from './condition.ts';
import type { DescriptorOptions } from './descriptor.ts';
import { parseDescriptor } from './descriptor.ts';
import { DescriptorWallet } from './descriptor-wallet.ts';
import type { Branch, WalletKey } from './key-expression.ts';
import { parseXpub } from './key-expression.ts';
import type { Network } from './network.ts';
import type { WalletKind } from './plan.ts';
import type { InputScripts, Satisfaction } from './scripts.ts';

export type { Branch, WalletKey } from './key-expression.ts';
export type { WalletKind } from './plan.ts';
export type { InputScripts, Satisfaction, TaprootLeaf, TaprootScripts } from './scripts.ts';

/** Where a script of a wallet stands. */
export interface Place {
  readonly branch: Branch;
  readonly index: number;
}

/** Highest address index of each branch to be searched, inclusive; -1 leaves a branch out. */
export interface SearchBounds {
  readonly receive: number;
  readonly change: number;
}

/** The signature hash that inputs sign: of old, of BIP 143, of BIP 341 by the output key, of BIP 342 by a leaf. */
export type Signing = 'legacy' | 'segwit' | 'taproot-key' | 'taproot-leaf';

/** A watch-only wallet: the one truth about what is ours. Derives everything from its descriptor alone. */
export interface Wallet {
  /** With its checksum. */
  readonly descriptor: string;
  readonly network: Network;
  readonly kind: WalletKind;
  readonly signing: Signing;
  /** What spends, by any path. */
  readonly condition: Condition;
  /** The keys that the path we sign by can use without waiting: others have nothing to sign. */
  readonly signers: ReadonlySet<number>;
  /** In the order of the descriptor. */
  readonly keys: readonly WalletKey[];
  /** [0, 1], save where a person inspects with a descriptor of one branch. */
  readonly branches: readonly Branch[];
  /** Worst-case weight units of one signed input, all its fields included. */
  readonly inputWeight: number;
  /** Worst-case virtual bytes of one signed input. */
  readonly inputVbytes: number;
  /** The output script. Requires a branch of `branches` and 0 <= index <= ADDRESS_INDEX. */
  script(branch: Branch, index: number): Uint8Array;
  address(branch: Branch, index: number): string;
  /** The 33-byte public key of one key of the descriptor. */
  keyAt(keyIndex: number, branch: Branch, index: number): Uint8Array;
  scripts(branch: Branch, index: number): InputScripts;
  /** The least number of keys beside `signed` that satisfy the path we sign by. */
  missing(signed: ReadonlySet<number>): number;
  /**
   * The cheapest satisfaction of the path we sign by, with exactly as many signatures as it takes, in the order of the
   * script; among equals the keys first in the descriptor. Null with too few. Signatures by key of the descriptor, with
   * their sighash byte; not verified here.
   */
  satisfy(
    branch: Branch,
    index: number,
    signatures: ReadonlyMap<number, Uint8Array>,
  ): Satisfaction | null;
  /** Where an output script stands within the bounds, or null. */
  find(script: Uint8Array, highest: SearchBounds): Place | null;
}

/** By network and descriptor, the last read: a wallet document is read again at each signature, and derives a hundred keys then. */
const remembered = new Map<string, Wallet>();

/**
 * Reads a wallet from its descriptor. By default as wallet documents need it: checksum and `<0;1>/*` required.
 * Refuses with the codes of {@link parseDescriptor}. Source: BIP 380, 382, 383, 389.
 */
export function parseWallet(
  descriptor: string,
  network: Network,
  options: DescriptorOptions = {},
): Result<Wallet> {
  const name = JSON.stringify([network, descriptor, options]);
  const known = remembered.get(name);
  if (known !== undefined) return ok(known);
  const parsed = parseDescriptor(descriptor, network, options);
  if (!parsed.ok) return parsed;
  const wallet = new DescriptorWallet(parsed.value, network);
  const [oldest] = remembered.keys();
  if (remembered.size >= WALLETS_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
  remembered.set(name, wallet);
  return ok(wallet);
}

/**
 * True when every path that needs no waiting contains the hot key (design 3). Compares public key and chain code, never
 * text.
 */
export function hotKeyInEveryPath(wallet: Wallet, hotXpub: string): boolean {
  const hot = keyIndexOfXpub(wallet, hotXpub);
  return hot !== null && isInEveryPath(wallet.condition, hot);
}

/** The position of an extended public key among the keys of the descriptor, or null. */
export function keyIndexOfXpub(wallet: Wallet, xpub: string): number | null {
  // As a rule it is written as in the descriptor: to read an extended key takes milliseconds.
  const written = wallet.keys.findIndex((key) => key.xpub === xpub);
  if (written >= 0) return written;
  const sought = parseXpub(xpub, wallet.network);
  if (sought === null) return null;
  const at = wallet.keys.findIndex((key) => {
    const node = parseXpub(key.xpub, wallet.network);
    assert(node !== null, 'a key of a wallet was parsed before');
    return (
      equalBytes(node.publicKey, sought.publicKey) && equalBytes(node.chainCode, sought.chainCode)
    );
  });
  return at < 0 ? null : at;
}

/** Fingerprint of the master key, 8 hex digits; of the xpub itself where the descriptor names no origin. */
export function masterFingerprint(key: WalletKey, network: Network): string {
  if (key.fingerprint !== null) return key.fingerprint;
  const node = parseXpub(key.xpub, network);
  assert(node !== null, 'a key of a wallet was parsed before');
  return toHex(node.fingerprint);
}
