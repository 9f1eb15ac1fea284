import { Psbt } from 'bitcoinjs-lib';
import { Transaction as SecondParser } from '@scure/btc-signer';
import { concat, equalBytes, toHex } from '../base/bytes.ts';
import { ADDRESS_INDEX, PSBT_BYTES } from '../base/limits.ts';
import type { Facts, Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Place, Wallet } from '../wallet/wallet.ts';
import type { DerivationClaim } from './derivations.ts';
import { claimedPlaces, claimsOurKey, readDerivations } from './derivations.ts';
import type { FieldMap } from './fields.ts';
import {
  compactSize,
  globalType,
  inputType,
  littleEndian,
  outputType,
  readMaps,
} from './fields.ts';
import type { PartialSignature } from './signatures.ts';
import { signatureHashes } from './sighash.ts';
import { verifyInput } from './signatures.ts';
import type { Coin, CoinClaim, SpendView } from './spend.ts';
import { readSpend } from './spend.ts';
import type { ParentTransaction, PlainTransaction } from './transaction.ts';
import { parseParent, parseUnsigned } from './transaction.ts';

/** Where to look for our scripts, inclusive. */
export interface InspectBounds {
  /** Highest index on branch 0 searched for inputs that come without a hint. */
  readonly highestReceive: number;
  /** Highest index on branch 1 that counts as change: highest seen + gap. */
  readonly highestChange: number;
  /** Extends `highestChange` to this many beyond the highest index among the inputs; 0 when left out. */
  readonly beyondInputs?: number;
}

/** What was dropped or looks odd, but refuses nothing. */
export interface InspectWarning {
  readonly code: 'fields.dropped' | 'change.receive' | 'change.many';
  readonly facts: Facts;
}

/** A verified partial signature and the key of the descriptor it is by. */
export interface VerifiedSignature extends PartialSignature {
  readonly keyIndex: number;
}

/** What is taken from an uploaded PSBT: the transaction and verified signatures; all else was proven or dropped. */
export interface InspectedPsbt {
  readonly transaction: Uint8Array;
  readonly coins: readonly Coin[];
  readonly view: SpendView;
  /** By input. */
  readonly partialSignatures: readonly (readonly VerifiedSignature[])[];
  readonly warnings: readonly InspectWarning[];
}

/** Global fields that are read or ignored as mere claims; others with a meaning are refused. */
const globalKnown = new Set([globalType.unsignedTransaction, globalType.xpub, globalType.version]);
const inputKnown = new Set<number>([
  inputType.nonWitnessUtxo,
  inputType.witnessUtxo,
  inputType.partialSignature,
  inputType.sighash,
  inputType.witnessScript,
  inputType.derivation,
]);
/** Claims on outputs: scripts, derivations, taproot trees. What they claim is derived again or a payment. */
const outputKnown = new Set<number>([0x00, 0x01, 0x02, 0x05, 0x06, 0x07, 0x08]);
/** Highest types assigned a meaning by a BIP when this was written; a new one must be understood first. */
const HIGHEST_GLOBAL = 0x09;
const HIGHEST_INPUT = 0x20;
const HIGHEST_OUTPUT = 0x0a;
const SIGHASH_ALL = 1;

/**
 * Reads an uploaded PSBT (BIP 174, version 0) against a wallet. Everything in it but the unsigned transaction
 * and the signatures is a claim: coins are proven by their previous transactions, scripts derived again, and
 * derivations used only as hints where to look. Three readers must accept the bytes: our own, @scure/btc-signer
 * and bitcoinjs-lib.
 *
 * Refuses with `psbt.*`. Source: document 7, sections 1 to 5.
 */
export function inspectPsbt(
  bytes: Uint8Array,
  wallet: Wallet,
  bounds: InspectBounds,
): Result<InspectedPsbt> {
  const opened = openPsbt(bytes);
  if (!opened.ok) return opened;
  const { transaction, plain, inputs, outputs } = opened.value;
  const fields = checkFields(opened.value);
  if (!fields.ok) return fields;
  const claims = claimCoins(wallet, plain, inputs, bounds);
  if (!claims.ok) return claims;
  const highestChange = highestChangeOf(claims.value, bounds);
  const view = readSpend(wallet, transaction, claims.value, { highestChange });
  if (!view.ok) return view;
  const attached = checkAttached(wallet, inputs, view.value.coins);
  if (!attached.ok) return attached;
  const gate = passParsers(bytes, transaction);
  if (!gate.ok) return gate;
  const change = checkChange(wallet, outputs, view.value, highestChange);
  if (!change.ok) return change;
  const signatures = readSignatures(wallet, transaction, inputs, view.value.coins);
  if (!signatures.ok) return signatures;
  return ok({
    transaction,
    coins: view.value.coins,
    view: view.value,
    partialSignatures: signatures.value,
    warnings: [...fields.value, ...change.value],
  });
}

