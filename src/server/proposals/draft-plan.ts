import { assert } from '../../core/base/assert.ts';
import type { RefusalCode } from '../../core/base/codes.ts';
import { blobAddress } from '../../core/base/digest.ts';
import {
  ADDRESS_INDEX,
  LONG_TERM_FEE_RATE,
  RECOVERY_WARNING_SECONDS,
} from '../../core/base/limits.ts';
import type { Facts, Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { Sats } from '../../core/base/sats.ts';
import { sats } from '../../core/base/sats.ts';
import type { Seconds } from '../../core/base/time.ts';
import type { WarningCode } from '../../core/base/warnings.ts';
import { fromHex } from '../../core/base/bytes.ts';
import { highestChangeSigned } from '../../core/log/admit-proposal.ts';
import type { DestinationsBody } from '../../core/governance/document.ts';
import type { State, WalletRecord } from '../../core/log/state.ts';
import type { Consolidation, ConsolidationInput } from '../../core/proposal/consolidate.ts';
import { consolidate } from '../../core/proposal/consolidate.ts';
import type { SelectionReasons } from '../../core/proposal/select.ts';
import { selectCoins } from '../../core/proposal/select.ts';
import type { FeeCaps } from '../../core/policy/body.ts';
import { buildTransaction } from '../../core/psbt/build.ts';
import type { InspectedPsbt } from '../../core/psbt/inspect.ts';
import type { ClaimedCoin, ParentClaim, SpendView } from '../../core/psbt/spend.ts';
import { checkRelayed, readSpend } from '../../core/psbt/spend.ts';
import type { Tip } from '../../core/wallet/maturity.ts';
import { recoveryOpensIn } from '../../core/wallet/maturity.ts';
import type { Network } from '../../core/wallet/network.ts';
import { scriptOfAddress } from '../../core/wallet/network.ts';
import { agreedAmount, parsePaymentUri } from '../../core/wallet/payment-uri.ts';
import { recoveriesOf } from '../../core/wallet/recovery.ts';
import type { Coin } from '../chain/coin.store.ts';
import type { AskedPayment } from './drafts.schema.ts';

/** What looks odd, but refuses nothing. */
export interface Warning {
  readonly code: WarningCode | RefusalCode;
  readonly facts: Facts;
}

/** Why these coins, as far as they were chosen here. */
export interface Chosen {
  readonly selection: SelectionReasons | null;
  readonly consolidation: Omit<Consolidation<Coin>, 'coins'> | null;
}

/** A transaction of the wallet, proven from its bytes as everybody after us will prove it. */
export interface Plan {
  readonly transaction: Uint8Array;
  readonly view: SpendView;
  readonly warnings: readonly Warning[];
  readonly chosen: Chosen;
}

export interface Payment {
  readonly script: Uint8Array;
  readonly sats: Sats;
}

/** Scripts of the payments, of an id of the address book, an address or a URI. Codes: `destination.unknown`, `address.*`. */
export function resolvePayments(
  book: DestinationsBody['entries'],
  network: Network,
  asked: readonly AskedPayment[],
): Result<readonly Payment[]> {
  const payments: Payment[] = [];
  for (const payment of asked) {
    const amount = sats(payment.sats);
    if ('destination' in payment) {
      const { destination } = payment;
      const listed = book.find(({ id }) => id === destination);
      if (listed === undefined) return refuse('destination.unknown', { destination });
      payments.push({ script: fromHex(listed.script), sats: amount });
      continue;
    }
    const uri = parsePaymentUri(payment.address);
    if (!uri.ok) return uri;
    const agreed = agreedAmount(uri.value, amount);
    if (!agreed.ok) return agreed;
    const script = scriptOfAddress(uri.value.address, network);
    if (!script.ok) return script;
    payments.push({ script: script.value, sats: amount });
  }
  return ok(payments);
}

/** Highest index on branch 1 that the fold takes for change. */
export function highestChange(state: State, { id, body }: WalletRecord): number {
  return Math.min(ADDRESS_INDEX, highestChangeSigned(state, id) + body.gapLimit);
}

/** Where a transaction is to be built, and from what. */
export interface Ask {
  readonly wallet: WalletRecord;
  readonly now: Seconds;
  readonly feeRate: number;
  /** In random order. */
  readonly coins: readonly Coin[];
  /** Lowest unused one. */
  readonly changeIndex: number;
  readonly highestChange: number;
  /** Height of the tip: a transaction that no block before can hold gains nobody by fee sniping. */
  readonly lockTime: number;
  /** Where among the outputs change goes, from 0 to their number: its place must not tell which output it is. */
  readonly changePlace: (outputs: number) => number;
  readonly fees: FeeCaps;
}

/** How coins are to be merged. */
export type Merging = Pick<
  ConsolidationInput<Coin>,
  'aim' | 'ceilingRate' | 'mostInputs' | 'mostCoinSats'
>;

/** A chosen and built transaction, before it is proven by its parents. */
export interface Built {
  readonly transaction: Uint8Array;
  /** In the order of the inputs. */
  readonly coins: readonly Coin[];
  readonly warnings: readonly Warning[];
  readonly chosen: Chosen;
}

/** Chooses coins for payments and builds the transaction. Codes: those of selectCoins. */
export function build(ask: Ask, payments: readonly Payment[]): Result<Built> {
  const changeScript = changeScriptOf(ask);
  const selected = selectCoins({
    ...termsOf(ask, changeScript),
    payments,
    mostFeeRate: ask.fees.rateSatPerVbyte,
  });
  if (!selected.ok) return selected;
  const { coins, changeSats, feeSats, reasons } = selected.value;
  const outputs = [...payments];
  if (changeSats !== null)
    outputs.splice(ask.changePlace(outputs.length), 0, { script: changeScript, sats: changeSats });
  return ok({
    transaction: transactionOf(ask, coins, outputs),
    coins,
    warnings:
      changeSats === null ? [{ code: 'change.none', facts: { feeSats: Number(feeSats) } }] : [],
    chosen: { selection: reasons, consolidation: null },
  });
}

/** Merges small coins into one. Codes: those of consolidate. */
export function buildConsolidation(ask: Ask, merging: Merging): Result<Built> {
  const changeScript = changeScriptOf(ask);
  const merged = consolidate({
    ...termsOf(ask, changeScript),
    ...merging,
    mostFeeSats: ask.fees.selfSats,
  });
  if (!merged.ok) return merged;
  const { coins, ...consolidation } = merged.value;
  const outputs = [{ script: changeScript, sats: consolidation.mergedSats }];
  return ok({
    transaction: transactionOf(ask, coins, outputs),
    coins,
    warnings: [],
    chosen: { selection: null, consolidation },
  });
}

/** Where change goes. */
export function changeScriptOf({ wallet, changeIndex, highestChange: highest }: Ask): Uint8Array {
  return wallet.wallet.script(1, Math.min(changeIndex, highest));
}

function termsOf({ wallet, coins, feeRate }: Ask, changeScript: Uint8Array) {
  return {
    ...{ wallet: wallet.wallet, coins, feeRate, changeScript },
    longTermFeeRate: LONG_TERM_FEE_RATE,
  };
}

function transactionOf(
  { lockTime }: Ask,
  coins: readonly Coin[],
  outputs: readonly Payment[],
): Uint8Array {
  const inputs = coins.map(({ txid, vout }) => ({ outpoint: `${txid}:${vout}` }));
  return buildTransaction({ inputs, outputs, lockTime });
}

/** The coins whose recovery path is open or opens within RECOVERY_WARNING_SECONDS, those first that open first. */
export function maturingCoins<C extends { readonly height: number }>(
  { wallet }: WalletRecord,
  coins: readonly C[],
  tip: Tip,
): readonly C[] {
  const recoveries = recoveriesOf(wallet.condition) ?? [];
  return coins
    .map((coin) => ({ coin, seconds: recoveryOpensIn(recoveries, coin.height, tip) ?? Infinity }))
    .filter(({ seconds }) => seconds <= RECOVERY_WARNING_SECONDS)
    .toSorted((a, b) => a.seconds - b.seconds)
    .map(({ coin }) => coin);
}

/** Proves what was built, by the bytes of the parents. Codes: those of readSpend, `psbt.input.parent`, `psbt.fee.low`. */
export function prove(
  ask: Pick<Ask, 'wallet' | 'highestChange'>,
  built: Built,
  parents: ReadonlyMap<string, Uint8Array>,
): Result<Plan> {
  const claims = built.coins.map(({ txid, branch, index }) => {
    const parent = parents.get(txid);
    assert(parent !== undefined, 'the transaction of a followed coin is kept');
    return { parent, branch, index };
  });
  const bounds = { highestChange: ask.highestChange };
  const view = readSpend(ask.wallet.wallet, built.transaction, claims, bounds);
  if (!view.ok) return view;
  const relayed = checkRelayed(view.value);
  if (!relayed.ok) return relayed;
  return ok({
    transaction: built.transaction,
    view: view.value,
    warnings: built.warnings,
    chosen: built.chosen,
  });
}

/**
 * The plan of an uploaded PSBT, with our own previous transactions where it brings none, as those of taproot do. Its
 * signatures are left: they come with approvals. Codes: `coin.unknown`, those of readSpend.
 */
export function planOf(
  ask: Pick<Ask, 'wallet' | 'highestChange'>,
  { transaction, coins, warnings }: InspectedPsbt,
  parents: ReadonlyMap<string, Uint8Array>,
): Result<Plan> {
  const claims: ParentClaim[] = [];
  for (const { outpoint, parent: attached, branch, index } of coins) {
    const parent = attached ?? parents.get(txidIn(outpoint));
    if (parent === undefined) return refuse('coin.unknown', { outpoint });
    claims.push({ parent, branch, index });
  }
  const bounds = { highestChange: ask.highestChange };
  const view = readSpend(ask.wallet.wallet, transaction, claims, bounds);
  if (!view.ok) return view;
  // What was claimed is proven now.
  const rest = warnings.filter(({ code }) => code !== 'coins.claimed');
  const chosen = { selection: null, consolidation: null };
  return ok({ transaction, view: view.value, warnings: rest, chosen });
}

/** The transaction of `txid:vout`. */
export function txidIn(outpoint: string): string {
  return outpoint.slice(0, 64);
}

/** A fee rate in satoshi a virtual byte, and where it comes from. */
export interface FeeRate {
  readonly rate: number;
  /** `capped`: the estimate is above what the policy allows. `assumed`: no fees are paid on a network of one's own. */
  readonly why: 'asked' | 'estimated' | 'capped' | 'assumed';
  /** Of the node for so many blocks; null where it was not asked or has none. */
  readonly estimate: number | null;
  readonly blocks: number | null;
}

/**
 * The fee rate asked for, else the node's estimate, no higher than the policy's cap: then it confirms later. A node of
 * one's own on regtest never has an estimate, and needs none. Code `chain.fee.unknown`.
 */
export function feeRateOf(
  asked: number | undefined,
  told: { readonly estimate: number | null; readonly blocks: number },
  { network, cap }: { readonly network: Network; readonly cap: number | null },
): Result<FeeRate> {
  if (asked !== undefined) return ok({ rate: asked, why: 'asked', estimate: null, blocks: null });
  const { estimate } = told;
  if (estimate !== null)
    return cap !== null && estimate > cap
      ? ok({ rate: cap, why: 'capped', ...told })
      : ok({ rate: estimate, why: 'estimated', ...told });
  return network === 'regtest' || network === 'sandbox'
    ? ok({ rate: 1, why: 'assumed', ...told })
    : refuse('chain.fee.unknown');
}

/** Whether the next block can hold the transaction. Code `psbt.locktime.future`. */
export function checkLockTime(lockTime: number, tip: number): Result<null> {
  return lockTime <= tip ? ok(null) : refuse('psbt.locktime.future', { lockTime, tip });
}

/**
 * Whether coins lie where they are watched for: `watched` is the lowest index of each branch beyond. Code `coin.gap`, for
 * the coin is no unknown one, only out of sight.
 */
export function checkWatched(
  coins: readonly ClaimedCoin[],
  watched: readonly [receive: number, change: number],
): Result<null> {
  const far = coins.find(({ branch, index }) => index >= watched[branch]);
  if (far === undefined) return ok(null);
  const { outpoint, branch, index } = far;
  return refuse('coin.gap', { outpoint, branch, index, watched: watched[branch] });
}

/** Change that goes where change went before, or where that of another proposal will go: `next` is the lowest unused index. */
export function changeWarnings(
  { spend }: Pick<SpendView, 'spend'>,
  { next, planned }: { readonly next: number; readonly planned: ReadonlySet<number> },
): readonly Warning[] {
  const indices = spend.outputs.flatMap(({ change }) => change ?? []);
  const used = indices.filter((index) => index < next);
  const shared = indices.filter((index) => index >= next && planned.has(index));
  return [
    ...(used.length === 0 ? [] : [{ code: 'change.used', facts: { indices: used } } as const]),
    ...(shared.length === 0
      ? []
      : [{ code: 'change.planned', facts: { indices: shared } } as const]),
  ];
}

/** Claims as they go into the coins blob, each with its previous transaction. */
export function coinsOf({ view }: Plan) {
  const addresses = new Map<Uint8Array, string>();
  return view.coins.map(({ parent, branch, index }) => {
    const address = addresses.get(parent) ?? blobAddress(parent);
    addresses.set(parent, address);
    return { parent: address, branch, index, bytes: parent };
  });
}
