import { saltText } from '../../client/statements.ts';
import { frameOf, signStatement } from '../../client/statements.ts';
import type { Followed } from '../../client/log-follower.ts';
import type { DraftAnswer } from '../../client/answers.ts';
import { renderProposal } from '../../core/approval/render.ts';
import type { ProposalStatement } from '../../core/approval/statement.ts';
import { PROPOSAL_SECONDS, TEXT_LENGTH } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { currentDocuments } from '../../core/governance/current.ts';
import type { State, WalletRecord } from '../../core/log/state.ts';
import { describeSpend } from '../../core/psbt/spend.ts';
import { addressBookLines } from '../address-book.ts';
import { cancelLines } from '../cancel-lines.ts';
import { askedOf, checkSources, envelopeOf, requestOf } from '../asked-draft.ts';
import type { Call, Output, Run } from '../command.ts';
import { UsageError, required, wholeNumber } from '../command.ts';
import { consent } from '../consent.ts';
import { Desk } from '../desk.ts';
import type { Asked, ReadDraft } from '../draft.ts';
import { compareDraft, readDraft } from '../draft.ts';
import { draftReasons } from '../draft-reasons.ts';
import { findProposal } from '../find-proposal.ts';

const DAY = 86_400;

/** Asks the server for a draft, decodes its bytes, compares them with what was asked, shows, signs, sends. */
export const run: Run = async (call) => {
  const id = required(call, 'wallet');
  const purpose = purposeOf(call);
  openDays(call);
  checkSources(call);
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const wallet = state.wallets.get(id);
  if (wallet === undefined) return refuse('wallet.unknown', { wallet: id });
  const asked = await askedOf(call, state, wallet);
  if (!asked.ok) return asked;
  const api = await desk.api();
  if (!api.ok) return api;
  const request = requestOf(call, purpose, asked.value);
  if (!request.ok) return request;
  const drafted = await api.value.draft(request.value);
  if (!drafted.ok) return drafted;
  const sent = await compareAndSend(call, desk, {
    followed: followed.value,
    wallet,
    asked: asked.value.asked,
    drafted: drafted.value,
    purpose,
  });
  // What came to nothing holds no coins; where the server keeps them nevertheless, they lapse in ten minutes.
  if (!sent.ok) await api.value.releaseDraft(drafted.value.draft);
  return sent;
};

/** The draft is the server's suggestion: it is decoded and held against what was asked before anyone signs. */
async function compareAndSend(
  call: Call,
  desk: Desk,
  given: Omit<Prepared, 'draft'>,
): Promise<Result<Output>> {
  const { followed, wallet, asked, drafted } = given;
  const draft = readDraft(followed.state, wallet, drafted);
  if (!draft.ok) return draft;
  const same = compareDraft(draft.value, asked, { wallet: wallet.wallet, told: drafted.fee });
  if (!same.ok) return same;
  return signAndSend(call, desk, { ...given, draft: draft.value });
}

interface Prepared {
  readonly asked: Asked;
  readonly followed: Followed;
  readonly wallet: WalletRecord;
  readonly draft: ReadDraft;
  /** As the server told it. */
  readonly drafted: DraftAnswer;
  readonly purpose: string;
}

