import { ASKED_SECONDS, BUDGET_KEYS } from '../base/limits.ts';
import type { Refusal, Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Seconds } from '../base/time.ts';
import { formatTime, parseTime } from '../base/time.ts';
import { currentDocuments } from '../governance/current.ts';
import type { CharterBody } from '../governance/document.ts';
import { listingAt } from '../governance/listing.ts';
import { createLedger } from '../log/ledger.ts';
import type { ProposalRecord, State } from '../log/state.ts';
import type { Limit, PolicyBody } from './body.ts';
import type { BudgetState, LimitState } from './limit-state.ts';
import { budgetOf, limitState } from './limit-state.ts';
import { spendFacts, usageOfWallet } from './facts.ts';
import type { Look } from './look.ts';
import { seenAs } from './look.ts';
import type { Spend } from '../psbt/spend.ts';
import { sats, sumSats } from '../base/sats.ts';
import { assert } from '../base/assert.ts';
import { countedByOwner } from './payees.ts';
import type { Movement, ScopeKey, Usage } from './usage.ts';

/**
 * The budget of a wallet as people look at it: what its signer spent and reserved, by the receipts in the log, and what
 * is merely asked for. What is asked holds nothing and is never an input of authorise.ts (design 4, point 7).
 */
export interface WalletBudget extends BudgetState {
  readonly limits: readonly BudgetRow[];
  /** Digest of the policy in force at the signer. */
  readonly policy: string;
  readonly at: Seconds;
}

/** A limit under one key, or for everybody else: initiators and owners who used and ask for nothing. */
export interface BudgetRow extends LimitState {
  /** Then `key` is null and all of it is free. */
  readonly everybodyElse: boolean;
}

/** What a wallet's budget is told by. */
interface Book {
  readonly policy: PolicyBody;
  readonly charter: CharterBody | null;
  readonly look: Look;
  readonly usage: Usage;
  readonly now: Seconds;
}

/**
 * Every limit of the policy in force with spent, reserved, free, when more frees up, and `asked`: what proposals ask for
 * that nobody has approved, for an hour from their time. A limit of initiators or destinations ends with the row of everybody
 * else. Codes: `wallet.unknown`, `policy.unknown`,
 * `policy.facts.inconsistent`.
 */
export function walletBudget(state: State, wallet: string, clock: Seconds): Result<WalletBudget> {
  if (!state.wallets.has(wallet)) return refuse('wallet.unknown', { wallet });
  const policy = currentDocuments(state, wallet)?.policy;
  if (policy === undefined || policy === null) return refuse('policy.unknown', { wallet });
  const book = bookOf(state, wallet, policy.document.body, clock);
  const { usage, now } = book;
  if (usage.flaw !== null) return refuse('policy.facts.inconsistent', { reason: usage.flaw });
  const asked = askingOf(state, wallet, now).map((one) => spendFacts(one, book.look, book.charter));
  const { limits, omitted } = budgetOf(book.policy, usage, now);
  const told = book.policy.limits.flatMap((limit) => {
    const known = limits.filter(({ name }) => name === limit.name);
    const rows = withAsked(book, limit, known, asked);
    return [...rows.map((row) => ({ ...row, everybodyElse: false })), ...restOf(limit)];
  });
  return ok({ policy: policy.digest, at: now, limits: told, omitted });
}

/** The states of one limit with what is asked under each key; a key under which something is merely asked comes too. */
function withAsked(
  book: Book,
  limit: Limit,
  known: readonly LimitState[],
  asking: readonly Movement[],
): readonly LimitState[] {
  if (limit.windowSeconds === null) return known;
  const sums = askedSums(limit, asking);
  const told = new Set(known.map(({ key }) => key));
  const merely = [...sums.keys()].filter((key) => !told.has(key)).slice(0, BUDGET_KEYS);
  const states = [...known, ...stateUnder(book, limit, merely)];
  return states.map((state) => ({ ...state, asked: sums.get(state.key) ?? 0 }));
}

/** What is left to those under whose key nothing is held. */
function restOf(limit: Limit): readonly BudgetRow[] {
  if (limit.of === 'wallet' || limit.of === 'organisation') return [];
  const held = { spent: 0, reserved: 0, freesAt: null };
  return [{ ...limitState(limit, { key: null, asked: 0, held }), everybodyElse: true }];
}

/** One limit under these keys, whatever they hold. */
function stateUnder(
  { policy, usage, now }: Book,
  limit: Limit,
  keys: readonly ScopeKey[],
): readonly LimitState[] {
  return budgetOf({ ...policy, limits: [limit] }, usage, now, { [limit.of]: keys }).limits;
}

/** A spend that is about to be asked for. */
export interface AskedSpend {
  /** Its digest where it has one: sent again, it does not stand in its own way. */
  readonly proposal: string | null;
  readonly initiator: string;
  /** As it claims to be: the fold proves it later. */
  readonly spend: Pick<Spend, 'outputs' | 'feeSats'>;
}

/**
 * Why an initiator may not ask for one more spend now, or null: together with what he asks for already, and nobody has
 * approved, it is more than a limit leaves free. A spend that alone is more may be asked for: it waits until it fits.
 * Code `policy.asked.exceeded`.
 */
