import type { ApprovedAnswer } from '../client/answers.ts';
import type { Followed } from '../client/log-follower.ts';
import type { SaltedText, SignedStatement } from '../client/statements.ts';
import { frameOf, saltText } from '../client/statements.ts';
import { renderStatement } from '../core/approval/render.ts';
import type { ApprovalStatement } from '../core/approval/statement.ts';
import { digest } from '../core/base/digest.ts';
import { PSBT_BYTES, STATEMENT_SECONDS, TEXT_LENGTH } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { currentDocuments } from '../core/governance/current.ts';
import { heldKeys, mayCosign } from '../core/log/admit-approval.ts';
import { openVersion } from '../core/log/admit-version.ts';
import type { ProposalRecord, VersionRecord, WalletRecord } from '../core/log/state.ts';
import { addressBookLines } from './address-book.ts';
import { cancelLines } from './cancel-lines.ts';
import type { Call, Output } from './command.ts';
import { UsageError, word } from './command.ts';
import { decodePsbt } from './commands/psbt-inspect.ts';
import type { Cosigned } from './cosign.ts';
import { cosign } from './cosign.ts';
import { Desk } from './desk.ts';
import { readInput } from './files.ts';
import { findProposal } from './find-proposal.ts';
import type { Hand } from './hand.ts';
import { agree, bringsSignature, handOf, signBy } from './hand.ts';
import { deliveryOf, failureOf, sayNo } from './say-no.ts';
import { standingLines, stageOf, standingOf } from './standing.ts';

type Decision = ApprovalStatement['decision'];

/** What one word about one proposal is made of. */
interface Matter {
  readonly decision: Decision;
  readonly followed: Followed;
  readonly proposal: ProposalRecord;
  /** The fee bump whose coins he signs; null while the proposal itself is decided on. */
  readonly version: VersionRecord | null;
  readonly wallet: WalletRecord;
  readonly hand: Hand;
  readonly reason: (SaltedText & { readonly digest: string }) | null;
  readonly cosigned: Cosigned | null;
}

/** Approves, rejects or withdraws: shows the proposal as its bytes say, asks, signs, sends, looks for it in the log. */
export async function decide(call: Call, decision: Decision): Promise<Result<Output>> {
  const reason = reasonOf(call);
  if (decision === 'reject' && reason === null && !bringsSignature(call))
    throw new UsageError('--reason is missing');
  const desk = new Desk(call);
  const followed = await (decision === 'approve' ? desk.follow() : desk.followedOrKept());
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const proposal = findProposal(state, word(call, 0));
  if (!proposal.ok) return proposal;
  const wallet = state.wallets.get(proposal.value.statement.wallet.id);
  if (wallet === undefined)
    return refuse('wallet.unknown', { wallet: proposal.value.statement.wallet.id });
  const hand = await handOf(call, desk, [state.charter?.document.body]);
  if (!hand.ok) return hand;
  const version = decision === 'approve' ? openVersion(state, proposal.value) : null;
  const about = { followed: followed.value, proposal: proposal.value, version };
  const subject = { decision, ...about, wallet };
  const shown = { ...subject, hand: hand.value, reason, cosigned: null };
  const agreed = await agree(call, hand.value, reviewLines(call, shown));
  if (!agreed.ok) return agreed;
  const cosigned = await coinsSigned(call, desk, shown);
  return cosigned.ok ? send(call, desk, { ...shown, cosigned: cosigned.value }) : cosigned;
}

/**
 * The coins that a key holder signs along: by his key file, or on a wallet device that made a PSBT. With what a call brings of
 * a hardware wallet they stand already.
 */
async function coinsSigned(
  call: Call,
  desk: Desk,
  matter: Matter,
): Promise<Result<Cosigned | null>> {
  const { decision, followed, proposal, version, wallet, hand } = matter;
  if (decision !== 'approve' || bringsSignature(call)) return ok(null);
  const { member } = hand.device;
  const psbt = await signedPsbt(call);
  const takesKey = psbt === null && heldKeys(wallet, member).length > 0;
  const key = takesKey ? await desk.device() : ok({ member, cosigner: null });
  if (!key.ok) return key;
  const { state } = followed;
  const cosigned = cosign({ state, wallet, proposal, version, psbt }, key.value);
  if (!cosigned.ok || version === null || cosigned.value !== null) return cosigned;
  // A holder whose key signs later hears so, before the signer has said that nothing else is missing.
  return heldKeys(wallet, member).length > 0
    ? refuse('approval.signatures.early', { proposal: proposal.digest })
    : refuse('approval.signatures.unasked', { member, wallet: wallet.id });
}

async function signedPsbt(call: Call): Promise<Uint8Array | null> {
  const file = call.text('psbt');
  return file === undefined ? null : decodePsbt(await readInput(call.io, file, PSBT_BYTES * 2));
}

function reasonOf(call: Call): Matter['reason'] {
  const text = call.text('reason');
  if (text === undefined || text === '') return null;
  if (text.length > TEXT_LENGTH)
    throw new UsageError(`--reason takes at most ${String(TEXT_LENGTH)} characters`);
  return saltText(text);
}

