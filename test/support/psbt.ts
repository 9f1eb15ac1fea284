import { BIP32Factory } from 'bip32';
import type { BIP32Interface } from 'bip32';
import { Transaction, networks } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { fromHex, toHex, utf8 } from '../../src/core/base/bytes.ts';
import { sha256 } from '../../src/core/base/digest.ts';
import type { Result } from '../../src/core/base/result.ts';
import { sats } from '../../src/core/base/sats.ts';
import { buildTransaction, toPsbt } from '../../src/core/psbt/build.ts';
import type { Field } from '../../src/core/psbt/fields.ts';
import { readMaps, writeMaps } from '../../src/core/psbt/fields.ts';
import type { InputSigner, PartialSignature } from '../../src/core/psbt/signatures.ts';
import { encodeSignature } from '../../src/core/psbt/der.ts';
import type { ProvenSpend } from '../../src/core/psbt/sighash.ts';
import { signatureHashes } from '../../src/core/psbt/sighash.ts';
import { signInputs } from '../../src/core/psbt/signatures.ts';
import type { CoinClaim, SpendView } from '../../src/core/psbt/spend.ts';
import { readSpend } from '../../src/core/psbt/spend.ts';
import { descriptorChecksum } from '../../src/core/wallet/checksum.ts';
import type { Branch, Wallet } from '../../src/core/wallet/wallet.ts';
import { parseWallet } from '../../src/core/wallet/wallet.ts';

const bip32 = BIP32Factory(ecc);

/** The value of a result that must have passed. */
export function passed<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`);
  return result.value;
}

/** The code of a result that must have been refused. */
export function codeOf(result: Result<unknown>): string {
  return result.ok ? 'passed' : result.refusal.code;
}

/** An account key at m/48h/1h/0h/2h from a name: public test keys. */
export function accountOf(name: string): {
  node: BIP32Interface;
  expression: string;
  xpub: string;
} {
  const master = bip32.fromSeed(sha256(utf8(`countersign test key ${name}`)), networks.regtest);
  const node = master.derivePath("m/48'/1'/0'/2'");
  const xpub = node.neutered().toBase58();
  const expression = `[${toHex(master.fingerprint)}/48h/1h/0h/2h]${xpub}/<0;1>/*`;
  return { node, expression, xpub };
}

/** A descriptor body with its checksum appended. */
export function withChecksum(body: string): string {
  return `${body}#${descriptorChecksum(body) ?? ''}`;
}

export const wpkh = (name: string): string => withChecksum(`wpkh(${accountOf(name).expression})`);
export const multi = (
  name: 'multi' | 'sortedmulti',
  threshold: number,
  keys: readonly string[],
): string =>
  withChecksum(
    `wsh(${name}(${[String(threshold), ...keys.map((key) => accountOf(key).expression)].join(',')}))`,
  );

export const walletOf = (descriptor: string): Wallet => passed(parseWallet(descriptor, 'regtest'));

/** A coin to be made: where its script stands and its satoshi. */
export interface Funding {
  readonly branch: Branch;
  readonly index: number;
  readonly sats: bigint;
}

/** One transaction that pays every coin, output by output, from an imagined one. */
export function fund(wallet: Wallet, coins: readonly Funding[]): Uint8Array {
  const parent = new Transaction();
  parent.version = 2;
  parent.addInput(new Uint8Array(32).fill(7), 3);
  for (const { branch, index, sats: value } of coins)
    parent.addOutput(wallet.script(branch, index), value);
  return parent.toBuffer();
}

export interface Draft {
  readonly wallet: Wallet;
  readonly parent: Uint8Array;
  readonly transaction: Uint8Array;
  readonly claims: readonly CoinClaim[];
  readonly psbt: Uint8Array;
  readonly view: SpendView;
}

/** A P2WPKH script that belongs to nobody here. */
export const stranger = fromHex(`0014${'ab'.repeat(20)}`);

export const twoCoins: readonly Funding[] = [
  { branch: 0, index: 3, sats: 70_000n },
  { branch: 1, index: 2, sats: 50_000n },
];

