import type { Store, Terms } from './atoms.ts';
import { kindsOf, shapeOf } from './atoms.ts';
import type { Bounds, OwnerSum, Shape } from './bounds.ts';
import { at, narrow } from './bounds.ts';
import type { Payee, Side } from './cases.ts';
import type { Classes, RecipientClass } from './recipients.ts';
import { ownerOn, ownersKey } from './recipients.ts';
import type { Item, PlannedPayment, Solution } from './solution.ts';
import { sumsFor } from './solution.ts';
import type { Steps } from './steps.ts';

/** What looking into one plan takes, in steps. */
const STEPS_OF_PLAN = 50;
/**
 * Spends within a store, the likeliest to hold first. Returns whether there may be others: when it is false, and
 * nothing came, the store holds no spend. It never comes to an end without having told the truth on that.
 */
export function* solutions(store: Store, terms: Terms, steps: Steps): Generator<Solution, boolean> {
  if (terms.payments === 'none') {
    yield* sumsFor(store.bounds, shapeOf(store, terms), () => []);
    return true;
  }
  // Every class is looked at for what the store needs of it.
  if (!steps.take(terms.recipients.classes.length)) return true;
  let isOpen = false;
  for (const plan of plans({ store, terms, steps })) {
    if (!steps.take(STEPS_OF_PLAN)) return true;
    const made = prepare(plan, store, terms);
    if (made === null) continue;
    isOpen = true;
    for (const heavy of made.heavies)
      for (const manner of ['gather', 'scatter'] as const) {
        const payees = payeesFor(plan, heavy, manner);
        yield* sumsFor(made.bounds, made.shape, (bounds, amount) =>
          payOut({ plan, payees, heavy, store, terms, bounds }, amount),
        );
      }
  }
  return isOpen || !steps.take(0);
}

interface Planning {
  readonly store: Store;
  readonly terms: Terms;
  readonly steps: Steps;
}

/** Every smallest choice of payments that has what the store needs, as long as there are steps. */
function* plans(planning: Planning, chosen: readonly Item[] = []): Generator<readonly Item[]> {
  const { store, terms, steps } = planning;
  if (!steps.take(1 + store.needed.length)) return;
  const isFull = chosen.length >= store.payments.most;
  const options = itemsOf(store, terms);
  const hits = (classes: Classes) => (item: Item) => (item.of.bit & classes) !== 0n;
  const lacking = store.needed.find((classes) => !chosen.some(hits(classes)));
  if (lacking !== undefined) {
    if (isFull) return;
    for (const item of options.filter(hits(lacking))) yield* plans(planning, [...chosen, item]);
    return;
  }
  const kind = terms.kinds.find((one) => !chosen.some((item) => isKind(item, one)));
  if (kind !== undefined) {
    if (isFull) return;
    for (const item of options.filter((one) => isKind(one, kind)))
      yield* plans(planning, [...chosen, item]);
    return;
  }
  if (chosen.length > 0) yield chosen;
  if (isFull || chosen.some(({ zero }) => !zero)) return;
  for (const item of options.filter(({ zero }) => !zero)) yield [...chosen, item];
}

function isKind({ of, zero }: Item, kind: Terms['kinds'][number]): boolean {
  return kindsOf(of, zero ? 0 : 1).includes(kind);
}

const known = new WeakMap<Store, readonly Item[]>();

/** The payments that a store lets be; of those that it does not tell apart, one. */
function itemsOf(store: Store, terms: Terms): readonly Item[] {
  const { kinds, recipients } = terms;
  const before = known.get(store);
  if (before !== undefined) return before;
  const counts = shapeOf(store, terms).parts.some((sum) =>
    sum === 'initiator' ? false : isBound(store.bounds, sum),
  );
  const found = new Map<string, Item>();
  for (const of of recipients.classes) {
    if ((of.bit & store.allowed) === 0n) continue;
    for (const zero of [false, true]) {
      if (!kindsOf(of, zero ? 0 : 1).every((kind) => kinds.includes(kind))) continue;
      const needed = store.needed.map((classes) => (classes & of.bit) !== 0n);
      const key = JSON.stringify([zero, of.kind, needed, counts ? String(of.bit) : '']);
      if (!found.has(key)) found.set(key, { of, zero });
    }
  }
  const items = [...found.values()];
  known.set(store, items);
  return items;
}

