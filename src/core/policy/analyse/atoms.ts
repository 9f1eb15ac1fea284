import { unreachable } from '../../base/assert.ts';
import { MAX_MONEY_SATS, SPEND_OUTPUTS } from '../../base/limits.ts';
import type { OutputKind, Rule, Scope } from '../body.ts';
import type { Bounds, OwnerSum, Shape, Sum } from './bounds.ts';
import { at, narrow } from './bounds.ts';
import type { Side } from './cases.ts';
import type { Classes, RecipientClass, Recipients } from './recipients.ts';

/** What can be asked of a spend and its history and cannot be taken apart further. */
export type Atom =
  | {
      readonly is: 'atMost' | 'above';
      readonly sum: Sum;
      readonly window: number;
      readonly sats: number;
    }
  | { readonly is: 'within' | 'some'; readonly classes: Classes }
  | { readonly is: 'paymentsAtMost' | 'paymentsAbove'; readonly count: number };

/** One of the alternatives, all atoms of it. Without any alternative it cannot be met. */
export type Obligation = readonly (readonly Atom[])[];

/** What two policies ask in common terms. */
export interface Terms {
  readonly recipients: Recipients;
  /** Every window that is named, ascending, after the 0 of a spend alone. */
  readonly windows: readonly number[];
  readonly payments: 'none' | 'some';
  /** The kinds of output that the spend has, no more and no less. */
  readonly kinds: readonly OutputKind[];
  /** How many spends may count, by the limits of the permitting side. */
  readonly counts: Shape['counts'];
}

/** What is asked so far, narrowed. */
export interface Store {
  readonly bounds: Bounds;
  /** The classes of which every payment is one. */
  readonly allowed: Classes;
  /** Of each, at least one payment. */
  readonly needed: readonly Classes[];
  readonly payments: { readonly least: number; readonly most: number };
}

/** The kinds of output that a payment to a class is. */
export function kindsOf({ kind }: RecipientClass, sats: number): readonly OutputKind[] {
  if (sats > 0) return kind === null ? [] : [kind];
  return kind === 'witness-unknown' ? [kind, 'zero-value'] : ['zero-value'];
}

export function windowIndex({ windows }: Terms, windowSeconds: number | null): number {
  return windowSeconds === null ? 0 : windows.indexOf(windowSeconds);
}

/** The sum that a side counts in a scope. */
export function sumOf({ recipients }: Terms, side: Side, of: Scope): Sum {
  switch (of) {
    case 'wallet':
    case 'organisation':
      return 'wallet';
    case 'initiator':
      return 'initiator';
    case 'destination':
      return side === 'yes' || recipients.sameOwners ? 'yesOwner' : 'noOwner';
  }
}

/** Everything that a rule asks of amounts and payees; null when that can never be. */
export function atomsOf(terms: Terms, side: Side, { when }: Rule): readonly Atom[] | null {
  const { payments, recipients } = terms;
  const { amount, destinations, outputs } = when;
  const found: Atom[] = [];
  if (amount !== null) {
    const { above, atMost, of, windowSeconds } = amount;
    if (payments === 'none' && of === 'destination') {
      // Nobody is paid, and the largest of no sums is 0.
      if (above !== null) return null;
    } else {
      const where = { sum: sumOf(terms, side, of), window: windowIndex(terms, windowSeconds) };
      if (above !== null) found.push({ is: 'above', ...where, sats: above });
      if (atMost !== null) found.push({ is: 'atMost', ...where, sats: atMost });
    }
  }
  if (destinations !== null) {
    if (payments === 'none') return null;
    const { all, any } = destinations;
    if (all !== null) found.push({ is: 'within', classes: recipients.those(side, all) });
    if (any !== null) found.push({ is: 'some', classes: recipients.those(side, any) });
  }
  if (outputs !== null) {
    const { any, above, atMost } = outputs;
    if (any !== null && !any.some((kind) => terms.kinds.includes(kind))) return null;
    if (payments === 'none' && above !== null) return null;
    if (payments === 'some') {
      if (above !== null) found.push({ is: 'paymentsAbove', count: above });
      if (atMost !== null) found.push({ is: 'paymentsAtMost', count: atMost });
    }
  }
  return found;
}

export function opposite(atom: Atom, { recipients }: Terms): Atom {
  const everybody = recipients.classes.reduce((bits, { bit }) => bits | bit, 0n);
  switch (atom.is) {
    case 'atMost':
      return { ...atom, is: 'above' };
    case 'above':
      return { ...atom, is: 'atMost' };
    case 'within':
      return { is: 'some', classes: everybody & ~atom.classes };
    case 'some':
      return { is: 'within', classes: everybody & ~atom.classes };
    case 'paymentsAtMost':
      return { ...atom, is: 'paymentsAbove' };
    case 'paymentsAbove':
      return { ...atom, is: 'paymentsAtMost' };
    default:
      return unreachable(atom);
  }
}

