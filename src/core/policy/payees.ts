import { LOOKS_KEPT } from '../base/limits.ts';
import type { Counted } from './account.ts';
import { Account } from './account.ts';
import type { Posting, Recipients, ScopeKey } from './usage.ts';

/** The accounts of destinations under one reading of the address books; each is made when it is first asked for. */
interface Grouping {
  readonly listed: Recipients;
  readonly accounts: Map<ScopeKey, Account>;
  readonly scripts: ReadonlyMap<string, readonly string[]>;
}

/**
 * What was paid to whom. Amounts are kept by script, because whose a script is changes with the address books; the
 * sums of an owner are made when they are asked for, and kept up to date for the last readings asked about.
 *
 * Takes 24 bytes a payment, 16 a spend and about 60 a script; and for each owner asked for, under each of the
 * LOOKS_KEPT readings kept, an account.
 */
export class Payees {
  /** Of each committed spend. */
  readonly #at: number[] = [];
  readonly #fee: number[] = [];
  /** Of each payment of those, in the same order: its spend, its satoshi, the payment before it to the same script. */
  readonly #spend: number[] = [];
  readonly #sats: number[] = [];
  readonly #before: number[] = [];
  /** By script: its last payment. */
  readonly #last = new Map<string, number>();
  readonly #reserved = new Map<string, Posting>();
  /** The one asked about last comes first. */
  #groupings: Grouping[] = [];

  commit(posting: Posting): void {
    const spend = this.#at.push(posting.at) - 1;
    this.#fee.push(Number(posting.feeSats));
    for (const { script, sats } of posting.payments) {
      const payment = this.#spend.push(spend) - 1;
      this.#sats.push(Number(sats));
      this.#before.push(this.#last.get(script) ?? -1);
      this.#last.set(script, payment);
    }
    for (const { listed, accounts } of this.#groupings)
      for (const [owner, counted] of countedByOwner(posting, ownersIn(listed)))
        accounts.get(owner)?.commit(posting.at, counted);
  }

  reserve(posting: Posting): void {
    this.#reserved.set(posting.proposal, posting);
    this.#reserveInGroupings(posting, 1);
  }

  release(posting: Posting): void {
    this.#reserved.delete(posting.proposal);
    this.#reserveInGroupings(posting, -1);
  }

  /** What an owner's scripts hold, or (null) those of nobody listed. */
  account(listed: Recipients, owner: ScopeKey): Account {
    const { accounts, scripts } = this.#grouping(listed);
    const known = accounts.get(owner);
    if (known !== undefined) return known;
    const payments = owner === null ? this.#unlisted(listed) : this.#paidTo(scripts.get(owner));
    const made = this.#accountOf(payments);
    for (const posting of this.#reserved.values()) {
      const counted = countedByOwner(posting, ownersIn(listed)).get(owner);
      if (counted !== undefined) made.reserve(counted, 1);
    }
    accounts.set(owner, made);
    return made;
  }

  /** Every owner to whom anything was paid or is reserved. */
  owners(listed: Recipients): ReadonlySet<ScopeKey> {
    const ownerOf = ownersIn(listed);
    const found = new Set<ScopeKey>();
    for (const script of this.#last.keys()) found.add(ownerOf({ script }));
    for (const { payments } of this.#reserved.values())
      for (const payment of payments) found.add(ownerOf(payment));
    return found;
  }

  #grouping(listed: Recipients): Grouping {
    const [first] = this.#groupings;
    if (first?.listed === listed) return first;
    const found = this.#groupings.find((one) => one.listed === listed) ?? groupingOf(listed);
    const others = this.#groupings.filter((one) => one !== found);
    this.#groupings = [found, ...others].slice(0, LOOKS_KEPT);
    return found;
  }

  #reserveInGroupings(posting: Posting, times: 1 | -1): void {
    for (const { listed, accounts } of this.#groupings)
      for (const [owner, counted] of countedByOwner(posting, ownersIn(listed)))
        accounts.get(owner)?.reserve(counted, times);
  }

  /** Payments to the scripts, in the order of the spends. */
  #paidTo(scripts: readonly string[] = []): readonly number[] {
    const found: number[] = [];
    for (const script of scripts)
      for (let at = this.#last.get(script) ?? -1; at >= 0; at = this.#before[at] ?? -1)
        found.push(at);
    return found.sort((a, b) => a - b);
  }

  /** Payments to scripts that are not listed, in the order of the spends. */
  #unlisted(listed: Recipients): readonly number[] {
    const isListed = new Uint8Array(this.#spend.length);
    for (const script of listed.keys())
      for (let at = this.#last.get(script) ?? -1; at >= 0; at = this.#before[at] ?? -1)
        isListed[at] = 1;
    const found: number[] = [];
    for (const [at, is] of isListed.entries()) if (is === 0) found.push(at);
    return found;
  }

  /** A spend counts once, however many of its payments these are: they stand side by side. */
  #accountOf(payments: readonly number[]): Account {
    const made = new Account();
    for (let i = 0; i < payments.length;) {
      const spend = this.#spend[payments[i] ?? -1] ?? -1;
      let amount = 0;
      for (; this.#spend[payments[i] ?? -1] === spend; i++)
        amount += this.#sats[payments[i] ?? -1] ?? 0;
      made.commit(this.#at[spend] ?? 0, { amount, count: 1, fee: this.#fee[spend] ?? 0 });
    }
    return made;
  }
}

function groupingOf(listed: Recipients): Grouping {
  const scripts = new Map<string, string[]>();
  for (const [script, { owner }] of listed) {
    const known = scripts.get(owner);
    if (known === undefined) scripts.set(owner, [script]);
    else known.push(script);
  }
  return { listed, accounts: new Map(), scripts };
}

/** The owner of a script among those listed; null: nobody. */
export function ownersIn(
  listed: Recipients,
): (payment: { readonly script: string }) => string | null {
  return ({ script }) => listed.get(script)?.owner ?? null;
}

/** What a spend counts for each owner that it pays: satoshi of the payments to him, and the spend once. */
export function countedByOwner<P extends { readonly sats: bigint }>(
  { payments, feeSats }: { readonly payments: readonly P[]; readonly feeSats: bigint },
  ownerOf: (payment: P) => ScopeKey,
): ReadonlyMap<ScopeKey, Counted> {
  const found = new Map<ScopeKey, Counted>();
  const fee = Number(feeSats);
  for (const payment of payments) {
    const owner = ownerOf(payment);
    const amount = (found.get(owner)?.amount ?? 0) + Number(payment.sats);
    found.set(owner, { amount, count: 1, fee });
  }
  return found;
}
