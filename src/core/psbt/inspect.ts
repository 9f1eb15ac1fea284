import { equalBytes } from '../base/bytes.ts';
import { ADDRESS_INDEX } from '../base/limits.ts';
import type { Facts, Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { WarningCode } from '../base/warnings.ts';
import type { Place, Wallet } from '../wallet/wallet.ts';
import { checkAttached, selfContradiction } from './attached.ts';
import { checkChange } from './change-claims.ts';
import type { DerivationClaim } from './derivations.ts';
import { claimedPlaces, readDerivations, readTaprootDerivations } from './derivations.ts';
import { checkFields } from './field-check.ts';
import type { FieldMap } from './fields.ts';
import { inputType, readNumber, readSize, single } from './fields.ts';
import type { VerifiedSignature } from './found-signatures.ts';
import { readSignatures } from './found-signatures.ts';
import type { OpenedPsbt } from './open.ts';
import { openPsbt } from './open.ts';
import { passParsers } from './parsers.ts';
import type { ClaimedCoin, CoinClaim, SizeBounds, SpendView } from './spend.ts';
import { checkRelayed, isTaproot, readParsed } from './spend.ts';
import type { ParentTransaction } from './transaction.ts';
import { parseParent } from './transaction.ts';

/** Where to look for our scripts, inclusive. */
export interface InspectBounds {
  /** Highest index on branch 0 searched for inputs that come without a hint. */
  readonly highestReceive: number;
  /** Highest index on branch 1 that counts as change: highest seen + gap. */
  readonly highestChange: number;
  /** Extends `highestChange` to this many beyond the highest index among the inputs; 0 when left out. */
  readonly beyondInputs?: number;
  /** What is read at most; the bounds of the protocol when left out. */
  readonly size?: SizeBounds;
}

/** What was dropped or looks odd, but refuses nothing. */
export interface InspectWarning {
  readonly code: WarningCode;
  readonly facts: Facts;
}

/** What is taken from an uploaded PSBT: the transaction and verified signatures; all else was proven or dropped. */
export interface InspectedPsbt {
  readonly transaction: Uint8Array;
  readonly coins: readonly ClaimedCoin[];
  readonly view: SpendView<ClaimedCoin>;
  /** By input. */
  readonly partialSignatures: readonly (readonly VerifiedSignature[])[];
  readonly warnings: readonly InspectWarning[];
}

/**
 * Reads an uploaded PSBT (BIP 174, 370, 371) against a wallet. Everything in it but the unsigned transaction
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
  const opened = openPsbt(bytes, bounds.size);
  if (!opened.ok) return opened;
  const { transaction, plain, inputs, outputs } = opened.value;
  const dropped = checkFields(opened.value, wallet);
  if (!dropped.ok) return dropped;
  const claimed = claimCoins(wallet, opened.value, bounds);
  if (!claimed.ok) return causeOf(opened.value) ?? claimed;
  const { claims, parents } = claimed.value;
  const highestChange = highestChangeOf(claims, bounds);
  const { size } = bounds;
  const limits = size === undefined ? { highestChange } : { highestChange, size };
  const view = readParsed(wallet, { transaction, plain, parents }, claims, limits);
  if (!view.ok) return view;
  const { coins } = view.value;
  const attached = checkAttached(wallet, inputs, coins);
  if (!attached.ok) return attached;
  const gate = passParsers(opened.value);
  if (!gate.ok) return gate;
  const change = checkChange(wallet, outputs, view.value, highestChange);
  if (!change.ok) return change;
  const relayed = checkRelayed(view.value);
  if (!relayed.ok) return relayed;
  const signatures = readSignatures(wallet, opened.value, coins);
  if (!signatures.ok) return signatures;
  const warnings = [
    ...warningsOf(wallet, coins, dropped.value + signatures.value.dropped),
    ...feeWarnings(view.value),
    ...change.value,
  ];
  const { partialSignatures } = signatures.value;
  return ok({ transaction, coins, view: view.value, partialSignatures, warnings });
}

function warningsOf(
  wallet: Wallet,
  coins: readonly ClaimedCoin[],
  dropped: number,
): readonly InspectWarning[] {
  const claimed = coins.filter(({ parent }) => parent === null).length;
  const warnings: InspectWarning[] = [];
  if (dropped > 0) warnings.push({ code: 'fields.dropped', facts: { fields: dropped } });
  if (claimed > 0) warnings.push({ code: 'coins.claimed', facts: { inputs: claimed } });
  if (wallet.signing === 'legacy')
    warnings.push({ code: 'inputs.legacy', facts: { inputs: coins.length } });
  return warnings;
}

/** Coldcard warns above 5 % of what is sent. */
const HIGH_FEE_SHARE = 20n;

function feeWarnings({ amountSats, feeSats }: SpendView<ClaimedCoin>): readonly InspectWarning[] {
  const facts = { feeSats: Number(feeSats), amountSats: Number(amountSats) };
  const isHigh = amountSats > 0n && feeSats * HIGH_FEE_SHARE > amountSats;
  return isHigh ? [{ code: 'fee.high', facts }] : [];
}

/** Where inputs are not ours, or cannot be shown to be, what one of them says against itself is the better reason. */
function causeOf({ plain, inputs }: OpenedPsbt): Result<never> | null {
  for (const [input, { txid, vout }] of plain.inputs.entries()) {
    const map = inputs[input] ?? [];
    const attached = single(map, inputType.nonWitnessUtxo);
    const parent = attached === null ? null : parseParent(attached);
    const spent = parent?.txid === txid ? parent.outputs[vout] : readUtxo(map);
    const code = spent === undefined ? null : selfContradiction(map, spent.script);
    if (code !== null) return refuse(code, { input });
  }
  return null;
}

interface ClaimedCoins {
  readonly claims: readonly CoinClaim[];
  /** By their bytes, each read once. */
  readonly parents: ReadonlyMap<Uint8Array, ParentTransaction>;
}

/** For every input its previous transaction and the place of its script: hints first, then a bounded search. */
function claimCoins(
  wallet: Wallet,
  { plain, inputs }: OpenedPsbt,
  bounds: InspectBounds,
): Result<ClaimedCoins> {
  const parents = new Map<Uint8Array, ParentTransaction>();
  /** By txid: inputs of one previous transaction bring it each. */
  const known = new Map<string, Uint8Array>();
  const claims: CoinClaim[] = [];
  for (const [input, { outpoint, txid, vout }] of plain.inputs.entries()) {
    const map = inputs[input] ?? [];
    const attached = single(map, inputType.nonWitnessUtxo);
    let found: Pick<CoinClaim, 'parent' | 'utxo'> & { readonly script: Uint8Array };
    if (attached === null) {
      const utxo = isTaproot(wallet) ? readUtxo(map) : undefined;
      if (utxo === undefined) return refuse('psbt.input.utxo.missing', { input });
      found = { parent: null, utxo, script: utxo.script };
    } else {
      const first = known.get(txid);
      const isSame = first !== undefined && equalBytes(first, attached);
      const parent = isSame ? first : attached;
      const read = isSame ? parents.get(first) : parseParent(attached);
      if (read?.txid !== txid)
        return refuse('psbt.input.parent', { input, txid: read?.txid ?? null });
      const output = read.outputs[vout];
      if (output === undefined) return refuse('psbt.input.index', { input, vout });
      known.set(txid, parent);
      parents.set(parent, read);
      found = { parent, script: output.script };
    }
    const derivations = derivationsOf(map);
    if (derivations === null)
      return refuse('psbt.malformed', { reason: 'a derivation is malformed', input });
    const { script, ...claim } = found;
    const place = locate(wallet, script, derivations, bounds);
    if (place === null) return refuse('psbt.input.foreign', { input, outpoint });
    claims.push({ ...claim, ...place });
  }
  return ok({ claims, parents });
}

/** The output in a witness UTXO; undefined where there is none in its form. */
function readUtxo(map: FieldMap): CoinClaim['utxo'] {
  const bytes = single(map, inputType.witnessUtxo);
  const size = bytes === null ? null : readSize(bytes, 8);
  if (bytes === null || size === null || size.end + size.value !== bytes.length) return undefined;
  const value = BigInt(readNumber(bytes.subarray(4, 8))) * 0x100000000n;
  return {
    value: value + BigInt(readNumber(bytes.subarray(0, 4))),
    script: bytes.slice(size.end),
  };
}

function derivationsOf(map: FieldMap): readonly DerivationClaim[] | null {
  const plain = readDerivations(map, inputType.derivation);
  const taproot = readTaprootDerivations(map, inputType.taprootDerivation);
  return plain === null || taproot === null ? null : [...plain, ...taproot];
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