/** Whether more is asked of an owner's sum than that it is a part of the wallet's. */
function isBound({ low, high }: Bounds, sum: OwnerSum): boolean {
  return low[sum].some((value, i) => value > 0 || at(high[sum], i) < at(high.wallet, i));
}

interface Prepared {
  readonly bounds: Bounds;
  readonly shape: Shape;
  readonly heavies: readonly Payee[];
}

/** What a plan leaves of the bounds; null when nothing. */
function prepare(plan: readonly Item[], store: Store, terms: Terms): Prepared | null {
  const shape = shapeOf(store, terms);
  const carriers = plan.filter(({ zero }) => !zero);
  const fillers = Math.max(0, store.payments.least - plan.length);
  const leastSats = carriers.length + (terms.kinds.includes('zero-value') ? 0 : fillers);
  const candidates = heaviesOf(carriers.length > 0 ? carriers : plan, terms);
  // Where an owner is another one on the other side, whom one side shares with whom is not said by their pairs.
  const beside = terms.recipients.sameOwners
    ? Math.min(...candidates.map((payee) => besides(carriers, payee)))
    : 0;
  const exact = { ...shape, least: leastSats, beside };
  const { low, high } = store.bounds;
  const alone = high.wallet.map((value, i) => (i === 0 && carriers.length === 0 ? 0 : value));
  const bounds = narrow({ low, high: { ...high, wallet: alone } }, exact);
  if (bounds === null || !owedToSomebody(plan, bounds, exact, terms)) return null;
  return { bounds, shape: exact, heavies: candidates };
}

/** How many payments must go to others than this owner. */
function besides(carriers: readonly Item[], payee: Payee): number {
  const key = ownersKey(payee);
  return carriers.filter(({ of }) => !byOwners(of).has(key)).length;
}

/**
 * Where all owners of the world are paid by a spend, what else was spent was paid to them, too. Where one of them is
 * not, the others share the spend.
 */
function owedToSomebody(
  plan: readonly Item[],
  { low, high }: Bounds,
  shape: Shape,
  terms: Terms,
): boolean {
  const sides = { yesOwner: 'yes', noOwner: 'no' } as const;
  return (['yesOwner', 'noOwner'] as const).every((sum) => {
    const side = sides[sum];
    const all = terms.recipients.owners[side];
    if (all === Infinity || !shape.parts.includes(sum)) return true;
    const each = at(high[sum], 0);
    const certain = plan.filter(({ of }) => terms.recipients.ownersOf(side, of.bit) === 1);
    const paid = new Set(certain.map(({ of: { payees } }) => payees[0]?.[side]?.owner ?? null));
    const shared = each === 0 ? 0 : (all - 1) * each;
    const isSpared = paid.size < all && (shape.owners[sum] < all || at(low.wallet, 0) <= shared);
    return isSpared || low.wallet.every((value, i) => value <= all * at(high[sum], i));
  });
}

const heavies = new WeakMap<Terms['recipients'], Map<string, readonly Payee[]>>();

/** Whom the largest sum may be of: of each class the one who shares most payments, and who is seen otherwise elsewhere. */
function heaviesOf(items: readonly Item[], { recipients }: Terms): readonly Payee[] {
  const known = heavies.get(recipients) ?? new Map<string, readonly Payee[]>();
  heavies.set(recipients, known);
  const key = items.map(({ of }) => String(of.bit)).join();
  const before = known.get(key);
  if (before !== undefined) return before;
  const found = new Set<Payee>();
  for (const { of } of items) {
    let best: Payee | undefined;
    let fewest = Infinity;
    for (const payee of of.payees) {
      const count = besides(items, payee);
      if (count >= fewest) continue;
      best = payee;
      fewest = count;
    }
    if (best !== undefined) found.add(best);
    if (!recipients.sameOwners)
      for (const payee of [recipients.split.yes, recipients.split.no])
        for (const one of of.payees) if (payee.has(ownersKey(one))) found.add(one);
  }
  const made = [...found];
  known.set(key, made);
  return made;
}

const indices = new WeakMap<RecipientClass, ReadonlyMap<string, Payee>>();

function byOwners(of: RecipientClass): ReadonlyMap<string, Payee> {
  const before = indices.get(of);
  if (before !== undefined) return before;
  const made = new Map(of.payees.map((payee) => [ownersKey(payee), payee]));
  indices.set(of, made);
  return made;
}