/** Of an inspected PSBT the signatures of every key that signed each input, to be handed on as one cosigner's. */
export function completeSignatures(
  inspected: InspectedPsbt,
): readonly { readonly keyIndex: number; readonly signatures: readonly PartialSignature[] }[] {
  const [first = []] = inspected.partialSignatures;
  return first.flatMap(({ keyIndex }) => {
    const signatures = inspected.partialSignatures.flatMap((byKey) =>
      byKey
        .filter((signature) => signature.keyIndex === keyIndex)
        .map(({ key, signature }) => ({ key, signature })),
    );
    return signatures.length === inspected.coins.length ? [{ keyIndex, signatures }] : [];
  });
}

interface OpenedPsbt {
  readonly transaction: Uint8Array;
  readonly plain: PlainTransaction;
  readonly global: FieldMap;
  readonly inputs: readonly FieldMap[];
  readonly outputs: readonly FieldMap[];
}

function openPsbt(bytes: Uint8Array): Result<OpenedPsbt> {
  if (bytes.length > PSBT_BYTES)
    return refuse('psbt.too.large', { bytes: bytes.length, most: PSBT_BYTES });
  const maps = readMaps(bytes);
  if (!maps.ok) return maps;
  const [global = [], ...rest] = maps.value;
  const version = single(global, globalType.version);
  if (version?.some((byte) => byte !== 0) === true)
    return refuse('psbt.version.unsupported', { version: version[0] ?? null });
  const transaction = single(global, globalType.unsignedTransaction);
  if (transaction === null)
    return refuse('psbt.malformed', { reason: 'there is no unsigned transaction' });
  const plain = parseUnsigned(transaction);
  if (!plain.ok) return plain;
  const { inputs, outputs } = plain.value;
  if (rest.length !== inputs.length + outputs.length)
    return refuse('psbt.malformed', {
      reason: 'the maps do not match the inputs and outputs',
      maps: rest.length,
    });
  return ok({
    transaction,
    plain: plain.value,
    global,
    inputs: rest.slice(0, inputs.length),
    outputs: rest.slice(inputs.length),
  });
}

/** Refuses fields with a meaning that is not ours to ignore; counts what is dropped. */
function checkFields({ global, inputs, outputs }: OpenedPsbt): Result<readonly InspectWarning[]> {
  const found = checkMap(global, globalKnown, HIGHEST_GLOBAL);
  if (!found.ok) return refuse(found.refusal.code, { ...found.refusal.facts, map: 'global' });
  let dropped = found.value;
  for (const [input, map] of inputs.entries()) {
    const final = map.find(
      ({ type }) => type === inputType.finalScriptSig || type === inputType.finalScriptWitness,
    );
    if (final !== undefined) return refuse('psbt.final', { input });
    if (single(map, inputType.redeemScript) !== null) return refuse('psbt.input.script', { input });
    const known = checkMap(map, inputKnown, HIGHEST_INPUT);
    if (!known.ok) return refuse(known.refusal.code, { ...known.refusal.facts, input });
    dropped += known.value;
    const sighash = single(map, inputType.sighash);
    if (sighash !== null && !equalBytes(sighash, littleEndian(SIGHASH_ALL, 4)))
      return refuse('psbt.sighash', { input, sighash: toHex(sighash.slice(0, 4)) });
  }
  for (const [output, map] of outputs.entries()) {
    const known = checkMap(map, outputKnown, HIGHEST_OUTPUT);
    if (!known.ok) return refuse(known.refusal.code, { ...known.refusal.facts, output });
    dropped += known.value;
  }
  return ok(dropped === 0 ? [] : [{ code: 'fields.dropped', facts: { fields: dropped } }]);
}

function checkMap(map: FieldMap, known: ReadonlySet<number>, highest: number): Result<number> {
  let dropped = 0;
  for (const { type } of map) {
    if (known.has(type)) continue;
    if (type <= highest) return refuse('psbt.field.unsupported', { field: type });
    dropped += 1;
  }
  return ok(dropped);
}

/** The one field of a type without key data, or null. */
function single(map: FieldMap, type: number): Uint8Array | null {
  const found = map.find((field) => field.type === type && field.keyData.length === 0);
  return found?.value ?? null;
}

/** For every input its previous transaction and the place of its script: hints first, then a bounded search. */
function claimCoins(
  wallet: Wallet,
  plain: PlainTransaction,
  inputs: readonly FieldMap[],
  bounds: InspectBounds,
): Result<readonly CoinClaim[]> {
  const parents = new Map<string, { parent: Uint8Array; read: ParentTransaction | null }>();
  const claims: CoinClaim[] = [];
  for (const [input, { outpoint, txid, vout }] of plain.inputs.entries()) {
    const map = inputs[input] ?? [];
    const attached = single(map, inputType.nonWitnessUtxo);
    if (attached === null) return refuse('psbt.input.utxo.missing', { input });
    const name = toHex(attached);
    const known = parents.get(name) ?? { parent: attached, read: parseParent(attached) };
    parents.set(name, known);
    if (known.read?.txid !== txid)
      return refuse('psbt.input.parent', { input, txid: known.read?.txid ?? null });
    const output = known.read.outputs[vout];
    if (output === undefined) return refuse('psbt.input.index', { input, vout });
    const derivations = readDerivations(map, inputType.derivation);
    if (derivations === null)
      return refuse('psbt.malformed', { reason: 'a derivation is malformed', input });
    const place = locate(wallet, output.script, derivations, bounds);
    if (place === null) return refuse('psbt.input.foreign', { input, outpoint });
    claims.push({ parent: known.parent, ...place });
  }
  return ok(claims);
}