export function askedTooMuch(
  state: State,
  wallet: string,
  asking: AskedSpend,
  clock: Seconds,
): Refusal | null {
  const policy = currentDocuments(state, wallet)?.policy?.document.body;
  if (policy === undefined) return null;
  const book = bookOf(state, wallet, policy, clock);
  const others = askingOf(state, wallet, book.now).filter(
    ({ statement, digest }) =>
      statement.initiator === asking.initiator && digest !== asking.proposal,
  );
  const own = movementOf(asking, book.look);
  const [first] = others;
  if (first === undefined || own === null || book.usage.flaw !== null) return null;
  const former = others.map((one) => spendFacts(one, book.look, book.charter));
  for (const limit of policy.limits) {
    const over = overAsked(book, limit, former, own);
    if (over !== null)
      return {
        code: 'policy.asked.exceeded',
        facts: { limit: limit.name, ...over, lapsesAt: formatTime(lapseOf(first)) },
      };
  }
  return null;
}

function overAsked(
  book: Book,
  limit: Limit,
  former: readonly Movement[],
  own: Movement,
): { readonly key: ScopeKey; readonly asked: number; readonly free: number } | null {
  if (limit.windowSeconds === null) return null;
  const before = askedSums(limit, former);
  const sums = askedSums(limit, [own]);
  for (const { key, free } of stateUnder(book, limit, [...sums.keys()])) {
    const already = before.get(key) ?? 0;
    const asked = already + (sums.get(key) ?? 0);
    if (already > 0 && asked > free) return { key, asked, free };
  }
  return null;
}

function bookOf(state: State, wallet: string, policy: PolicyBody, clock: Seconds): Book {
  const ledger = state.ledgers.get(wallet) ?? createLedger();
  const now = Math.max(clock, ledger.at);
  const current = currentDocuments(state, wallet);
  const books = { named: current?.destinations ?? null, current: current?.destinations ?? null };
  const charter = current?.charter.document.body ?? null;
  const look = listingAt(state, ledger, books, now);
  return { policy, charter, look, usage: usageOfWallet(state, ledger, look), now };
}

/** The proposals of a wallet that merely ask, in the order of the log: open, approved by nobody, no older than an hour. */
function askingOf(state: State, wallet: string, now: Seconds): readonly ProposalRecord[] {
  const ledger = state.ledgers.get(wallet);
  return recentOf(state, now).filter(
    ({ statement, approvals, ended, digest }) =>
      statement.wallet.id === wallet &&
      approvals.length === 0 &&
      ended === null &&
      ledger?.reservations.has(digest) !== true &&
      ledger?.intents.has(digest) !== true,
  );
}

/** A fold only grows: what it holds since the last look is read on from there, and what has lapsed is forgotten. */
interface Recent {
  readonly proposals: MapIterator<ProposalRecord>;
  read: number;
  recent: readonly ProposalRecord[];
}
const recents = new WeakMap<State['proposals'], Recent>();

function recentOf({ proposals }: State, now: Seconds): readonly ProposalRecord[] {
  const found = recents.get(proposals) ?? { proposals: proposals.values(), read: 0, recent: [] };
  recents.set(proposals, found);
  const fresh: ProposalRecord[] = [];
  for (; found.read < proposals.size; found.read++) {
    const { value } = found.proposals.next();
    if (value !== undefined) fresh.push(value);
  }
  found.recent = [...found.recent, ...fresh].filter((proposal) => now < lapseOf(proposal));
  return found.recent;
}

/** When a proposal that nobody approves asks no more. */
function lapseOf({ statement }: ProposalRecord): Seconds {
  const issued = parseTime(statement.issuedAt);
  assert(issued !== undefined, 'times are checked in the fold');
  return issued + ASKED_SECONDS;
}

/** What is asked of a limit, by key: satoshi, or spends for `count`. */
function askedSums(
  { measure, of }: Limit,
  asking: readonly Movement[],
): ReadonlyMap<ScopeKey, number> {
  const sums = new Map<ScopeKey, number>();
  const ask = (key: ScopeKey, sum: number) => sums.set(key, (sums.get(key) ?? 0) + sum);
  for (const movement of asking) {
    const whole = {
      amount: Number(movement.amountSats),
      count: 1,
      fee: Number(movement.feeSats),
    };
    if (of !== 'destination') ask(of === 'initiator' ? movement.initiator : null, whole[measure]);
    else
      for (const [key, counted] of countedByOwner(
        movement,
        ({ destination }) => destination?.owner ?? null,
      ))
        ask(key, counted[measure]);
  }
  return sums;
}

/** Null where what is claimed can be no spend. */
function movementOf({ initiator, spend }: AskedSpend, look: Look): Movement | null {
  const payments = spend.outputs.flatMap(({ script, sats: amount, change }) =>
    change === undefined ? [{ script, sats: sats(amount), ...seenAs(look, script) }] : [],
  );
  const amountSats = sumSats(payments.map((payment) => payment.sats));
  if (!amountSats.ok) return null;
  return { payments, amountSats: amountSats.value, feeSats: sats(spend.feeSats), initiator };
}