/** Who is paid by each item: the heavy owner as often as can be, or each another as far as there are. */
function payeesFor(
  plan: readonly Item[],
  heavy: Payee,
  manner: 'gather' | 'scatter',
): readonly Payee[] {
  const used = new Set<string>();
  return plan.map(({ of }, i) => {
    const own = byOwners(of).get(ownersKey(heavy));
    const isHeavy = own !== undefined && (manner === 'gather' || !used.has(ownersKey(heavy)));
    const payee = isHeavy
      ? own
      : (of.payees.find((one) => !used.has(ownersKey(one))) ?? of.payees[0]);
    if (payee === undefined) throw new Error(`bug: item ${String(i)} is of a class without payees`);
    used.add(ownersKey(payee));
    return payee;
  });
}

interface Purse {
  readonly plan: readonly Item[];
  readonly payees: readonly Payee[];
  readonly heavy: Payee;
  readonly store: Store;
  readonly terms: Terms;
  readonly bounds: Bounds;
}

/** Payments of a plan that make an amount, no owner getting more than the bounds let him; null when they cannot. */
function payOut(purse: Purse, amount: number): readonly PlannedPayment[] | null {
  const { plan, payees, store, terms, bounds } = purse;
  const paid = { yes: new Map<string | null, number>(), no: new Map<string | null, number>() };
  const sides = terms.recipients.sameOwners ? (['yes'] as const) : (['yes', 'no'] as const);
  const room = (payee: Payee): number =>
    Math.min(
      ...sides.map((side) => {
        const most = at(bounds.high[side === 'yes' ? 'yesOwner' : 'noOwner'], 0);
        return most - (paid[side].get(ownerOn(payee, side)) ?? 0);
      }),
    );
  const made: { of: RecipientClass; zero: boolean; payee: Payee; sats: number }[] = [];
  let left = amount;
  const give = (payment: (typeof made)[number], sats: number): void => {
    payment.sats += sats;
    left -= sats;
    for (const side of sides) {
      const owner = ownerOn(payment.payee, side);
      paid[side].set(owner, (paid[side].get(owner) ?? 0) + sats);
    }
  };
  const add = (item: Item, payee: Payee): boolean => {
    const payment = { ...item, payee, sats: 0 };
    made.push(payment);
    if (item.zero) return true;
    if (left < 1 || room(payee) < 1) return false;
    give(payment, 1);
    return true;
  };
  for (const [i, item] of plan.entries()) {
    const payee = payees[i];
    if (payee === undefined || !add(item, payee)) return null;
  }
  const others = extras(purse, made);
  while (made.length < store.payments.least) {
    const filler = fillerOf(purse, room) ?? others.next().value;
    if (filler === undefined || !add(filler.item, filler.payee)) return null;
  }
  const isHeavy = ({ payee }: PlannedPayment): boolean =>
    ownersKey(payee) === ownersKey(purse.heavy);
  for (const payment of [...made.filter(isHeavy), ...made])
    if (!payment.zero) give(payment, Math.min(left, room(payment.payee)));
  while (left > 0 && made.length < store.payments.most) {
    const extra = others.next().value;
    if (extra === undefined) return null;
    if (room(extra.payee) < 1) continue;
    if (!add(extra.item, extra.payee)) return null;
    const last = made.at(-1);
    if (last !== undefined) give(last, Math.min(left, room(extra.payee)));
  }
  return left === 0 ? made : null;
}

interface Extra {
  readonly item: Item;
  readonly payee: Payee;
}

/** One more payment that changes nothing but their number. */
function fillerOf(
  { plan, payees, store, terms }: Purse,
  room: (payee: Payee) => number,
): Extra | undefined {
  const options = itemsOf(store, terms);
  const nothing = options.find(({ zero }) => zero);
  const [first] = nothing?.of.payees ?? [];
  if (nothing !== undefined && first !== undefined) return { item: nothing, payee: first };
  for (const [i, item] of plan.entries()) {
    const payee = payees[i];
    if (payee !== undefined && !item.zero && room(payee) >= 1) return { item, payee };
  }
  return undefined;
}

/** Payments to owners who are not paid yet. */
function* extras(
  { store, terms }: Purse,
  made: readonly PlannedPayment[],
): Generator<Extra, undefined> {
  const isPaid = (payee: Payee): boolean =>
    made.some((other) =>
      (['yes', 'no'] as const).every(
        (side: Side) => ownerOn(other.payee, side) === ownerOn(payee, side),
      ),
    );
  for (const item of itemsOf(store, terms))
    if (!item.zero) for (const payee of item.of.payees) if (!isPaid(payee)) yield { item, payee };
  return undefined;
}