/** Two coins, a payment of 80,000 sat, change of 39,000 at 1/5, fee 1,000; parts may be replaced. */
export function draftOf(
  wallet: Wallet,
  coins: readonly Funding[] = twoCoins,
  outputs: readonly { readonly script: Uint8Array; readonly sats: bigint }[] = [
    { script: stranger, sats: 80_000n },
    { script: wallet.script(1, 5), sats: 39_000n },
  ],
): Draft {
  const parent = fund(wallet, coins);
  const txid = Transaction.fromBuffer(parent).getId();
  const transaction = buildTransaction({
    inputs: coins.map((_, vout) => ({ outpoint: `${txid}:${String(vout)}` })),
    outputs: outputs.map(({ script, sats: value }) => ({ script, sats: sats(value) })),
    lockTime: 0,
  });
  const claims = coins.map(({ branch, index }) => ({ parent, branch, index }));
  const view = passed(readSpend(wallet, transaction, claims, { highestChange: 20 }));
  const change = view.spend.outputs.map((output) => output.change);
  const psbt = toPsbt({ wallet, transaction, coins: view.coins, change });
  return { wallet, parent, transaction, claims, psbt, view };
}

/** The transaction with a change made to it, serialised again. */
export function editTransaction(
  bytes: Uint8Array,
  edit: (transaction: Transaction) => void,
): Uint8Array {
  const transaction = Transaction.fromBuffer(bytes);
  edit(transaction);
  return transaction.toBuffer();
}

/** The PSBT with its maps changed: 0 is global, then inputs, then outputs. */
export function editPsbt(bytes: Uint8Array, edit: (maps: Field[][]) => void): Uint8Array {
  const maps = passed(readMaps(bytes)).map((map) => [...map]);
  edit(maps);
  return writeMaps(maps);
}

export const fieldOf = (
  type: number,
  value: Uint8Array,
  keyData: Uint8Array = new Uint8Array(0),
): Field => ({ type, keyData, value });

/** Replaces the value of the first field of a type in one map. */
export function setField(maps: Field[][], at: number, type: number, value: Uint8Array): void {
  const map = maps[at] ?? [];
  const found = map.findIndex((field) => field.type === type);
  if (found < 0) map.push(fieldOf(type, value));
  else map[found] = fieldOf(type, value, map[found]?.keyData);
}

/** A signer with the account key of a name, standing at `keyIndex` of the descriptor. */
export function signerOf(name: string, keyIndex: number): InputSigner {
  return signerBy(accountOf(name).node, keyIndex);
}

/** A signer with an account key. */
export function signerBy(node: BIP32Interface, keyIndex: number): InputSigner {
  return {
    keyIndex,
    sign: ({ branch, index, schnorr }, hash) => {
      const key = node.derive(branch).derive(index);
      if (schnorr === null) return key.sign(hash);
      return (schnorr.tweak === null ? key : key.tweak(schnorr.tweak)).signSchnorr(hash);
    },
  };
}

/** Signatures of every input by the key of a name. */
export function signAll(draft: Draft, name: string, keyIndex: number): readonly PartialSignature[] {
  const { wallet, transaction, view } = draft;
  return signInputs(wallet, { transaction, coins: view.coins }, signerOf(name, keyIndex));
}

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** As {@link signAll}, by a broken device that takes the same nonce each time. */
export function signWithOneNonce(draft: Draft, name: string): readonly PartialSignature[] {
  const { wallet, transaction, view } = draft;
  return signBroken(wallet, { transaction, coins: view.coins }, accountOf(name).node);
}

/** Signatures of every input of a segwit wallet by an account key, all with the nonce 1. */
export function signBroken(
  wallet: Wallet,
  spend: ProvenSpend,
  node: BIP32Interface,
): readonly PartialSignature[] {
  const hashes = signatureHashes(wallet, spend);
  // The nonce 1: r is the x coordinate of the generator.
  const r = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n;
  return spend.coins.map(({ branch, index }, input) => {
    const { privateKey, publicKey } = node.derive(branch).derive(index);
    const secret = BigInt(`0x${toHex(privateKey ?? new Uint8Array())}`);
    const s = (BigInt(`0x${toHex(hashes(input, 1))}`) + r * secret) % ORDER;
    const hex = (value: bigint): string => value.toString(16).padStart(64, '0');
    return { key: toHex(publicKey), signature: encodeSignature(fromHex(hex(r) + hex(s))) };
  });
}
