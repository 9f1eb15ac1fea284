import { formatBtc } from '../../core/base/sats.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { Seconds } from '../../core/base/time.ts';
import { parseTime } from '../../core/base/time.ts';
import type { Run } from '../command.ts';
import { Desk } from '../desk.ts';
import { standingJson } from '../standing.ts';

/** Whether nothing more happens to a proposal. What was invalidated is shown until it would have expired: nothing goes silently. */
function isOver(stage: string, expiresAt: string, now: Seconds): boolean {
  if (stage === 'invalidated') return (parseTime(expiresAt) ?? 0) <= now;
  return stage === 'refused' || stage === 'settled' || stage === 'cancelled';
}

export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const wallet = call.text('wallet');
  if (wallet !== undefined && !state.wallets.has(wallet))
    return refuse('wallet.unknown', { wallet });
  const now = call.io.now();
  const found = [...state.proposals.values()]
    .filter(({ statement }) => wallet === undefined || statement.wallet.id === wallet)
    .map((proposal) => ({
      ...standingJson(state, proposal, now),
      amountSats: Number(proposal.view.amountSats),
      feeSats: Number(proposal.view.feeSats),
    }))
    .filter(({ stage, expiresAt }) => call.has('all') || !isOver(stage, expiresAt, now));
  const lines = found.map(({ proposal, name, wallet: id, stage, refusal, amountSats }) => {
    const why = refusal === null ? '' : ` (${refusal.code})`;
    return `${proposal.slice(0, 12)}  ${name}  ${id}  ${formatBtc(BigInt(amountSats))}  ${stage}${why}`;
  });
  return ok({
    json: { proposals: found },
    lines: lines.length === 0 ? ['There are no proposals. --all shows those that ended.'] : lines,
  });
};
