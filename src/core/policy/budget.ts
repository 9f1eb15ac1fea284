import { BUDGET_SATS } from '../base/limits.ts';
import { assert } from '../base/assert.ts';
import type { Seconds } from '../base/time.ts';
import type { Counted, Part } from './account.ts';
import { Account } from './account.ts';
import type { Scope } from './body.ts';
import { countedByOwner, ownersIn, Payees } from './payees.ts';
import type {
  Posting,
  Recipients,
  ScopeKey,
  Span,
  Usage,
  UsageRecord,
  WindowState,
} from './usage.ts';
import { contradicts } from './usage.ts';

/**
 * What already holds budget of a wallet, indexed so that a window is summed by binary search instead of a scan (design
 * 4, points 6 to 8). It is derived from receipts and knows no limits: editing one resets nothing.
 *
 * A spend of one payment takes about 110 bytes, and about 40 more in the accounts of owners under each reading of the
 * address books that is kept (measured at 1,000,000 of them).
 */
export class Budget {
  readonly #wallet = new Account();
  readonly #initiators = new Map<string, Account>();
  readonly #payees = new Payees();
  readonly #reservations = new Map<string, Posting>();
  #satsHeld = 0;
  #flaw: string | null = null;

  /** `since`: whatever was committed then or before is not in it, and no window may begin before. */
  constructor(readonly since: Seconds = Number.NEGATIVE_INFINITY) {}

  /** Why nothing can be said; null when all can. It stays: what contradicts itself denies until it is mended. */
  get flaw(): string | null {
    return this.#flaw;
  }

  /**
   * A spend is reserved or, reserved before or not, committed. Requires one reservation and one first signature a
   * proposal. A record that contradicts itself makes {@link flaw}.
   */
  add(record: Posting): void {
    this.release(record.proposal);
    this.#satsHeld += Number(record.amountSats) + Number(record.feeSats);
    if (contradicts(record) || !Number.isSafeInteger(record.at))
      this.#flaw ??= `the record of ${record.proposal} contradicts itself`;
    else if (this.#satsHeld > BUDGET_SATS) this.#flaw ??= 'more was spent than can be counted';
    if (this.#flaw !== null) return;
    const counted = countedOf(record);
    const accounts = [this.#wallet, this.#initiator(record.initiator)];
    if (record.state === 'committed') {
      for (const account of accounts) account.commit(record.at, counted);
      this.#payees.commit(record);
    } else {
      for (const account of accounts) account.reserve(counted, 1);
      this.#payees.reserve(record);
      this.#reservations.set(record.proposal, record);
    }
  }

  /** A reservation ends; nothing happens when there is none. What is committed is never released. */
  release(proposal: string): void {
    const record = this.#reservations.get(proposal);
    if (record === undefined) return;
    const counted = countedOf(record);
    this.#wallet.reserve(counted, -1);
    this.#initiator(record.initiator).reserve(counted, -1);
    this.#payees.release(record);
    this.#reservations.delete(proposal);
    this.#satsHeld -= Number(record.amountSats) + Number(record.feeSats);
  }

  /**
   * What a verdict asks, with destinations as the address books list them. `without` is left out: the spend under
   * judgement, as it was added. Good until something is added or released.
   */
  seen(listed: Recipients, without: Posting | null): Usage {
    return new BudgetView(this, listed, without);
  }

  /** Undefined: nobody ever spent or reserved under this key. */
  account(of: Scope, key: ScopeKey, listed: Recipients): Account | undefined {
    if (of === 'destination') return this.#payees.account(listed, key);
    return of === 'initiator' ? this.#initiators.get(key ?? '') : this.#wallet;
  }

  /** The keys of a scope under which anything was ever spent or reserved. */
  keys(of: Scope, listed: Recipients): Iterable<ScopeKey> {
    if (of === 'destination') return this.#payees.owners(listed);
    return of === 'initiator' ? this.#initiators.keys() : [null];
  }

  #initiator(id: string): Account {
    const known = this.#initiators.get(id);
    if (known !== undefined) return known;
    const made = new Account();
    this.#initiators.set(id, made);
    return made;
  }
}

const nothing: WindowState = { spent: 0, reserved: 0, freesAt: null };

class BudgetView implements Usage {
  readonly #budget: Budget;
  readonly #listed: Recipients;
  readonly #without: Posting | null;
  #withoutByOwner: ReadonlyMap<ScopeKey, Counted> | null = null;

  constructor(budget: Budget, listed: Recipients, without: Posting | null) {
    this.#budget = budget;
    this.#listed = listed;
    this.#without = without;
  }

  get flaw(): string | null {
    return this.#budget.flaw;
  }

  windowState({ measure, of, windowSeconds }: Span, key: ScopeKey, now: Seconds): WindowState {
    if (windowSeconds === null) return nothing;
    const account = this.#budget.account(of, key, this.#listed);
    if (account === undefined) return nothing;
    const isWithin = now - windowSeconds >= this.#budget.since;
    assert(isWithin, 'a window lies within what is indexed');
    return account.windowState(measure, windowSeconds, now, this.#part(of, key));
  }

  freedAt(span: Span, key: ScopeKey, excess: number, now: Seconds): Seconds | null {
    const { measure, of, windowSeconds } = span;
    assert(excess > 0, 'what is asked to age out is something');
    if (windowSeconds === null) return null;
    const account = this.#budget.account(of, key, this.#listed);
    const edge = now - windowSeconds;
    const at = account?.reached(measure, edge, excess, this.#part(of, key)) ?? null;
    return at === null ? null : at + windowSeconds;
  }

  keys(of: Scope): Iterable<ScopeKey> {
    return this.#budget.keys(of, this.#listed);
  }

  /** What the spend left out counts under a key. */
  #part(of: Scope, key: ScopeKey): Part | null {
    const own = this.#without;
    if (own === null) return null;
    const counted = this.#countedUnder(own, of, key);
    if (counted === undefined) return null;
    return { counted, at: own.state === 'committed' ? own.at : null };
  }

  #countedUnder(own: Posting, of: Scope, key: ScopeKey): Counted | undefined {
    if (of === 'destination') {
      this.#withoutByOwner ??= countedByOwner(own, ownersIn(this.#listed));
      return this.#withoutByOwner.get(key);
    }
    return of === 'initiator' && own.initiator !== key ? undefined : countedOf(own);
  }
}

function countedOf({ amountSats, feeSats }: Posting): Counted {
  return { amount: Number(amountSats), count: 1, fee: Number(feeSats) };
}

/**
 * A plain list as usage, each destination as its record says. For few records: all are indexed anew. Requires the
 * spend under judgement to be taken out.
 */
export function usageOfRecords(records: readonly UsageRecord[]): Usage {
  const budget = new Budget();
  const listed = new Map<string, { readonly owner: string; readonly tags: readonly string[] }>();
  records.forEach((record, i) => {
    const payments = record.payments.map(({ destination, sats }) => {
      const script = destination === null ? '' : `owner:${destination.owner}`;
      if (destination !== null) listed.set(script, destination);
      return { script, sats };
    });
    budget.add({ ...record, payments, proposal: `${record.proposal} (${String(i + 1)})` });
  });
  return budget.seen(listed, null);
}

/** Nothing was ever spent. */
export const noUsage: Usage = usageOfRecords([]);
