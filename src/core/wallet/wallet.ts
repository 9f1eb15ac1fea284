import { crypto } from 'bitcoinjs-lib';
import type { BIP32Interface } from 'bip32';
import { assert } from '../base/assert.ts';
import { concat, equalBytes, toHex } from '../base/bytes.ts';
import { sha256 } from '../base/digest.ts';
import { ADDRESS_INDEX, KEY_CACHE, SCRIPT_CACHE } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import type {
  Branch,
  DescriptorOptions,
  ParsedDescriptor,
  WalletKey,
  WalletKind,
} from './descriptor.ts';
import { parseDescriptor, parseXpub } from './descriptor.ts';
import type { Condition } from './condition.ts';
import { missingKeys } from './condition.ts';
import type { Network } from './network.ts';
import { addressOfScript } from './network.ts';

export type { Branch, WalletKey, WalletKind } from './descriptor.ts';

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

/** One script of a taproot output (BIP 341). */
export interface TaprootLeaf {
  readonly script: Uint8Array;
  readonly version: 0xc0;
  /** Version and parity, internal key, path to the root. */
  readonly controlBlock: Uint8Array;
  /** Its TapLeaf hash, 32 bytes. */
  readonly hash: Uint8Array;
}

export interface TaprootScripts {
  /** x-only, untweaked: of a key of the wallet, or the point that nobody can sign by. */
  readonly internalKey: Uint8Array;
  /** Null without leaves. */
  readonly merkleRoot: Uint8Array | null;
  /** x-only, as it stands in the output script. */
  readonly outputKey: Uint8Array;
  /** The leaf that we sign by; null for the key path. */
  readonly leaf: TaprootLeaf | null;
  /** In the order of the descriptor. */
  readonly leaves: readonly TaprootLeaf[];
}

/** What stands behind an output script. */
export interface InputScripts {
  /** Of P2SH. */
  readonly redeemScript: Uint8Array | null;
  /** Of P2WSH, bare or within P2SH. */
  readonly witnessScript: Uint8Array | null;
  readonly taproot: TaprootScripts | null;
}

/** What an input carries when it is final (BIP 141). */
export interface Satisfaction {
  readonly scriptSig: Uint8Array;
  readonly witness: readonly Uint8Array[];
}