async function signAndSend(call: Call, desk: Desk, prepared: Prepared): Promise<Result<Output>> {
  const { followed, wallet, draft } = prepared;
  const device = await desk.device();
  if (!device.ok) return device;
  const purpose = saltText(prepared.purpose);
  const statement = statementOf(call, { ...prepared, purposeDigest: purpose.digest }, device.value);
  if (!statement.ok) return statement;
  const agreed = await consent(call, [
    ...renderProposal(statement.value),
    ...cancelLines(followed.state, statement.value),
    ...addressBookLines(followed.state, draft.view.spend, wallet),
    `Fee rate ${String(describeSpend(draft.view, wallet.wallet).feeRate)} sat/vB at most size`,
    ...togetherLine(prepared.asked, draft),
    ...draftReasons(prepared.drafted),
    `Purpose: ${prepared.purpose}`,
  ]);
  if (!agreed.ok) return agreed;
  const signed = signStatement(statement.value, device.value.secretKey);
  const api = await desk.api();
  if (!api.ok) return api;
  const { blobs, coins } = draft;
  const sent = await api.value.propose(signed, { blobs, coins, purpose });
  if (!sent.ok) return sent;
  const delivered = await desk.delivered(signed.digest);
  return ok({
    json: {
      proposal: signed.digest,
      name: sent.value.name,
      index: sent.value.index,
      delivered,
      spend: describeSpend(draft.view, wallet.wallet),
      // The server's word, as are its reasons on the screen.
      told: toldOf(prepared.drafted),
    },
    lines: [
      `Proposed: ${sent.value.name}`,
      `Digest ${signed.digest}`,
      delivered
        ? 'It stands in the log, verified here.'
        : 'NOT DELIVERED: the log does not show it yet.',
    ],
  });
}

/** A child pays for its parent, too: what both come to. */
function togetherLine(asked: Asked, { view }: ReadDraft): readonly string[] {
  if (!('rescue' in asked) || asked.rescue.way !== 'child') return [];
  const parent = asked.rescue.target.of.view;
  const rate = (parent.spend.feeSats + view.spend.feeSats) / (parent.vbytes + view.vbytes);
  return [`Together with the payment that waits: ${rate.toFixed(2)} sat/vB at most size`];
}

function toldOf({ fee, selection, consolidation }: DraftAnswer) {
  return { fee, selection, consolidation };
}

function statementOf(
  call: Call,
  given: Prepared & { readonly purposeDigest: string },
  device: { readonly member: string; readonly device: string },
): Result<ProposalStatement> {
  const { followed, wallet, draft, purposeDigest } = given;
  const { state, log } = followed;
  const current = currentDocuments(state, wallet.id);
  if (current === null) return refuse('document.unknown', { kind: 'charter' });
  const { charter, policy, destinations } = current;
  if (policy === null) return refuse('policy.unknown', { wallet: wallet.id });
  if (destinations === null) return refuse('document.unknown', { kind: 'destinations' });
  const repeats = repeatsOf(call, state);
  if (!repeats.ok) return repeats;
  const envelope = envelopeOf(call);
  if (!envelope.ok) return envelope;
  const cancels = cancelledBy(given.asked);
  const validSeconds = openDays(call) * DAY;
  const now = call.io.now();
  return ok({
    type: 'proposal',
    ...frameOf({ org: state.genesis, device, log, previous: null, now, validSeconds }),
    network: wallet.body.network,
    wallet: { id: wallet.id, digest: current.wallet.digest },
    policy: policy.digest,
    charter: charter.digest,
    destinations: destinations.digest,
    kind: cancels === null ? 'pay' : 'cancel',
    spend: {
      ...draft.view.spend,
      inputs: [...draft.view.spend.inputs],
      outputs: [...draft.view.spend.outputs],
    },
    cancels,
    envelope: envelope.value,
    initiator: device.member,
    purposeDigest,
    reference: call.text('reference') ?? null,
    repeats: repeats.value,
  });
}

/** The proposal that a cancel proposal makes void, else null. */
function cancelledBy(asked: Asked): string | null {
  return 'rescue' in asked && asked.rescue.way === 'cancel' ? asked.rescue.proposal : null;
}

function repeatsOf(call: Call, state: State): Result<string | null> {
  const named = call.text('repeats');
  if (named === undefined) return ok(null);
  const found = findProposal(state, named);
  return found.ok ? ok(found.value.digest) : found;
}

function openDays(call: Call): number {
  const days = wholeNumber(call, 'expires') ?? 7;
  const most = Math.floor(PROPOSAL_SECONDS / DAY);
  if (days > most) throw new UsageError(`--expires takes at most ${String(most)} days`);
  return days;
}

function purposeOf(call: Call): string {
  const purpose = required(call, 'purpose');
  if (purpose.length > TEXT_LENGTH)
    throw new UsageError(`--purpose takes at most ${String(TEXT_LENGTH)} characters`);
  return purpose;
}
