import { assert } from '../base/assert.ts';
import { INCREMENTAL_FEE_RATE, SPEND_OUTPUTS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { fromHex } from '../base/bytes.ts';
import type { Sats } from '../base/sats.ts';
import { sats } from '../base/sats.ts';
import type { ProposalStatement } from '../approval/statement.ts';
import type { SpendOutput, SpendView } from '../psbt/spend.ts';
import { buildTransaction } from '../psbt/build.ts';
import { transactionWeight } from '../psbt/size.ts';
import { dustSats, outputTypeOf } from '../wallet/output-type.ts';
import type { Wallet } from '../wallet/wallet.ts';

/** Fee bumps inside the envelope that approvers signed (design 3, step 10; BIP 125). */

/**
 * The most fee that a proposal may come to: that of its envelope, else its own. Policies judge it and budgets count it, so
 * that no bump needs a new look at either.
 */
export function mostFeeSats(proposal: {
  readonly statement: Pick<ProposalStatement, 'envelope'>;
  readonly view: Pick<SpendView, 'feeSats'>;
}): Sats {
  const { envelope } = proposal.statement;
  return envelope === null ? proposal.view.feeSats : sats(envelope.feeSatsMax);
}

/**
 * Whether one spend may take the place of another: the same coins in the same order with the same sequences, the same
 * lock time, the same payments in the same order; of the change nothing but less, or none; and as much more fee as nodes
 * ask for (BIP 125, rule 4). Two such spends share every coin, so that both can never be confirmed.
 * Codes: `version.spend`, `version.change`, `version.fee.low`.
 */
export function checkReplacement(former: SpendView, next: SpendView): Result<null> {
  const wrong = (reason: string) => refuse('version.spend', { reason });
  const inputs = (view: SpendView): string =>
    view.spend.inputs.map(({ outpoint }, at) => `${outpoint} ${String(view.sequences[at])}`).join();
  if (inputs(former) !== inputs(next)) return wrong('coins');
  if (former.version !== next.version || former.spend.lockTime !== next.spend.lockTime)
    return wrong('version or lock time');
  const outputs = checkOutputs(former.spend.outputs, next.spend.outputs);
  if (!outputs.ok) return outputs;
  const leastSats = former.spend.feeSats + incrementSats(next.vbytes);
  return next.spend.feeSats >= leastSats
    ? ok(null)
    : refuse('version.fee.low', { feeSats: next.spend.feeSats, leastSats });
}

/** What a replacement pays more at least for its own size. */
export function incrementSats(vbytes: number): number {
  return Math.ceil(vbytes * INCREMENTAL_FEE_RATE);
}

/** Payments stand as they stood; change shrinks where it stood, or is gone. */
function checkOutputs(former: readonly SpendOutput[], next: readonly SpendOutput[]): Result<null> {
  let at = 0;
  for (const was of former) {
    const is = next[at];
    const isSame = is?.script === was.script && is.change === was.change;
    if (was.change === undefined) {
      if (!isSame || is.sats !== was.sats) return refuse('version.spend', { reason: 'payments' });
      at += 1;
    } else if (isSame) {
      if (is.sats > was.sats) return refuse('version.change', { output: at });
      at += 1;
    }
  }
  const more = next[at];
  if (more === undefined) return ok(null);
  return more.change === undefined
    ? refuse('version.spend', { reason: 'payments' })
    : refuse('version.change', { output: at });
}

/** A transaction that may take the place of another. */
export interface Replacement {
  /** Unsigned. */
  readonly transaction: Uint8Array;
  readonly feeSats: Sats;
}

/**
 * The version of a spend that pays `feeRate` satoshi a virtual byte at worst size, and at least what nodes ask of a
 * replacement (BIP 125, rules 3 and 4): the largest change pays; where it would be dust it is left out, and all of it
 * goes to the fee. Codes: `version.fee.low`, `fee.unpayable`.
 */
export function planReplacement(
  wallet: Wallet,
  former: SpendView,
  feeRate: number,
): Result<Replacement> {
  const outputs = former.spend.outputs.map(({ script, sats: amount, change }) => ({
    script: fromHex(script),
    sats: amount,
    change,
  }));
  assert(outputs.length <= SPEND_OUTPUTS, 'the spend was read before');
  const inputs = former.coins.length;
  const leastSats = former.spend.feeSats + incrementSats(former.vbytes);
  const wantedSats = feeRate * former.vbytes;
  if (wantedSats < leastSats)
    return refuse('version.fee.low', {
      feeRate,
      leastRate: Math.ceil(leastSats / former.vbytes),
    });
  const payer = largestChange(outputs);
  if (payer === null) return refuse('fee.unpayable', { changeSats: 0 });
  const left = payer.sats - (wantedSats - former.spend.feeSats);
  const kept = outputs.map((output) => (output === payer ? { ...output, sats: left } : output));
  if (left >= dustOf(payer.script)) return ok(replacementOf(former, kept));
  const without = outputs.filter((output) => output !== payer);
  const vbytes = Math.ceil(transactionWeight(wallet, inputs, without) / 4);
  // Without the change the spend is smaller, and needs less for the same rate.
  const pays = payer.sats + former.spend.feeSats;
  if (without.length === 0 || pays < Math.max(feeRate * vbytes, leastSats))
    return refuse('fee.unpayable', { changeSats: payer.sats, feeRate });
  return ok(replacementOf(former, without));
}

interface Planned {
  readonly script: Uint8Array;
  readonly sats: number;
  readonly change: number | undefined;
}

function largestChange(outputs: readonly Planned[]): Planned | null {
  return outputs.reduce<Planned | null>(
    (best, output) =>
      output.change !== undefined && output.sats > (best?.sats ?? 0) ? output : best,
    null,
  );
}

function replacementOf({ spend, sequences }: SpendView, outputs: readonly Planned[]): Replacement {
  const held = spend.inputs.reduce((sum, input) => sum + input.sats, 0);
  const paid = outputs.reduce((sum, output) => sum + output.sats, 0);
  const transaction = buildTransaction({
    inputs: spend.inputs.map(({ outpoint }, at) => {
      const sequence = sequences[at];
      return sequence === undefined ? { outpoint } : { outpoint, sequence };
    }),
    outputs: outputs.map(({ script, sats: amount }) => ({ script, sats: sats(amount) })),
    lockTime: spend.lockTime,
  });
  return { transaction, feeSats: sats(held - paid) };
}

function dustOf(script: Uint8Array): number {
  const type = outputTypeOf(script);
  assert(type !== null, 'change goes to a script of the wallet');
  return Number(dustSats[type]);
}