/** A watch-only wallet: the one truth about what is ours. Derives everything from its descriptor alone. */
export interface Wallet {
  /** With its checksum. */
  readonly descriptor: string;
  readonly network: Network;
  readonly kind: WalletKind;
  /** Signatures needed. */
  readonly threshold: number;
  readonly signing: Signing;
  /** What spends, by any path. */
  readonly condition: Condition;
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
  /** 33-byte public keys in the order of the script. */
  publicKeys(branch: Branch, index: number): readonly Uint8Array[];
  /** The 33-byte public key of one key of the descriptor. */
  keyAt(keyIndex: number, branch: Branch, index: number): Uint8Array;
  /** The witness script, or null for wpkh. */
  witnessScript(branch: Branch, index: number): Uint8Array | null;
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

/**
 * Reads a wallet from its descriptor. By default as wallet documents need it: checksum and `<0;1>/*` required.
 * Refuses with the codes of {@link parseDescriptor}. Source: BIP 380, 382, 383, 389.
 */
export function parseWallet(
  descriptor: string,
  network: Network,
  options: DescriptorOptions = {},
): Result<Wallet> {
  const parsed = parseDescriptor(descriptor, network, options);
  return parsed.ok ? ok(new DescriptorWallet(parsed.value, network)) : parsed;
}

/**
 * True when every spending path contains the hot key: it is the key of wpkh, or a key of an n-of-n multisig
 * (an m-of-n with m < n can be signed without it). Compares public key and chain code, never text.
 */
export function hotKeyInEveryPath(wallet: Wallet, hotXpub: string): boolean {
  return keyIndexOfXpub(wallet, hotXpub) !== null && wallet.threshold === wallet.keys.length;
}

/** The position of an extended public key among the keys of the descriptor, or null. */
export function keyIndexOfXpub(wallet: Wallet, xpub: string): number | null {
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

/** Longest DER signature with low S (BIP 146), and its sighash byte. */
const SIGNATURE_BYTES = 72;
const OP_CHECKMULTISIG = 0xae;

class DescriptorWallet implements Wallet {
  readonly descriptor: string;
  readonly network: Network;
  readonly kind: WalletKind;
  readonly threshold: number;
  readonly signing: Signing = 'segwit';
  readonly condition: Condition;
  readonly keys: readonly WalletKey[];
  readonly branches: readonly Branch[];
  readonly inputWeight: number;
  readonly inputVbytes: number;
  /** nodes[branch][keyIndex]: the step below the xpub, derived once. */
  readonly #nodes: readonly (readonly BIP32Interface[])[];
  readonly #keySets = new Map<string, readonly Uint8Array[]>();
  /** By branch: script hex to index, and how many leading indices it holds. */
  readonly #scripts = [new Map<string, number>(), new Map<string, number>()] as const;

  constructor(parsed: ParsedDescriptor, network: Network) {
    this.descriptor = parsed.descriptor;
    this.network = network;
    this.kind = parsed.kind;
    this.threshold = parsed.threshold;
    this.keys = parsed.keys;
    const of = parsed.keys.map((_, key) => ({ type: 'key' as const, key }));
    this.condition = { type: 'thresh', needed: parsed.threshold, of };
    this.branches = parsed.branches;
    this.#nodes = [0, 1].map((branch) => parsed.nodes.map((node) => node.derive(branch)));
    this.inputWeight = worstInputWeight(parsed.kind, parsed.threshold, parsed.keys.length);
    this.inputVbytes = Math.ceil(this.inputWeight / 4);
  }

  script(branch: Branch, index: number): Uint8Array {
    const witness = this.witnessScript(branch, index);
    if (witness !== null) return concat(Uint8Array.of(0x00, 0x20), sha256(witness));
    return concat(Uint8Array.of(0x00, 0x14), crypto.hash160(this.keyAt(0, branch, index)));
  }

  address(branch: Branch, index: number): string {
    const address = addressOfScript(this.script(branch, index), this.network);
    assert(address !== null, 'scripts of a wallet have an address');
    return address;
  }

  publicKeys(branch: Branch, index: number): readonly Uint8Array[] {
    const keys = this.#keysAt(branch, index);
    return this.kind === 'wsh-sortedmulti' ? [...keys].sort(compareBytes) : keys;
  }

  keyAt(keyIndex: number, branch: Branch, index: number): Uint8Array {
    const key = this.#keysAt(branch, index)[keyIndex];
    assert(key !== undefined, 'a key index lies within the descriptor');
    return key;
  }

  witnessScript(branch: Branch, index: number): Uint8Array | null {
    return this.kind === 'wpkh'
      ? null
      : multisigScript(this.threshold, this.publicKeys(branch, index));
  }

  scripts(branch: Branch, index: number): InputScripts {
    return {
      redeemScript: null,
      witnessScript: this.witnessScript(branch, index),
      taproot: null,
    };
  }

  missing(signed: ReadonlySet<number>): number {
    return missingKeys(this.condition, signed);
  }

  satisfy(
    branch: Branch,
    index: number,
    signatures: ReadonlyMap<number, Uint8Array>,
  ): Satisfaction | null {
    if (this.missing(new Set(signatures.keys())) > 0) return null;
    const chosen = [...signatures.keys()].sort((a, b) => a - b).slice(0, this.threshold);
    const byKey = new Map(
      chosen.map((key) => [toHex(this.keyAt(key, branch, index)), signatures.get(key)]),
    );
    const inScriptOrder = this.publicKeys(branch, index).flatMap(
      (key) => byKey.get(toHex(key)) ?? [],
    );
    const script = this.witnessScript(branch, index);
    const scriptSig = new Uint8Array(0);
    // OP_CHECKMULTISIG takes one element more than it uses; BIP 147 wants it empty.
    return script === null
      ? { scriptSig, witness: [...inScriptOrder, ...this.publicKeys(branch, index)] }
      : { scriptSig, witness: [new Uint8Array(0), ...inScriptOrder, script] };
  }

  find(script: Uint8Array, highest: SearchBounds): Place | null {
    const sought = toHex(script);
    for (const branch of this.branches) {
      const index = this.#search(sought, branch, branch === 0 ? highest.receive : highest.change);
      if (index !== null) return { branch, index };
    }
    return null;
  }

  #search(sought: string, branch: Branch, highest: number): number | null {
    assert(highest <= ADDRESS_INDEX, 'a search is bounded');
    const known = this.#scripts[branch];
    for (let index = known.size; index <= highest && index < SCRIPT_CACHE; index++)
      known.set(toHex(this.script(branch, index)), index);
    const found = known.get(sought);
    if (found !== undefined) return found <= highest ? found : null;
    for (let index = SCRIPT_CACHE; index <= highest; index++)
      if (toHex(this.script(branch, index)) === sought) return index;
    return null;
  }

  /** Public keys in the order of the descriptor. */
  #keysAt(branch: Branch, index: number): readonly Uint8Array[] {
    assert(this.branches.includes(branch), 'the descriptor has the branch');
    assert(Number.isInteger(index) && index >= 0 && index <= ADDRESS_INDEX, 'an index is bounded');
    const place = `${branch}/${index}`;
    const known = this.#keySets.get(place);
    if (known !== undefined) return known;
    const keys = (this.#nodes[branch] ?? []).map((node) => node.derive(index).publicKey);
    const oldest = this.#keySets.keys().next();
    if (this.#keySets.size >= KEY_CACHE && oldest.done !== true) this.#keySets.delete(oldest.value);
    this.#keySets.set(place, keys);
    return keys;
  }
}

function worstInputWeight(kind: WalletKind, threshold: number, keys: number): number {
  const outpointAndSequence = 4 * (36 + 1 + 4);
  if (kind === 'wpkh') return outpointAndSequence + 1 + (1 + SIGNATURE_BYTES) + (1 + 33);
  const numbers = (threshold > 16 ? 2 : 1) + (keys > 16 ? 2 : 1);
  const script = numbers + keys * 34 + 1;
  const scriptLength = script < 0xfd ? 1 : 3;
  return outpointAndSequence + 1 + 1 + threshold * (1 + SIGNATURE_BYTES) + scriptLength + script;
}

/** `m KEY... n OP_CHECKMULTISIG`; numbers above 16 are pushed as a byte (BIP 383 allows 20). */
function multisigScript(threshold: number, keys: readonly Uint8Array[]): Uint8Array {
  const number = (n: number): Uint8Array =>
    n > 16 ? Uint8Array.of(1, n) : Uint8Array.of(0x50 + n);
  const pushes = keys.map((key) => concat(Uint8Array.of(key.length), key));
  return concat(number(threshold), ...pushes, number(keys.length), Uint8Array.of(OP_CHECKMULTISIG));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