/** What is asked of every spend before any rule is looked at; null when there is none. */
export function emptyStore(terms: Terms): Store | null {
  const { payments, kinds, recipients, windows } = terms;
  const none = windows.map(() => 0);
  const open = windows.map(() => Infinity);
  const alone = [payments === 'none' ? 0 : Number(MAX_MONEY_SATS), ...open.slice(1)];
  const isFree = payments === 'some';
  const allowed = recipients.classes.reduce(
    (bits, one) =>
      [0, 1].some((sats) => kindsOf(one, sats).every((kind) => kinds.includes(kind)))
        ? bits | one.bit
        : bits,
    0n,
  );
  const store: Store = {
    bounds: {
      low: { wallet: none, initiator: none, yesOwner: none, noOwner: none },
      high: { wallet: alone, initiator: open, yesOwner: open, noOwner: open },
    },
    allowed,
    needed: kinds.flatMap((kind) =>
      kind === 'zero-value'
        ? []
        : [
            recipients.classes.reduce(
              (bits, one) => (one.kind === kind ? bits | one.bit : bits),
              0n,
            ),
          ],
    ),
    payments: isFree ? { least: 1, most: SPEND_OUTPUTS } : { least: 0, most: 0 },
  };
  return settle(store, terms);
}

/** The store with more asked of it; null when no spend is left. */
export function ask(store: Store, atoms: readonly Atom[], terms: Terms): Store | null {
  let { bounds, allowed, needed } = store;
  let { least, most } = store.payments;
  for (const atom of atoms)
    switch (atom.is) {
      case 'atMost':
      case 'above':
        bounds = bound(bounds, atom);
        break;
      case 'within':
        allowed &= atom.classes;
        break;
      case 'some':
        needed = [...needed, atom.classes];
        break;
      case 'paymentsAtMost':
        most = Math.min(most, atom.count);
        break;
      case 'paymentsAbove':
        least = Math.max(least, atom.count + 1);
        break;
      default:
        return unreachable(atom);
    }
  return settle({ bounds, allowed, needed, payments: { least, most } }, terms);
}

function bound(bounds: Bounds, atom: Atom & { is: 'atMost' | 'above' }): Bounds {
  const { sum, window, sats } = atom;
  const side = atom.is === 'atMost' ? 'high' : 'low';
  const values = bounds[side][sum].map((value, i) => {
    if (i !== window) return value;
    return side === 'high' ? Math.min(value, sats) : Math.max(value, sats + 1);
  });
  return { ...bounds, [side]: { ...bounds[side], [sum]: values } };
}

function settle(store: Store, terms: Terms): Store | null {
  const { payments, allowed } = store;
  if (payments.least > payments.most) return null;
  const needed = [...new Set(store.needed.map((classes) => classes & allowed))];
  if (needed.includes(0n) || (terms.payments === 'some' && allowed === 0n)) return null;
  const bounds = narrow(store.bounds, shapeOf({ ...store, needed }, terms));
  return bounds === null ? null : { ...store, needed, bounds };
}

/** How the sums of a spend of this store hang together; what it pays beside is said by who knows more. */
export function shapeOf(store: Store, { payments, kinds, recipients, counts }: Terms): Shape {
  if (payments === 'none')
    return {
      parts: ['initiator'],
      least: 0,
      beside: 0,
      owners: { yesOwner: 0, noOwner: 0 },
      only: [],
      within: null,
      counts: counts.filter(({ of }) => of === 'wallet' || of === 'initiator'),
    };
  const { sameOwners, coarser, owners } = recipients;
  const sides = { yesOwner: 'yes', noOwner: 'no' } as const;
  const tracked: readonly OwnerSum[] = sameOwners ? ['yesOwner'] : ['yesOwner', 'noOwner'];
  const most = (sum: OwnerSum): number =>
    at(store.bounds.high[sum], 0) === Infinity
      ? Infinity
      : Math.min(store.payments.most, recipients.ownersOf(sides[sum], store.allowed));
  return {
    parts: ['initiator', ...tracked],
    least: kinds.includes('zero-value') ? 0 : Math.max(store.payments.least, 1),
    beside: 0,
    owners: { yesOwner: most('yesOwner'), noOwner: most('noOwner') },
    only: tracked.filter((sum) => owners[sides[sum]] === 1),
    within: sameOwners || coarser === null ? null : within(coarser),
    counts,
  };
}

function within(coarser: Side): readonly [OwnerSum, OwnerSum] {
  return coarser === 'yes' ? ['noOwner', 'yesOwner'] : ['yesOwner', 'noOwner'];
}

/** Whether every spend of the store meets an atom. */
export function isEntailed({ bounds, allowed, needed, payments }: Store, atom: Atom): boolean {
  switch (atom.is) {
    case 'atMost':
      return at(bounds.high[atom.sum], atom.window) <= atom.sats;
    case 'above':
      return at(bounds.low[atom.sum], atom.window) > atom.sats;
    case 'within':
      return (allowed & ~atom.classes) === 0n;
    case 'some':
      return (
        (payments.least > 0 && (allowed & ~atom.classes) === 0n) ||
        needed.some((classes) => (classes & ~atom.classes) === 0n)
      );
    case 'paymentsAtMost':
      return payments.most <= atom.count;
    case 'paymentsAbove':
      return payments.least > atom.count;
    default:
      return unreachable(atom);
  }
}
