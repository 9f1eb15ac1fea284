import { ok } from '../../core/base/result.ts';
import { newestSigned } from '../../core/log/admit-version.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';
import { findProposal } from '../find-proposal.ts';

/** Asking earlier changes nothing: what is missing comes back as the refusal. */
export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const proposal = findProposal(followed.value.state, word(call, 0));
  if (!proposal.ok) return proposal;
  const api = await desk.api();
  if (!api.ok) return api;
  const { digest, name } = proposal.value;
  const txid = newestSigned(followed.value.state, proposal.value)?.txid ?? null;
  const asked = await api.value.broadcast(digest);
  if (!asked.ok) return asked;
  return ok({
    json: { proposal: digest, name, txid },
    lines: [`Broadcast: ${name}`, `Transaction ${txid ?? 'not signed yet'}`],
  });
};
