import type { Seconds } from '../../base/time.ts';
import type { Limit, PolicyBody } from '../body.ts';
import { Budget } from '../budget.ts';
import { evaluate } from '../evaluate.ts';
import type { SpendFacts } from '../inquiry.ts';
import type { Voice } from '../quorum.ts';
import { solveClause } from '../quorum.ts';
import type { Destination, ScopeKey, Usage } from '../usage.ts';
import type { Cap } from './covering.ts';
import { least } from './covering.ts';
import { feeMost, limitCaps } from './most-moved.ts';
import type { Mode } from './reach.ts';

/** A spend that passes, and whose approvals fill every rule that matches. */
export interface Passed {
  readonly facts: SpendFacts;
  readonly approvals: readonly string[];
}

type CapScope = 'wallet' | 'initiator' | 'destination';

/** Spends made one after the other, each judged by the policy itself with those before it in the windows. */
export class Rehearsal {
  readonly policy: PolicyBody;
  readonly #budget = new Budget();
  #listed: ReadonlyMap<string, Destination> = new Map();
  #spends = 0;
  #payees = 0;
  #usage: Usage;

  constructor(policy: PolicyBody) {
    this.policy = policy;
    this.#usage = this.#budget.seen(this.#listed, null);
  }

  /** Whether a spend passes at a time when these approve; null when not. */
  judge(facts: SpendFacts, voices: readonly Voice[], at: Seconds): Passed | null {
    const { refusals, waiting, matched } = evaluate(this.policy, facts, this.#usage, at);
    if (refusals.length > 0 || waiting.length > 0 || matched.length === 0) return null;
    const approvals = new Set<string>();
    for (const { clause } of matched) {
      const { met, filled } = solveClause(clause, voices);
      if (!met) return null;
      for (const { members } of filled) for (const member of members) approvals.add(member);
    }
    return { facts, approvals: [...approvals].sort() };
  }

  /** A number for a payee whom nobody has paid yet. */
  nextPayee(): number {
    return this.#payees++;
  }

  /** The spend is signed: it counts from now on. */
  take(facts: SpendFacts, at: Seconds): void {
    const { initiator, amountSats, feeSats } = facts;
    const added = facts.payments.flatMap(({ destination }) =>
      destination === null || this.#listed.has(keyOf(destination)) ? [] : [destination],
    );
    // A new map each time: who keeps sums by it sees that it says something else.
    if (added.length > 0)
      this.#listed = new Map([
        ...this.#listed,
        ...added.map((destination) => [keyOf(destination), destination] as const),
      ]);
    const payments = facts.payments.map(({ sats, destination }) => ({
      script: destination === null ? '' : keyOf(destination),
      sats,
    }));
    const proposal = String(this.#spends++);
    const record = { proposal, state: 'committed', at, initiator, amountSats, feeSats } as const;
    this.#budget.add({ ...record, payments });
    this.#usage = this.#budget.seen(this.#listed, null);
  }

  /** What one more spend of a mode may pay in all before a window of the wallet or the initiator is full; below 0: none. */
  room({ wallet, initiator: own, spendMost }: Mode, initiator: string, at: Seconds): bigint {
    const left = [
      ...wallet.map((cap) => this.#left('amount', { of: 'wallet', key: null }, cap, at)),
      ...own.map((cap) => this.#left('amount', { of: 'initiator', key: initiator }, cap, at)),
    ];
    return least(spendMost, ...left);
  }

  /** What it may pay to one payee. */
  payeeRoom({ payee, payeeMost }: Mode, owner: ScopeKey, at: Seconds): bigint {
    if (this.#isCountFull('destination', owner, at)) return 0n;
    const scope = { of: 'destination', key: owner } as const;
    return least(payeeMost, ...payee.map((cap) => this.#left('amount', scope, cap, at)));
  }

  /** Whether one more spend can be counted. */
  hasCount(initiator: string, at: Seconds): boolean {
    return !this.#isCountFull('wallet', null, at) && !this.#isCountFull('initiator', initiator, at);
  }

  /** The highest fee of one more spend of so much; below 0: none. */
  feeRoom(mode: Mode, amount: bigint, initiator: string, at: Seconds): bigint {
    const left = (of: CapScope, key: ScopeKey): readonly bigint[] =>
      limitCaps(this.policy, 'fee', of).map((cap) => this.#left('fee', { of, key }, cap, at));
    return least(
      feeMost(this.policy, mode, amount),
      ...left('wallet', null),
      ...left('initiator', initiator),
    );
  }

  /** What a window holds. */
  held(
    measure: Limit['measure'],
    { of, key }: { readonly of: CapScope; readonly key: ScopeKey },
    windowSeconds: number | null,
    at: Seconds,
  ): bigint {
    const { spent, reserved } = this.#usage.windowState({ measure, of, windowSeconds }, key, at);
    return BigInt(spent) + BigInt(reserved);
  }

  #left(
    measure: Limit['measure'],
    scope: { readonly of: CapScope; readonly key: ScopeKey },
    { windowSeconds, most }: Cap,
    at: Seconds,
  ): bigint {
    return most - this.held(measure, scope, windowSeconds, at);
  }

  #isCountFull(of: CapScope, key: ScopeKey, at: Seconds): boolean {
    return limitCaps(this.policy, 'count', of).some(
      (cap) => this.#left('count', { of, key }, cap, at) < 1n,
    );
  }
}

/** One script stands for everything that an owner has. */
function keyOf({ owner }: Destination): string {
  return `owner:${owner}`;
}
