import { assert } from '../base/assert.ts';
import { equalBytes, fromHex, toHex } from '../base/bytes.ts';
import { blobAddress } from '../base/digest.ts';
import {
  ADDRESS_INDEX,
  BLOB_BYTES,
  PARENT_BYTES,
  SPEND_INPUTS,
  SPEND_OUTPUTS,
  TRANSACTION_WEIGHT,
} from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Sats } from '../base/sats.ts';
import { parseSats, satsToJson, sumSats } from '../base/sats.ts';
import { addressOfScript } from '../wallet/network.ts';
import { dustSats, outputTypeOf } from '../wallet/output-type.ts';
import type { Branch, Place, Wallet } from '../wallet/wallet.ts';
import { transactionWeight } from './size.ts';
import type { ParentTransaction, PlainTransaction } from './transaction.ts';
import { parseParent, parseUnsigned } from './transaction.ts';

export interface SpendInput {
  readonly outpoint: string;
  readonly sats: number;
}

export interface SpendOutput {
  /** Hex. */
  readonly script: string;
  readonly sats: number;
  /** The index on branch 1 that this output was derived again at; absent on payments. */
  readonly change?: number;
}

/** What a proposal signs of a transaction (document 3): JSON, inputs and outputs in order. */
export interface Spend {
  /** SHA-256 of the unsigned transaction, the address of its blob. */
  readonly transaction: string;
  readonly inputs: readonly SpendInput[];
  readonly outputs: readonly SpendOutput[];
  readonly feeSats: number;
  readonly lockTime: number;
}

/** A coin of the wallet, proven by derivation, and by its previous transaction or by the signatures to come. */
export interface ClaimedCoin {
  readonly outpoint: string;
  readonly sats: Sats;
  readonly script: Uint8Array;
  readonly branch: Branch;
  readonly index: number;
  /** The previous transaction without witness. Null where only a taproot input's signatures prove script and amount. */
  readonly parent: Uint8Array | null;
}

/** A coin of the wallet, proven by its previous transaction and by derivation. */
export interface Coin extends ClaimedCoin {
  readonly parent: Uint8Array;
}

/** What is claimed of one input, in order: its previous transaction and where its script is derived. */
export interface CoinClaim extends Place {
  /** Null for a taproot input alone, whose signatures cover the scripts and amounts of all inputs (BIP 341). */
  readonly parent: Uint8Array | null;
  /** Where there is no parent: what the input spends. */
  readonly utxo?: PlainTransaction['outputs'][number];
}

/** {@link CoinClaim} with its previous transaction. */
export interface ParentClaim extends Place {
  readonly parent: Uint8Array;
}

/** A transaction read against a wallet: every amount and every change proven. */
export interface SpendView<C extends ClaimedCoin = Coin> {
  readonly spend: Spend;
  readonly coins: readonly C[];
  /** Sum of the outputs that are not change. */
  readonly amountSats: Sats;
  readonly feeSats: Sats;
  /** Virtual bytes once signed, at worst. */
  readonly vbytes: number;
  readonly version: number;
  readonly sequences: readonly number[];
}

export interface SpendBounds {
  /** Highest index on branch 1 that still counts as change: highest seen + gap. -1 for none. */
  readonly highestChange: number;
  /** What is read at most; the bounds of the protocol when left out. */
  readonly size?: SizeBounds;
}

/** What may be read of one transaction. */
export interface SizeBounds {
  readonly inputs: number;
  /** Weight units. */
  readonly weight: number;
}

/** The bounds of the protocol. */
export const spendSize: SizeBounds = { inputs: SPEND_INPUTS, weight: TRANSACTION_WEIGHT };

const LOCKTIME_THRESHOLD = 500_000_000;
const SEQUENCE_FINAL = 0xffffffff;
/** BIP 68: set, the sequence is no relative lock time. */
const SEQUENCE_DISABLE = 0x80000000;

