import type { ProposalAnswer } from '../../client/answers.ts';
import { renderProposal } from '../../core/approval/render.ts';
import { textDigest } from '../../core/approval/statement.ts';
import { toBase64 } from '../../core/base/bytes.ts';
import { isPlainText } from '../../core/base/canonical.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { Seconds } from '../../core/base/time.ts';
import { formatTime } from '../../core/base/time.ts';
import { openVersion } from '../../core/log/admit-version.ts';
import type { ProposalRecord, State, WalletRecord } from '../../core/log/state.ts';
import type { ScreeningRecord } from '../../core/screening.ts';
import { toPsbt } from '../../core/psbt/build.ts';
import { describeSpend } from '../../core/psbt/spend.ts';
import { addressBookLines } from '../address-book.ts';
import { cancelLines } from '../cancel-lines.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';
import { findProposal } from '../find-proposal.ts';
import { standingJson, standingLines, standingOf } from '../standing.ts';

export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const found = findProposal(state, word(call, 0));
  if (!found.ok) return found;
  const proposal = found.value;
  const wallet = state.wallets.get(proposal.statement.wallet.id);
  if (wallet === undefined)
    return refuse('wallet.unknown', { wallet: proposal.statement.wallet.id });
  const api = await desk.api();
  if (!api.ok) return api;
  const told = await api.value.proposal(proposal.digest);
  const purpose = told.ok ? purposeOf(proposal, told.value) : null;
  const facts = state.facts.get(proposal.digest) ?? null;
  const now = call.io.now();
  return ok({
    json: {
      ...standingJson(state, proposal, now),
      purpose,
      statement: proposal.statement,
      spend: describeSpend(proposal.view, wallet.wallet),
      // What a wallet device would sign now: the newest fee bump where one waits.
      psbt: psbtOf(openVersion(state, proposal) ?? proposal, wallet),
      trace: standingOf(state, proposal, now).trace,
      screening: screeningJson(state.screenings.get(proposal.digest)),
      facts: facts === null ? null : factsJson(facts),
    },
    lines: [
      ...renderProposal(proposal.statement),
      ...cancelLines(state, proposal.statement),
      ...addressBookLines(state, proposal.view.spend, wallet),
      `Purpose: ${purpose ?? '(the server has no text that fits its digest)'}`,
      ...standingLines(state, proposal, now),
      ...(facts?.confirmed
        ? [`Confirmed in block ${String(facts.confirmed.height)} as ${facts.confirmed.txid}`]
        : []),
    ],
  });
};

/** Unsigned, of version 0, for wallet devices. */
function psbtOf(
  { transaction, coins, view }: Pick<ProposalRecord, 'transaction' | 'coins' | 'view'>,
  { wallet }: WalletRecord,
): string {
  const change = view.spend.outputs.map((output) => output.change);
  return toBase64(toPsbt({ wallet, transaction, coins, change }));
}

/** What the server told of the transaction, its times as everywhere in JSON. */
function factsJson(facts: NonNullable<ReturnType<State['facts']['get']>>) {
  const { broadcastAt, confirmed, settledAt } = facts;
  const text = (time: Seconds | null) => (time === null ? null : formatTime(time));
  return { broadcastAt: text(broadcastAt), confirmed, settledAt: text(settledAt) };
}

/** The newest answer of the screening service. */
function screeningJson(found: ScreeningRecord | undefined) {
  if (found === undefined) return null;
  const { answer, at, destinations } = found;
  return { answer, at: formatTime(at), destinations };
}

/** The text beside the log, only if it is the one that the initiator signed. */
function purposeOf(proposal: ProposalRecord, { purpose }: ProposalAnswer): string | null {
  if (purpose === null || !isPlainText(purpose.text)) return null;
  const fits = textDigest(purpose.salt, purpose.text) === proposal.statement.purposeDigest;
  return fits ? purpose.text : null;
}
