import type { DraftAnswer } from '../client/answers.ts';
import { equalBytes, fromHex } from '../core/base/bytes.ts';
import { assert } from '../core/base/assert.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import { blobAddress } from '../core/base/digest.ts';
import { LONG_TERM_FEE_RATE } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { changeReach } from '../core/log/admit-proposal.ts';
import type { SignedTransaction } from '../core/log/admit-version.ts';
import type { State, WalletRecord } from '../core/log/state.ts';
import { planCancel, planChild, waitingChange } from '../core/proposal/rescue.ts';
import { spendCost } from '../core/proposal/spend-cost.ts';
import type { SpendView } from '../core/psbt/spend.ts';
import { readSpend } from '../core/psbt/spend.ts';
import type { Wallet } from '../core/wallet/wallet.ts';
import type { Payment } from './payments.ts';

/** A draft as this device read it from its bytes. */
export interface ReadDraft {
  readonly view: SpendView;
  /** SHA-256 of the coins blob. */
  readonly coins: string;
  /** The coins blob, the unsigned transaction, and every previous transaction once. */
  readonly blobs: readonly Uint8Array[];
}

/** What the person asked for: payments, the very transaction of a PSBT, or small coins merged at a rate up to a ceiling. */
export type Asked =
  | { readonly payments: readonly Payment[]; readonly feeRate: number | undefined }
  | { readonly transaction: Uint8Array }
  | { readonly ceilingRate: number; readonly feeRate: number | undefined }
  | { readonly rescue: AskedRescue; readonly feeRate: number | undefined };

/** A signed proposal that waits is to be cancelled, or helped by a child. */
export interface AskedRescue {
  readonly way: 'cancel' | 'child';
  readonly proposal: string;
  readonly target: SignedTransaction;
  /** Fees of all that a cancellation takes the place of. */
  readonly evictedSats: number;
}

/**
 * Decodes a draft by the wallet document of the followed log, exactly as the fold will: every coin proven by its
 * previous transaction, every change derived again. Codes: `draft.mismatch`, those of readSpend.
 */
export function readDraft(
  state: State,
  wallet: WalletRecord,
  draft: DraftAnswer,
): Result<ReadDraft> {
  const transaction = fromHex(draft.transaction);
  const parents = new Map<string, Uint8Array>();
  for (const { parent, transaction: hex } of draft.coins) {
    const bytes = parents.get(parent) ?? fromHex(hex);
    if (blobAddress(bytes) !== parent)
      return refuse('draft.mismatch', {
        reason: 'a previous transaction has another hash',
        parent,
      });
    parents.set(parent, bytes);
  }
  const claims = draft.coins.map(({ parent, branch, index }) => ({ parent, branch, index }));
  const view = readSpend(
    wallet.wallet,
    transaction,
    claims.map((claim) => ({ ...claim, parent: parents.get(claim.parent) ?? new Uint8Array() })),
    { highestChange: changeReach(state, wallet) },
  );
  if (!view.ok) return view;
  const coins = canonicalBytes(claims);
  return ok({
    view: view.value,
    coins: blobAddress(coins),
    blobs: [coins, transaction, ...parents.values()],
  });
}

/**
 * Whether the draft does what was asked: the same payments, no other; the fee rate asked for, save what change too
 * small to keep adds. Code `draft.mismatch`.
 */
export function compareDraft(
  draft: ReadDraft,
  asked: Asked,
  { wallet, told }: { readonly wallet: Wallet; readonly told: DraftAnswer['fee'] },
): Result<null> {
  const { spend, feeSats, vbytes } = draft.view;
  if ('transaction' in asked) {
    const [, transaction = new Uint8Array()] = draft.blobs;
    return equalBytes(transaction, asked.transaction)
      ? ok(null)
      : refuse('draft.mismatch', { reason: 'another transaction than that of the PSBT' });
  }
  if ('rescue' in asked) return compareRescue(draft, asked, { wallet, told });
  const payments = 'payments' in asked ? asked.payments : [];
  const drafted = spend.outputs
    .filter(({ change }) => change === undefined)
    .map(lineOf)
    .sort();
  const wanted = payments.map(lineOf).sort();
  const missing = withoutAll(wanted, drafted);
  const added = withoutAll(drafted, wanted);
  if (missing.length > 0 || added.length > 0)
    return refuse('draft.mismatch', { reason: 'other payments', missing, added });
  const feeRate = asked.feeRate ?? ('payments' in asked ? undefined : asked.ceilingRate);
  if (feeRate === undefined) return ok(null);
  const most = feeRate * vbytes + ('payments' in asked ? leftOver(wallet, feeRate) : 0);
  if (feeSats > BigInt(most))
    return refuse('draft.mismatch', { reason: 'a higher fee', feeSats: Number(feeSats), most });
  return ok(null);
}

/** A rescue is planned here once more: change script, lock time and an estimated fee rate are the server's, nothing else. */
function compareRescue(
  { view, blobs }: ReadDraft,
  { rescue, feeRate: asked }: Extract<Asked, { readonly rescue: unknown }>,
  { wallet, told }: { readonly wallet: Wallet; readonly told: DraftAnswer['fee'] },
): Result<null> {
  const feeRate = asked ?? told?.rate;
  const [output] = view.spend.outputs;
  if (feeRate === undefined || output?.change === undefined)
    return refuse('draft.mismatch', { reason: 'no rescue' });
  const { lockTime } = view.spend;
  const terms = { wallet, changeScript: fromHex(output.script), feeRate, lockTime };
  const { txid, of } = rescue.target;
  const planned =
    rescue.way === 'cancel'
      ? planCancel(terms, of.view, rescue.evictedSats)
      : planChild(terms, of.view, waitingChange(txid, of.view.spend));
  if (!planned.ok) return planned;
  const [, transaction = new Uint8Array()] = blobs;
  return equalBytes(transaction, planned.value.transaction)
    ? ok(null)
    : refuse('draft.mismatch', { reason: 'another transaction than what was asked for' });
}

/** The most that goes to the fee because it is not worth change: satoshi. */
function leftOver(wallet: Wallet, feeRate: number): number {
  const terms = { wallet, payments: [], feeRate, longTermFeeRate: LONG_TERM_FEE_RATE };
  const cost = spendCost({ ...terms, changeScript: wallet.script(1, 0) });
  assert(cost.ok, 'no payments have a sum');
  return cost.value.changeFeeSats + cost.value.leastChangeSats;
}

function lineOf({ script, sats }: { readonly script: string; readonly sats: number }): string {
  return `${script} ${String(sats)}`;
}

/** The items less one of each of the others: payments may occur twice. */
function withoutAll(items: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...items];
  for (const other of others) {
    const at = left.indexOf(other);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}
