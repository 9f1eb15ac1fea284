import { formatBtc, sats } from '../../core/base/sats.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { heldKeys } from '../../core/log/admit-approval.ts';
import type { State, VersionRecord, WalletRecord } from '../../core/log/state.ts';
import type { Run } from '../command.ts';
import { word, wholeNumber } from '../command.ts';
import { Desk } from '../desk.ts';
import { findProposal } from '../find-proposal.ts';

/**
 * Asks for a fee bump and shows it as the log has it: what it may not do the fold has refused, here as everywhere, so that
 * nobody needs to approve it.
 */
export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const found = findProposal(state, word(call, 0));
  if (!found.ok) return found;
  const { digest, name, statement } = found.value;
  const { feeSats: formerSats } = found.value.versions.at(-1)?.view ?? found.value.view;
  if (statement.envelope === null) return refuse('version.envelope', { proposal: digest });
  const api = await desk.api();
  if (!api.ok) return api;
  const bumped = await api.value.bump(digest, wholeNumber(call, 'fee-rate'));
  if (!bumped.ok) return bumped;
  const after = (await desk.lookAgain())?.state ?? state;
  const version = after.proposals.get(digest)?.versions[bumped.value.version - 1];
  const wallet = after.wallets.get(statement.wallet.id);
  if (version === undefined || wallet === undefined)
    return ok({
      json: { proposal: digest, name, version: bumped.value.version, delivered: false },
      lines: [
        `Fee bump ${String(bumped.value.version)} of ${name}`,
        'NOT DELIVERED: the log does not show it yet.',
      ],
    });
  const { feeSats } = version.view.spend;
  return ok({
    json: {
      ...{ proposal: digest, name, version: version.version, delivered: true },
      ...{ txid: version.txid, feeSats, feeRate: rateOf(version) },
    },
    lines: [
      `Fee bump ${String(version.version)} of ${name}: the same coins, the same payments`,
      `Fee ${formatBtc(formerSats)} -> ${formatBtc(sats(feeSats))}, ${String(rateOf(version))} sat/vB at most size; the envelope allows ${formatBtc(sats(statement.envelope.feeSatsMax))} until ${statement.envelope.until}`,
      'It stands in the log, verified here.',
      cosignerLine(after, wallet, digest),
    ],
  });
};

function rateOf({ view }: VersionRecord): number {
  return Math.round((view.spend.feeSats * 100) / view.vbytes) / 100;
}

/** Whose keys must sign the new bytes, beside the signer's. */
function cosignerLine({ members }: State, wallet: WalletRecord, proposal: string): string {
  const missing = wallet.wallet.missing(new Set([wallet.hotKeyIndex]));
  if (missing === 0) return 'The signer signs it next: no further approval is needed.';
  const who = [...members.keys()].filter((member) => heldKeys(wallet, member).length > 0);
  const some = who.length > missing ? `${String(missing)} of ` : '';
  return `No further approval is needed, but its coins must be signed anew by ${some}${who.join(', ')}: countersign approve ${proposal}`;
}