/**
 * Reads an unsigned transaction against the wallet, as the signer does (document 3, step 5). Trusts only the
 * bytes: every amount comes from a previous transaction whose txid is the one spent, every input and every
 * change is derived again from the descriptor. Whether the coins are unspent, and whether `lockTime` (a height)
 * has been reached, is judged elsewhere, against the chain.
 *
 * Requires one claim an input, in order. Returns amounts in satoshi. Refuses with `psbt.transaction.*`,
 * `psbt.parsers.differ`, `psbt.too.large`, `psbt.input.*`, `psbt.output.*`, `psbt.fee.negative`,
 * `psbt.sequence.relative`, `psbt.locktime.*`. Source: BIP 68, 125, 141; document 7, A, B, E, F12.
 */
export function readSpend(
  wallet: Wallet,
  transaction: Uint8Array,
  claims: readonly ParentClaim[],
  bounds: SpendBounds,
): Result<SpendView>;
export function readSpend(
  wallet: Wallet,
  transaction: Uint8Array,
  claims: readonly CoinClaim[],
  bounds: SpendBounds,
): Result<SpendView<ClaimedCoin>>;
export function readSpend(
  wallet: Wallet,
  transaction: Uint8Array,
  claims: readonly CoinClaim[],
  bounds: SpendBounds,
): Result<SpendView<ClaimedCoin>> {
  const { weight } = bounds.size ?? spendSize;
  if (transaction.length > weight / 4)
    return refuse('psbt.too.large', { bytes: transaction.length, most: weight / 4 });
  const parsed = parseUnsigned(transaction);
  if (!parsed.ok) return parsed;
  return readParsed(wallet, { transaction, plain: parsed.value }, claims, bounds);
}

/** A transaction as it was read, and those of its previous transactions that were. */
export interface ParsedSpend {
  readonly transaction: Uint8Array;
  readonly plain: PlainTransaction;
  /** By their bytes. */
  readonly parents?: ReadonlyMap<Uint8Array, ParentTransaction>;
}

/** {@link readSpend} of a transaction that was read before: nothing is read twice. */
export function readParsed(
  wallet: Wallet,
  { transaction, plain, parents }: ParsedSpend,
  claims: readonly CoinClaim[],
  bounds: SpendBounds,
): Result<SpendView<ClaimedCoin>> {
  const { size = spendSize } = bounds;
  const form = checkForm(plain, size);
  if (!form.ok) return form;
  if (claims.length !== plain.inputs.length)
    return refuse('psbt.input.utxo.missing', { inputs: plain.inputs.length, coins: claims.length });
  const read = readParents(claims, parents);
  if (!read.ok) return read;
  const coins = readCoins(wallet, plain, claims, read.value);
  if (!coins.ok) return coins;
  const outputs = readOutputs(wallet, plain, bounds);
  if (!outputs.ok) return outputs;
  const amounts = sumAmounts(coins.value, outputs.value);
  if (!amounts.ok) return amounts;
  const weight = transactionWeight(wallet, plain.inputs.length, plain.outputs);
  if (weight > size.weight) return refuse('psbt.transaction.weight', { weight, most: size.weight });
  const spend: Spend = {
    transaction: blobAddress(transaction),
    inputs: coins.value.map(({ outpoint, sats }) => ({ outpoint, sats: satsToJson(sats) })),
    outputs: outputs.value.map(({ script, sats, change }) => ({
      script: toHex(script),
      sats: satsToJson(sats),
      ...(change === null ? {} : { change }),
    })),
    feeSats: satsToJson(amounts.value.feeSats),
    lockTime: plain.lockTime,
  };
  return ok({
    spend,
    coins: coins.value,
    ...amounts.value,
    vbytes: Math.ceil(weight / 4),
    version: plain.version,
    sequences: plain.inputs.map(({ sequence }) => sequence),
  });
}

/** Nodes relay from 0.1 sat/vB on (Bitcoin Core 30, -minrelaytxfee), counted here by the size at worst. */
const LEAST_VBYTES_PER_SAT = 10;

