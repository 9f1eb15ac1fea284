import type { Bounds, OwnerSum, Shape, Sum } from './bounds.ts';
import { at, least, partOf } from './bounds.ts';
import type { Payee, Side } from './cases.ts';
import type { RecipientClass } from './recipients.ts';
import { ownerOn } from './recipients.ts';

/** A payment that is planned: to somebody of a class, of 0 sat or of more. */
export interface Item {
  readonly of: RecipientClass;
  readonly zero: boolean;
}

export interface PlannedPayment extends Item {
  readonly payee: Payee;
  readonly sats: number;
}

/** A spend within a store, with the sums that its history shall bring about. */
export interface Solution {
  readonly payments: readonly PlannedPayment[];
  readonly sums: Readonly<Record<Sum, readonly number[]>>;
  /** Within which the sums must stay. */
  readonly bounds: Bounds;
}

/** What an example moves where anything will do: 1 BTC. */
const ORDINARY_SATS = 100_000_000;

/** How the whole may grow: late and little; by the spend alone as long as can be; soon; from the smallest spend on. */
const manners = ['late', 'alone', 'soon', 'small'] as const;

/** Sums within bounds, with the payments that each begins with. */
export function* sumsFor(
  bounds: Bounds,
  shape: Shape,
  pay: (bounds: Bounds, amount: number) => readonly PlannedPayment[] | null,
): Generator<Solution> {
  for (const manner of manners) {
    const wallet = wholeSum(bounds, shape, manner);
    const payments = pay(bounds, at(wallet, 0));
    if (payments === null) continue;
    for (const most of [false, true]) {
      const initiator = partOf(bounds, 'initiator', wallet, { start: at(wallet, 0), most });
      if (initiator === null) continue;
      const owners = shape.parts.filter((part) => part !== 'initiator');
      const found: Partial<Record<OwnerSum, readonly number[] | null>> = {};
      for (const part of owners) {
        const start = largest(payments, part === 'yesOwner' ? 'yes' : 'no');
        found[part] = shape.only.includes(part)
          ? wallet
          : partOf(bounds, part, wallet, { start, most });
      }
      if (owners.some((part) => found[part] === null)) continue;
      const none = wallet.map(() => 0);
      const { yesOwner, noOwner } = found;
      const sums = { wallet, initiator, yesOwner: yesOwner ?? none, noOwner: noOwner ?? none };
      yield { payments, sums, bounds };
    }
  }
}

function wholeSum(
  bounds: Bounds,
  shape: Shape,
  manner: (typeof manners)[number],
): readonly number[] {
  const { low, high } = bounds;
  const ordinary = Math.min(at(high.wallet, 0), Math.max(at(low.wallet, 0), ORDINARY_SATS));
  if (manner === 'late') return least(bounds, shape, [ordinary]);
  if (manner === 'small') return least(bounds, shape, [at(low.wallet, 0)]);
  const first = manner === 'alone' ? at(high.wallet, 0) : ordinary;
  const end = Math.max(first, at(least(bounds, shape, [first]), low.wallet.length - 1));
  const found = [first];
  while (found.length < low.wallet.length) {
    const needed = at(least(bounds, shape, found), found.length);
    const before = at(found, found.length - 1);
    const holds = manner === 'alone' && needed === before;
    found.push(holds ? needed : Math.max(needed, Math.min(at(high.wallet, found.length), end)));
  }
  return found;
}

/** What the owner gets who gets most. */
function largest(payments: readonly PlannedPayment[], side: Side): number {
  const paid = new Map<string | null, number>();
  for (const { payee, sats } of payments) {
    const owner = ownerOn(payee, side);
    paid.set(owner, (paid.get(owner) ?? 0) + sats);
  }
  return Math.max(0, ...paid.values());
}
