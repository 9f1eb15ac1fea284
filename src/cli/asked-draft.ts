import type { DraftRequest } from '../client/api.ts';
import { fromUtf8, toBase64 } from '../core/base/bytes.ts';
import {
  BATCH_BYTES,
  FEE_RATE_ESTIMATE,
  LONG_TERM_FEE_RATE,
  PROPOSAL_SECONDS,
  PSBT_BYTES,
  REPLACEMENTS,
} from '../core/base/limits.ts';
import { assert } from '../core/base/assert.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { satsToJson } from '../core/base/sats.ts';
import { formatTime } from '../core/base/time.ts';
import type { ProposalStatement } from '../core/approval/statement.ts';
import { changeReach } from '../core/log/admit-proposal.ts';
import { newestSigned } from '../core/log/admit-version.ts';
import type { State, WalletRecord } from '../core/log/state.ts';
import { evictedSats } from '../core/policy/facts.ts';
import { inspectPsbt } from '../core/psbt/inspect.ts';
import type { Call } from './command.ts';
import { Fault, UsageError, required, wholeNumber } from './command.ts';
import { decodePsbt } from './commands/psbt-inspect.ts';
import type { Asked } from './draft.ts';
import { readInput } from './files.ts';
import { findProposal } from './find-proposal.ts';
import type { AskedPayment } from './payments.ts';
import { amountOf, parseBatch, parsePayment, resolvePayments } from './payments.ts';

/** What a person asks to have drafted, as the options of `propose` say it. */
export interface AskedDraft {
  readonly asked: Asked;
  readonly psbt: Uint8Array | null;
}

type Merging = Extract<DraftRequest, { readonly consolidate: unknown }>['consolidate'];

const DAY = 86_400;

/** Whether the options say one thing. Throws a UsageError. */
export function checkSources(call: Call): void {
  const ways = ['to', 'batch', 'psbt', 'consolidate', 'cancel', 'cpfp'].filter((name) =>
    call.has(name),
  );
  if (ways.length === 0)
    throw new UsageError(
      'what is to be paid? --to, --batch, --psbt, --consolidate, --cancel or --cpfp',
    );
  for (const rescue of ['cancel', 'cpfp'])
    if (ways.includes(rescue) && ways.length > 1)
      throw new UsageError(`--${rescue} pays nobody: leave the others out`);
  for (const name of ['fee-days', 'replacements'])
    if (call.has(name) && !call.has('fee-max'))
      throw new UsageError(`--${name} goes with --fee-max`);
  if (ways.includes('psbt') && ways.length > 1)
    throw new UsageError('a PSBT names its payments itself: leave the others out');
  if (ways.includes('psbt') && call.has('fee-rate'))
    throw new UsageError('a PSBT fixes its fee itself: leave --fee-rate out');
  if (ways.includes('consolidate') && ways.length > 1)
    throw new UsageError('a consolidation pays nobody: leave --to and --batch out');
  for (const name of ['ceiling', 'coins', 'below', 'refresh'])
    if (call.has(name) && !ways.includes('consolidate'))
      throw new UsageError(`--${name} goes with --consolidate`);
}

/**
 * What is asked for, read by the followed log. Codes: those of a PSBT, `address.*`, `amount.invalid`,
 * `destination.unknown`, `proposal.*`.
 */
export async function askedOf(
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
  const rescued = call.text('cancel') ?? call.text('cpfp');
  if (rescued !== undefined) return rescueOf(call, state, rescued);
  if (call.has('consolidate')) {
    // What recovery keys could take is moved at any price.
    const usual = call.has('refresh') ? FEE_RATE_ESTIMATE : LONG_TERM_FEE_RATE;
    const ceilingRate = wholeNumber(call, 'ceiling') ?? usual;
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

/** The signed proposal that is to be cancelled, or helped by a child. Codes: `proposal.unknown`, `proposal.unsigned`. */
function rescueOf(call: Call, state: State, named: string): Result<AskedDraft> {
  const found = findProposal(state, named);
  if (!found.ok) return found;
  const target = newestSigned(state, found.value);
  if (target === undefined) return refuse('proposal.unsigned', { proposal: found.value.digest });
  const feeRate = wholeNumber(call, 'fee-rate');
  const way = call.has('cancel') ? 'cancel' : 'child';
  const { digest: proposal } = found.value;
  const ledger = state.ledgers.get(found.value.statement.wallet.id);
  assert(ledger !== undefined, 'a signed proposal has its receipts');
  const evicted = evictedSats(state, ledger, found.value);
  const rescue = { way, proposal, target, evictedSats: evicted } as const;
  return ok({ asked: { rescue, feeRate }, psbt: null });
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

/** The request to the server. Code `amount.invalid`. */
export function requestOf(
  call: Call,
  purpose: string,
  { asked, psbt }: AskedDraft,
): Result<DraftRequest> {
  const reference = call.text('reference');
  const most = feeMaxOf(call);
  if (!most.ok) return most;
  const base = {
    wallet: required(call, 'wallet'),
    purpose,
    ...(reference === undefined ? {} : { reference }),
    ...(most.value === null ? {} : { feeSatsMax: most.value }),
  };
  if (psbt !== null) return ok({ ...base, psbt: toBase64(psbt) });
  if ('transaction' in asked) throw new UsageError('what is to be paid?');
  const rate = asked.feeRate === undefined ? {} : { feeRate: asked.feeRate };
  if ('payments' in asked) {
    const payments = asked.payments.map(({ address, sats }) => ({ address, sats }));
    return ok({ ...base, payments, ...rate });
  }
  if ('rescue' in asked) {
    const { way, proposal } = asked.rescue;
    return ok({
      ...base,
      ...(way === 'cancel' ? { cancels: proposal } : { childOf: proposal }),
      ...rate,
    });
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
    ...(call.has('refresh') ? { refresh: true } : {}),
    ...(mostInputs === undefined ? {} : { mostInputs }),
    ...(amount === null ? {} : { mostCoinSats: satsToJson(amount.value) }),
  });
}

/** The most fee that may be paid without further approvals; null without an envelope. Code `amount.invalid`. */
function feeMaxOf(call: Call): Result<number | null> {
  const text = call.text('fee-max');
  if (text === undefined) return ok(null);
  const amount = amountOf(text);
  return amount.ok ? ok(satsToJson(amount.value)) : amount;
}

/** The envelope that the options ask for: a week and five bumps unless they say otherwise. Code `amount.invalid`. */
export function envelopeOf(call: Call): Result<ProposalStatement['envelope']> {
  const most = feeMaxOf(call);
  if (!most.ok) return most;
  if (most.value === null) return ok(null);
  const days = wholeNumber(call, 'fee-days') ?? 7;
  const mostDays = PROPOSAL_SECONDS / DAY;
  if (days < 1 || days > mostDays)
    throw new UsageError(`--fee-days takes 1 to ${String(mostDays)} days`);
  const replacementsMax = wholeNumber(call, 'replacements') ?? 5;
  if (replacementsMax < 1 || replacementsMax > REPLACEMENTS)
    throw new UsageError(`--replacements takes 1 to ${String(REPLACEMENTS)}`);
  const until = formatTime(call.io.now() + days * DAY);
  return ok({ feeSatsMax: most.value, replacementsMax, until });
}