/** Whether nodes relay a spend for its fee. Code `psbt.fee.low`, with the least. */
export function checkRelayed({
  feeSats,
  vbytes,
}: Pick<SpendView, 'feeSats' | 'vbytes'>): Result<null> {
  const least = Math.ceil(vbytes / LEAST_VBYTES_PER_SAT);
  return feeSats >= BigInt(least)
    ? ok(null)
    : refuse('psbt.fee.low', { feeSats: Number(feeSats), least });
}

function checkForm(plain: PlainTransaction, size: SizeBounds): Result<null> {
  const { version, inputs, outputs, lockTime } = plain;
  if (version !== 2) return refuse('psbt.transaction.version', { version });
  if (inputs.length < 1 || inputs.length > size.inputs)
    return refuse('psbt.transaction.count', { inputs: inputs.length, most: size.inputs });
  if (outputs.length < 1 || outputs.length > SPEND_OUTPUTS)
    return refuse('psbt.transaction.count', { outputs: outputs.length, most: SPEND_OUTPUTS });
  const seen = new Set<string>();
  for (const [input, { outpoint, sequence }] of inputs.entries()) {
    if (seen.has(outpoint)) return refuse('psbt.input.duplicate', { input, outpoint });
    seen.add(outpoint);
    if (sequence < SEQUENCE_DISABLE) return refuse('psbt.sequence.relative', { input, sequence });
  }
  if (lockTime >= LOCKTIME_THRESHOLD) return refuse('psbt.locktime.time', { lockTime });
  if (lockTime > 0 && inputs.every(({ sequence }) => sequence === SEQUENCE_FINAL))
    return refuse('psbt.locktime.inactive', { lockTime });
  return ok(null);
}

function readCoins(
  wallet: Wallet,
  plain: PlainTransaction,
  claims: readonly CoinClaim[],
  parents: ReadonlyMap<Uint8Array, ParentTransaction>,
): Result<readonly ClaimedCoin[]> {
  const coins: ClaimedCoin[] = [];
  for (const [input, { outpoint, txid, vout }] of plain.inputs.entries()) {
    const claim = claims[input];
    assert(claim !== undefined, 'counted above');
    const parent = claim.parent === null ? null : parents.get(claim.parent);
    assert(parent !== undefined, 'read above');
    if (parent !== null && parent.txid !== txid)
      return refuse('psbt.input.parent', { input, txid: parent.txid });
    if (parent === null && (claim.utxo === undefined || !isTaproot(wallet)))
      return refuse('psbt.input.utxo.missing', { input });
    const output = parent === null ? claim.utxo : parent.outputs[vout];
    if (output === undefined) return refuse('psbt.input.index', { input, vout });
    const { branch, index } = claim;
    if (!isPlace(wallet, branch, index) || !equalBytes(wallet.script(branch, index), output.script))
      return refuse('psbt.input.foreign', { input, outpoint });
    const sats = parseSats(output.value);
    if (!sats.ok) return refuse('psbt.input.amount', { input, actual: String(output.value) });
    coins.push({
      outpoint,
      sats: sats.value,
      script: output.script,
      branch,
      index,
      parent: parent?.stripped ?? null,
    });
  }
  return ok(coins);
}

/** Whether signatures cover the scripts and amounts of all inputs (BIP 341). */
export function isTaproot({ signing }: Wallet): boolean {
  return signing === 'taproot-key' || signing === 'taproot-leaf';
}

/** Claims come from outside: a place that the wallet cannot derive is not ours. */
function isPlace(wallet: Wallet, branch: Branch, index: number): boolean {
  return (
    wallet.branches.includes(branch) &&
    Number.isInteger(index) &&
    index >= 0 &&
    index <= ADDRESS_INDEX
  );
}

/** Many inputs share one parent: each distinct one is parsed and hashed once. */
function readParents(
  claims: readonly CoinClaim[],
  known: ParsedSpend['parents'],
): Result<ReadonlyMap<Uint8Array, ParentTransaction>> {
  const parents = new Map<Uint8Array, ParentTransaction>();
  let bytes = 0;
  for (const [input, { parent }] of claims.entries()) {
    if (parent === null || parents.has(parent)) continue;
    bytes += parent.length;
    if (parent.length > BLOB_BYTES || bytes > PARENT_BYTES)
      return refuse('psbt.too.large', { input, bytes, most: PARENT_BYTES });
    const parsed = known?.get(parent) ?? parseParent(parent);
    if (parsed === null) return refuse('psbt.input.parent', { input });
    parents.set(parent, parsed);
  }
  return ok(parents);
}