function reviewLines(call: Call, matter: Matter): readonly string[] {
  const { followed, proposal, wallet, hand, reason } = matter;
  const { state } = followed;
  const holds = heldKeys(wallet, hand.device.member).length > 0;
  return [
    ...renderStatement(statementOf(call, matter), {
      proposal: proposal.statement,
      ...(matter.version === null ? {} : { version: matter.version }),
    }),
    ...cancelLines(state, proposal.statement),
    ...addressBookLines(followed.state, proposal.view.spend, wallet),
    ...(holds && matter.decision === 'approve' && matter.version === null
      ? [
          mayCosign(state, wallet, proposal)
            ? 'Your key of this wallet signs every coin in the same step.'
            : 'Your key of this wallet signs later: approve again when only signatures are missing.',
        ]
      : []),
    ...(reason === null ? [] : [`Reason: ${reason.text}`]),
    ...standingLines(followed.state, proposal, call.io.now()),
  ];
}

function statementOf(call: Call, matter: Matter): ApprovalStatement {
  const { decision, followed, proposal, wallet, hand, reason, cosigned } = matter;
  const { device } = hand;
  const { state, log } = followed;
  const expires = currentDocuments(state, wallet.id)?.policy?.document.body.expires.approveSeconds;
  const frame = frameOf({
    org: state.genesis,
    device,
    log,
    previous: proposal.last.get(device.member) ?? null,
    now: call.io.now(),
    validSeconds: Math.min(STATEMENT_SECONDS, expires ?? STATEMENT_SECONDS),
  });
  return {
    type: 'approval',
    ...frame,
    proposal: proposal.digest,
    decision,
    spend: digest('spend', (matter.version ?? proposal).view.spend),
    partialSignatures: cosigned?.digest ?? null,
    reasonDigest: reason?.digest ?? null,
  };
}

async function send(call: Call, desk: Desk, matter: Matter): Promise<Result<Output>> {
  const { cosigned, followed, hand, reason } = matter;
  const { state } = followed;
  const beside = { blobs: cosigned === null ? [] : [cosigned.blob], reason };
  const made = await signBy(call, desk, hand, {
    state,
    statement: statementOf(call, matter),
    beside,
  });
  if (!made.ok) return made;
  if (made.value.is === 'asked') return ok(made.value.output);
  const { signed, ...rest } = made.value;
  const post = async () => {
    const api = await desk.api();
    return api.ok ? api.value.approve(signed, rest) : api;
  };
  if (matter.decision !== 'approve') return object(call, desk, { matter, signed, post });
  const sent = await post();
  if (!sent.ok) return sent;
  const delivered = await desk.delivered(signed.digest);
  const lines = [
    delivered
      ? 'It stands in the log, verified here.'
      : 'NOT DELIVERED: the log does not show it yet.',
  ];
  const how = { json: { delivered }, lines, refusals: [] };
  return ok(await outcome(call, desk, { ...matter, signed, server: sent.value, how }));
}

/** A "no" goes to the sentinels at the same time, and counts as delivered by the word of any of them. */
async function object(
  call: Call,
  desk: Desk,
  { matter, signed, post }: Objection,
): Promise<Result<Output>> {
  const { state } = matter.followed;
  const delivery = await sayNo(desk, { state, signed }, post);
  const failed = failureOf(delivery);
  if (failed !== null) return failed;
  const server = delivery.server.is === 'done' ? delivery.server.value : null;
  const how = deliveryOf(delivery);
  return ok(await outcome(call, desk, { ...matter, signed, server, how }));
}

interface Objection {
  readonly matter: Matter;
  readonly signed: SignedStatement;
  readonly post: () => Promise<Result<ApprovedAnswer>>;
}

const verbs = { approve: 'Approved', reject: 'Rejected', withdraw: 'Withdrawn' } as const;

async function outcome(
  call: Call,
  desk: Desk,
  sent: Matter & {
    readonly signed: SignedStatement;
    /** Null where the server did not take it. */
    readonly server: ApprovedAnswer | null;
    readonly how: Required<Output>;
  },
): Promise<Output> {
  const { decision, proposal, signed, server, how } = sent;
  const { index = null, signatureExists = false } = server ?? {};
  const { state: after } = (await desk.lookAgain()) ?? sent.followed;
  const now = after.proposals.get(proposal.digest) ?? proposal;
  const stage = stageOf(after, now, standingOf(after, now, call.io.now()));
  return {
    json: {
      proposal: proposal.digest,
      name: proposal.name,
      decision,
      statement: signed.digest,
      index,
      ...how.json,
      stage,
      signatureExists,
    },
    lines: [
      sent.version === null
        ? `${verbs[decision]}: ${proposal.name}`
        : `Coins of fee bump ${String(sent.version.version)} signed: ${proposal.name}`,
      ...how.lines,
      ...(decision !== 'approve' && signatureExists
        ? ['A signature exists already: tell the security officer at once.']
        : []),
      ...standingLines(after, now, call.io.now()),
    ],
    refusals: how.refusals,
  };
}