function locate(
  wallet: Wallet,
  script: Uint8Array,
  derivations: readonly DerivationClaim[],
  bounds: InspectBounds,
): Place | null {
  const hinted = claimedPlaces(derivations).find(
    ({ branch, index }) =>
      wallet.branches.includes(branch) && equalBytes(wallet.script(branch, index), script),
  );
  if (hinted !== undefined) return hinted;
  return wallet.find(script, { receive: bounds.highestReceive, change: bounds.highestChange });
}

function highestChangeOf(claims: readonly CoinClaim[], bounds: InspectBounds): number {
  if (bounds.beyondInputs === undefined) return bounds.highestChange;
  const highestInput = Math.max(...claims.map(({ index }) => index));
  return Math.min(
    ADDRESS_INDEX,
    Math.max(bounds.highestChange, highestInput + bounds.beyondInputs),
  );
}

/** The strict gate: both libraries read the whole PSBT and see the same unsigned transaction. */
function passParsers(bytes: Uint8Array, transaction: Uint8Array): Result<null> {
  let second: Uint8Array;
  try {
    second = SecondParser.fromPSBT(bytes, { unknown: 'ignore', proprietary: 'ignore' }).unsignedTx;
  } catch {
    return refuse('psbt.malformed', { reason: 'the strict parser refuses it' });
  }
  let first: Uint8Array;
  try {
    first = Psbt.fromBuffer(bytes).data.getTransaction();
  } catch {
    return refuse('psbt.parsers.differ');
  }
  if (!equalBytes(first, transaction) || !equalBytes(second, transaction))
    return refuse('psbt.parsers.differ');
  return ok(null);
}

/** Witness UTXO and witness script, where attached, must say what we know (document 7, A1, D8). */
function checkAttached(
  wallet: Wallet,
  inputs: readonly FieldMap[],
  coins: readonly Coin[],
): Result<null> {
  for (const [input, coin] of coins.entries()) {
    const map = inputs[input] ?? [];
    const utxo = single(map, inputType.witnessUtxo);
    const { script, sats, branch, index } = coin;
    const expected = concat(littleEndian(sats, 8), compactSize(script.length), script);
    if (utxo !== null && !equalBytes(utxo, expected))
      return refuse('psbt.input.amount', { input, actual: Number(sats) });
    const witness = single(map, inputType.witnessScript);
    const ours = wallet.witnessScript(branch, index);
    if (witness !== null && (ours === null || !equalBytes(witness, ours)))
      return refuse('psbt.input.script', { input });
  }
  return ok(null);
}

/**
 * Outputs that claim a key of ours, but are none of our change within the range, are refused: change that cannot
 * be found again, or somebody's forgery (document 7, B2, B3). What claims nothing is a payment.
 */
function checkChange(
  wallet: Wallet,
  outputs: readonly FieldMap[],
  view: SpendView,
  highestChange: number,
): Result<readonly InspectWarning[]> {
  const warnings: InspectWarning[] = [];
  let changes = 0;
  for (const [output, { script, change }] of view.spend.outputs.entries()) {
    if (change !== undefined) {
      changes += 1;
      continue;
    }
    const claims = readDerivations(outputs[output] ?? [], outputType.derivation);
    if (claims === null)
      return refuse('psbt.malformed', { reason: 'a derivation is malformed', output });
    const place = claimedPlaces(claims).find(
      ({ branch, index }) =>
        wallet.branches.includes(branch) && toHex(wallet.script(branch, index)) === script,
    );
    if (place?.branch === 1)
      return refuse('psbt.change.range', { output, index: place.index, highest: highestChange });
    if (place !== undefined)
      warnings.push({ code: 'change.receive', facts: { output, index: place.index } });
    else if (claims.some((claim) => claimsOurKey(claim, wallet)))
      return refuse('psbt.change.tampered', { output });
  }
  if (changes > 1) warnings.push({ code: 'change.many', facts: { outputs: changes } });
  return ok(warnings);
}

function readSignatures(
  wallet: Wallet,
  transaction: Uint8Array,
  inputs: readonly FieldMap[],
  coins: readonly Coin[],
): Result<readonly (readonly VerifiedSignature[])[]> {
  const hashes = signatureHashes(wallet, { transaction, coins });
  const all: VerifiedSignature[][] = [];
  for (const input of coins.keys()) {
    const verified: VerifiedSignature[] = [];
    for (const { type, keyData, value } of inputs[input] ?? []) {
      if (type !== inputType.partialSignature) continue;
      const signature = { key: toHex(keyData), signature: toHex(value) };
      const found = verifyInput(wallet, { coins, hashes, input }, signature);
      if (!found.ok) return found;
      verified.push({ ...signature, keyIndex: found.value.keyIndex });
    }
    all.push(verified.sort((a, b) => a.keyIndex - b.keyIndex));
  }
  return ok(all);
}
