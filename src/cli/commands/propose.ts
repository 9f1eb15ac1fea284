import { saltText } from '../../client/statements.ts';
import { frameOf, signStatement } from '../../client/statements.ts';
import type { Followed } from '../../client/log-follower.ts';
import type { DraftAnswer } from '../../client/answers.ts';
import type { DraftRequest } from '../../client/api.ts';
import { renderProposal } from '../../core/approval/render.ts';
import type { ProposalStatement } from '../../core/approval/statement.ts';
import { toBase64 } from '../../core/base/bytes.ts';
import {
  BATCH_BYTES,
  LONG_TERM_FEE_RATE,
  PROPOSAL_SECONDS,
  PSBT_BYTES,
  TEXT_LENGTH,
} from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { fromUtf8 } from '../../core/base/bytes.ts';
import { satsToJson } from '../../core/base/sats.ts';
import { currentDocuments } from '../../core/governance/current.ts';
import { changeReach } from '../../core/log/admit-proposal.ts';
import type { State, WalletRecord } from '../../core/log/state.ts';
import { inspectPsbt } from '../../core/psbt/inspect.ts';
import { describeSpend } from '../../core/psbt/spend.ts';
import { addressBookLines } from '../address-book.ts';
import type { Call, Output, Run } from '../command.ts';
import { Fault, UsageError, required, wholeNumber } from '../command.ts';
import { consent } from '../consent.ts';
import { Desk } from '../desk.ts';
import type { Asked, ReadDraft } from '../draft.ts';
import { compareDraft, readDraft } from '../draft.ts';
import { draftReasons } from '../draft-reasons.ts';
import { readInput } from '../files.ts';
import { findProposal } from '../find-proposal.ts';
import type { AskedPayment } from '../payments.ts';
import { amountOf, parseBatch, parsePayment, resolvePayments } from '../payments.ts';
import { decodePsbt } from './psbt-inspect.ts';

const DAY = 86_400;

type Merging = Extract<DraftRequest, { readonly consolidate: unknown }>['consolidate'];

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
  given: Omit<Prepared, 'draft'> & { readonly asked: Asked },
): Promise<Result<Output>> {
  const { followed, wallet, asked, drafted, purpose } = given;
  const draft = readDraft(followed.state, wallet, drafted);
  if (!draft.ok) return draft;
  const same = compareDraft(draft.value, asked, wallet.wallet);
  if (!same.ok) return same;
  return signAndSend(call, desk, { followed, wallet, draft: draft.value, drafted, purpose });
}

interface Prepared {
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
    ...addressBookLines(followed.state, draft.view.spend, wallet),
    `Fee rate ${String(describeSpend(draft.view, wallet.wallet).feeRate)} sat/vB at most size`,
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
    kind: 'pay',
    spend: {
      ...draft.view.spend,
      inputs: [...draft.view.spend.inputs],
      outputs: [...draft.view.spend.outputs],
    },
    envelope: null,
    initiator: device.member,
    purposeDigest,
    reference: call.text('reference') ?? null,
    repeats: repeats.value,
  });
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

function checkSources(call: Call): void {
  const ways = ['to', 'batch', 'psbt', 'consolidate'].filter((name) => call.has(name));
  if (ways.length === 0)
    throw new UsageError('what is to be paid? --to, --batch, --psbt or --consolidate');
  if (ways.includes('psbt') && ways.length > 1)
    throw new UsageError('a PSBT names its payments itself: leave the others out');
  if (ways.includes('psbt') && call.has('fee-rate'))
    throw new UsageError('a PSBT fixes its fee itself: leave --fee-rate out');
  if (ways.includes('consolidate') && ways.length > 1)
    throw new UsageError('a consolidation pays nobody: leave --to and --batch out');
  for (const name of ['ceiling', 'coins', 'below'])
    if (call.has(name) && !ways.includes('consolidate'))
      throw new UsageError(`--${name} goes with --consolidate`);
}

interface AskedDraft {
  readonly asked: Asked;
  readonly psbt: Uint8Array | null;
}

async function askedOf(
  call: Call,
  state: State,
  wallet: WalletRecord,
): Promise<Result<AskedDraft>> {
  const file = call.text('psbt');
  if (file !== undefined) {
    const psbt = decodePsbt(await readInput(call.io, file, PSBT_BYTES * 2));
    const highestChange = changeReach(state, wallet);
    const read = inspectPsbt(psbt, wallet.wallet, {
      highestReceive: wallet.body.gapLimit + highestChange,
      highestChange,
    });
    return read.ok ? ok({ asked: { transaction: read.value.transaction }, psbt }) : read;
  }
  if (call.has('consolidate')) {
    const ceilingRate = wholeNumber(call, 'ceiling') ?? LONG_TERM_FEE_RATE;
    return ok({ asked: { ceilingRate, feeRate: wholeNumber(call, 'fee-rate') }, psbt: null });
  }
  const listed = await paymentsOf(call);
  if (!listed.ok) return listed;
  const payments = resolvePayments(state, wallet, listed.value);
  if (!payments.ok) return payments;
  return ok({
    asked: { payments: payments.value, feeRate: wholeNumber(call, 'fee-rate') },
    psbt: null,
  });
}

async function paymentsOf(call: Call): Promise<Result<readonly AskedPayment[]>> {
  const payments: AskedPayment[] = [];
  for (const text of call.texts('to')) {
    const payment = parsePayment(text);
    if (!payment.ok) return payment;
    payments.push(payment.value);
  }
  const file = call.text('batch');
  if (file === undefined) return ok(payments);
  const text = fromUtf8(await readInput(call.io, file, BATCH_BYTES));
  if (text === undefined) throw new Fault(`${file} is not UTF-8`);
  const batch = parseBatch(text);
  return batch.ok ? ok([...payments, ...batch.value]) : batch;
}

function requestOf(call: Call, purpose: string, { asked, psbt }: AskedDraft): Result<DraftRequest> {
  const reference = call.text('reference');
  const base = {
    wallet: required(call, 'wallet'),
    purpose,
    ...(reference === undefined ? {} : { reference }),
  };
  if (psbt !== null) return ok({ ...base, psbt: toBase64(psbt) });
  if ('transaction' in asked) throw new UsageError('what is to be paid?');
  const rate = asked.feeRate === undefined ? {} : { feeRate: asked.feeRate };
  if ('payments' in asked) {
    const payments = asked.payments.map(({ address, sats }) => ({ address, sats }));
    return ok({ ...base, payments, ...rate });
  }
  const consolidate = mergingOf(call, asked.ceilingRate);
  return consolidate.ok ? ok({ ...base, consolidate: consolidate.value, ...rate }) : consolidate;
}

/** Which coins are merged. Code `amount.invalid`. */
function mergingOf(call: Call, ceilingRate: number): Result<Merging> {
  const mostInputs = wholeNumber(call, 'coins');
  const below = call.text('below');
  const amount = below === undefined ? null : amountOf(below);
  if (amount !== null && !amount.ok) return amount;
  return ok({
    ceilingRate,
    ...(mostInputs === undefined ? {} : { mostInputs }),
    ...(amount === null ? {} : { mostCoinSats: satsToJson(amount.value) }),
  });
}
