import { assert } from '../base/assert.ts';
import { REPEAT_SECONDS, WINDOW_SECONDS } from '../base/limits.ts';
import { sats } from '../base/sats.ts';
import type { Seconds } from '../base/time.ts';
import type { Ledger } from '../log/ledger.ts';
import type { ProposalRecord, State } from '../log/state.ts';
import { mostFeeSats } from '../proposal/replacement.ts';
import { Budget } from './budget.ts';
import type { Posting } from './usage.ts';

/** A clock may stand this far before the ledger's last receipt, and a year's window is whole still. */
const SLACK_SECONDS = 86_400;

/** A coin that another proposal has, and that proposal. */
interface CoinHeld {
  readonly coin: string;
  readonly by: string;
}

/** A signed spend that another may repeat. */
interface Signed {
  readonly at: Seconds;
  readonly proposal: ProposalRecord;
  /** What makes another spend a repetition. */
  readonly likes: readonly string[];
}

/**
 * What verdicts ask about all that a signer reserved and signed: its budget, its coins, its payments of the last week.
 * It follows the signer's ledger, whose receipts only grow, and is read out of nothing else. A spend is in the budget
 * for a year, the longest window, to two; a coin for ever.
 */
export class LedgerIndex {
  readonly #ledger: Ledger;
  /** The first of each list that is not in the index yet: a Map's iterator goes on with what was added since. */
  readonly #signed: MapIterator<readonly [string, { readonly at: Seconds }]>;
  readonly #intents: SetIterator<string>;
  #signedRead = 0;
  #intentsRead = 0;
  #position = -1;
  readonly #reserved = new Map<string, ProposalRecord>();
  readonly #spentCoins = new Map<string, string>();
  /** Coins that more than one proposal spends: only the ledger of a signer that broke its rules has such. */
  readonly #spentAgain = new Map<string, string[]>();
  /** Cancelled proposals with what cancels them. */
  readonly #cancels = new Map<string, string[]>();
  #bumpsRead = 0;
  readonly #reservedCoins = new Map<string, string[]>();
  /** Within REPEAT_SECONDS, in the order of time. */
  readonly #lately: Signed[] = [];
  readonly #alike = new Map<string, Signed[]>();
  #budget: Budget;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#signed = ledger.signed.entries();
    this.#intents = ledger.intents.values();
    this.#budget = new Budget(horizon(ledger));
  }

  get budget(): Budget {
    return this.#budget;
  }

  /** Whether the ledger has nothing that the index has not. */
  get isCurrent(): boolean {
    return this.#position === this.#ledger.position;
  }

  /** Takes in what the ledger has and the index has not. Requires a state with every proposal that a receipt names. */
  follow(state: State): void {
    const { position, signed, intents, reservations, bumped } = this.#ledger;
    const proposalOf = (digest: string): ProposalRecord => {
      const proposal = state.proposals.get(digest);
      assert(proposal !== undefined, 'a receipt names a known proposal');
      return proposal;
    };
    for (; this.#signedRead < signed.size; this.#signedRead++) {
      const { value } = this.#signed.next();
      if (value !== undefined) this.#sign(proposalOf(value[0]), value[1].at);
    }
    for (; this.#intentsRead < intents.size; this.#intentsRead++) {
      const { value } = this.#intents.next();
      if (value !== undefined) this.#spend(proposalOf(value));
    }
    for (; this.#bumpsRead < bumped.length; this.#bumpsRead++)
      this.#signAgain(proposalOf(bumped[this.#bumpsRead] ?? ''));
    for (const [digest, proposal] of this.#reserved)
      if (!reservations.has(digest)) this.#release(proposal);
    for (const [digest, at] of reservations)
      if (!this.#reserved.has(digest)) this.#reserve(proposalOf(digest), at);
    this.#position = position;
    if (horizon(this.#ledger) > this.#budget.since + WINDOW_SECONDS) this.#renew(proposalOf);
  }

  /** How a proposal counts now, to be left out of its own verdict; null when it does not. */
  postingOf(proposal: ProposalRecord): Posting | null {
    const { signed, reservations } = this.#ledger;
    const committed = signed.get(proposal.digest);
    if (committed !== undefined) return posting(proposal, 'committed', committed.at);
    const reserved = reservations.get(proposal.digest);
    return reserved === undefined ? null : posting(proposal, 'reserved', reserved);
  }

  /** A coin of a proposal that another spends whose signature exists or may, and that other. */
  coinSigned(proposal: ProposalRecord): CoinHeld | null {
    for (const { outpoint } of proposal.view.spend.inputs) {
      const first = this.#spentCoins.get(outpoint);
      const by =
        first === proposal.digest
          ? this.#spentAgain.get(outpoint)?.find((one) => one !== first)
          : first;
      if (by !== undefined) return { coin: outpoint, by };
    }
    return null;
  }

  /** The cancel proposals of a proposal whose signatures exist or may, in the order of the ledger. */
  cancelsOf(proposal: string): readonly string[] {
    return this.#cancels.get(proposal) ?? [];
  }

  /** The first proposal that spends a coin and whose signature exists or may, or null. */
  spenderOf(outpoint: string): string | null {
    return this.#spentCoins.get(outpoint) ?? null;
  }

  /** A coin of a proposal that is reserved for another, and that other; cancel proposals of one proposal do not keep each other up. */
  coinReserved({ digest, statement, view }: ProposalRecord): CoinHeld | null {
    for (const { outpoint } of view.spend.inputs) {
      const by = this.#reservedCoins
        .get(outpoint)
        ?.find((one) => one !== digest && !this.#isCancelOf(one, statement.cancels));
      if (by !== undefined) return { coin: outpoint, by };
    }
    return null;
  }

  #isCancelOf(proposal: string, cancelled: string | null): boolean {
    const cancels = this.#reserved.get(proposal)?.statement.cancels ?? null;
    return cancels !== null && cancels === cancelled;
  }

  /** The newest other proposal of the same payments or reference that was signed within REPEAT_SECONDS. */
  repeated(proposal: ProposalRecord, now: Seconds): ProposalRecord | null {
    let last: ProposalRecord | null = null;
    for (const like of likesOf(proposal))
      for (const { at, proposal: other } of this.#alike.get(like) ?? []) {
        if (other.digest === proposal.digest || now - at >= REPEAT_SECONDS) continue;
        if (last === null || other.index > last.index) last = other;
      }
    return last;
  }

  #sign(proposal: ProposalRecord, at: Seconds): void {
    this.#spend(proposal);
    if (at > this.#budget.since) this.#budget.add(posting(proposal, 'committed', at));
    this.#remember(proposal, at);
  }

  /** A fee bump makes the same payments anew: whoever repeats them then may pay twice. */
  #signAgain(proposal: ProposalRecord): void {
    const at = this.#ledger.bumps.get(proposal.digest)?.signed.at(-1)?.at;
    if (at !== undefined) this.#remember(proposal, at);
  }

  #remember(proposal: ProposalRecord, at: Seconds): void {
    const isLate = (then: Seconds): boolean => then + REPEAT_SECONDS > this.#ledger.at;
    if (isLate(at)) {
      const signed = { at, proposal, likes: likesOf(proposal) };
      this.#lately.push(signed);
      for (const like of signed.likes) add(this.#alike, like, signed);
    }
    for (let past = this.#lately[0]; past !== undefined && !isLate(past.at);) {
      for (const like of past.likes) remove(this.#alike, like, past);
      this.#lately.shift();
      past = this.#lately[0];
    }
  }

  #spend(proposal: ProposalRecord): void {
    const { cancels } = proposal.statement;
    if (cancels !== null && !this.cancelsOf(cancels).includes(proposal.digest))
      add(this.#cancels, cancels, proposal.digest);
    for (const { outpoint } of proposal.view.spend.inputs) {
      const first = this.#spentCoins.get(outpoint);
      if (first === undefined) this.#spentCoins.set(outpoint, proposal.digest);
      else if (first !== proposal.digest) add(this.#spentAgain, outpoint, proposal.digest);
    }
  }

  #reserve(proposal: ProposalRecord, at: Seconds): void {
    this.#reserved.set(proposal.digest, proposal);
    this.#budget.add(posting(proposal, 'reserved', at));
    for (const { outpoint } of proposal.view.spend.inputs)
      add(this.#reservedCoins, outpoint, proposal.digest);
  }

  #release(proposal: ProposalRecord): void {
    if (!this.#reserved.delete(proposal.digest)) return;
    this.#budget.release(proposal.digest);
    for (const { outpoint } of proposal.view.spend.inputs)
      remove(this.#reservedCoins, outpoint, proposal.digest);
  }

  /** Makes the budget anew without what no window reaches any more. */
  #renew(proposalOf: (digest: string) => ProposalRecord): void {
    this.#budget = new Budget(horizon(this.#ledger));
    for (const [digest, { at }] of this.#ledger.signed)
      if (at > this.#budget.since) this.#budget.add(posting(proposalOf(digest), 'committed', at));
    for (const [digest, at] of this.#ledger.reservations)
      this.#budget.add(posting(proposalOf(digest), 'reserved', at));
  }
}

const indexes = new WeakMap<Ledger, LedgerIndex>();

/** The index of a ledger, up to its last receipt. Requires a state with every proposal that a receipt names. */
export function indexOf(state: State, ledger: Ledger): LedgerIndex {
  const index = indexes.get(ledger) ?? new LedgerIndex(ledger);
  if (index.isCurrent) return index;
  // Should it fail halfway, the next who asks begins anew: half an index would count too little.
  indexes.delete(ledger);
  index.follow(state);
  indexes.set(ledger, index);
  return index;
}

/** What was signed then or before no window reaches. */
function horizon(ledger: Ledger): Seconds {
  return ledger.at - WINDOW_SECONDS - SLACK_SECONDS;
}

function posting(proposal: ProposalRecord, state: Posting['state'], at: Seconds): Posting {
  const { view, statement, digest } = proposal;
  const payments = view.spend.outputs.flatMap((output) =>
    output.change === undefined ? [{ script: output.script, sats: sats(output.sats) }] : [],
  );
  return {
    proposal: digest,
    state,
    at,
    initiator: statement.initiator,
    amountSats: view.amountSats,
    feeSats: mostFeeSats(proposal),
    payments,
  };
}

/** What a proposal has in common with one that it repeats: its reference or its payments. */
function likesOf({ view, statement }: ProposalRecord): readonly string[] {
  const payments = view.spend.outputs
    .filter((output) => output.change === undefined)
    .map((output) => `${output.script}:${String(output.sats)}`)
    .sort();
  const { reference } = statement;
  return [
    ...(reference === null ? [] : [`reference ${reference}`]),
    ...(payments.length === 0 ? [] : [`payments ${payments.join()}`]),
  ];
}

function add<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [item]);
  else known.push(item);
}

function remove<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const left = (lists.get(key) ?? []).filter((one) => one !== item);
  if (left.length === 0) lists.delete(key);
  else lists.set(key, left);
}