interface ReadOutput {
  readonly script: Uint8Array;
  readonly sats: Sats;
  readonly change: number | null;
}

function readOutputs(
  wallet: Wallet,
  plain: PlainTransaction,
  { highestChange }: SpendBounds,
): Result<readonly ReadOutput[]> {
  const outputs: ReadOutput[] = [];
  for (const [output, { script, value }] of plain.outputs.entries()) {
    const type = outputTypeOf(script);
    if (type === null)
      return refuse('psbt.output.type', { output, script: toHex(script.slice(0, 80)) });
    const sats = parseSats(value);
    if (!sats.ok) return refuse('psbt.output.amount', { output, sats: String(value) });
    const least = dustSats[type];
    if (sats.value < least)
      return refuse('psbt.output.dust', { output, sats: Number(value), least: Number(least) });
    const place = wallet.find(script, { receive: -1, change: highestChange });
    outputs.push({ script, sats: sats.value, change: place?.index ?? null });
  }
  return ok(outputs);
}

function sumAmounts(
  coins: readonly ClaimedCoin[],
  outputs: readonly ReadOutput[],
): Result<{ amountSats: Sats; feeSats: Sats }> {
  const spent = sumSats(coins.map(({ sats }) => sats));
  if (!spent.ok) return refuse('psbt.input.amount', { reason: 'the sum is beyond 21,000,000 BTC' });
  const paid = sumSats(outputs.map(({ sats }) => sats));
  if (!paid.ok) return refuse('psbt.output.amount', { reason: 'the sum is beyond 21,000,000 BTC' });
  const fee = parseSats(spent.value - paid.value);
  if (!fee.ok)
    return refuse('psbt.fee.negative', {
      inputs: Number(spent.value),
      outputs: Number(paid.value),
    });
  const amount = sumSats(outputs.filter(({ change }) => change === null).map(({ sats }) => sats));
  if (!amount.ok) return amount;
  return ok({ amountSats: amount.value, feeSats: fee.value });
}

/** One coin, payment or change as shown to people: JSON, satoshi. */
export interface SpendDescription {
  readonly transaction: string;
  readonly inputs: readonly { outpoint: string; sats: number; address: string }[];
  readonly payments: readonly { address: string; sats: number; script: string }[];
  readonly change: readonly { address: string; sats: number; index: number }[];
  readonly amountSats: number;
  readonly feeSats: number;
  readonly vbytes: number;
  /** Satoshi a virtual byte at worst-case size, two decimals. */
  readonly feeRate: number;
  readonly lockTime: number;
}

/** What a person must see before he signs, made from the proven view alone. */
export function describeSpend(view: SpendView<ClaimedCoin>, wallet: Wallet): SpendDescription {
  const { spend, coins, vbytes } = view;
  const payments: SpendDescription['payments'][number][] = [];
  const change: SpendDescription['change'][number][] = [];
  for (const { script, sats, change: index } of spend.outputs) {
    if (index !== undefined) change.push({ address: wallet.address(1, index), sats, index });
    else payments.push({ address: addressOf(script, wallet), sats, script });
  }
  return {
    transaction: spend.transaction,
    inputs: coins.map(({ outpoint, sats, branch, index }) => ({
      outpoint,
      sats: satsToJson(sats),
      address: wallet.address(branch, index),
    })),
    payments,
    change,
    amountSats: satsToJson(view.amountSats),
    feeSats: spend.feeSats,
    vbytes,
    feeRate: Math.round((spend.feeSats * 100) / vbytes) / 100,
    lockTime: spend.lockTime,
  };
}

function addressOf(script: string, wallet: Wallet): string {
  const address = addressOfScript(fromHex(script), wallet.network);
  assert(address !== null, 'outputs that may be paid have an address');
  return address;
}
