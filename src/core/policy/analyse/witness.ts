import { MAX_MONEY_SATS } from '../../base/limits.ts';
import { sats } from '../../base/sats.ts';
import type { Terms } from './atoms.ts';
import type { Bounds, OwnerSum } from './bounds.ts';
import { at } from './bounds.ts';
import type { Case, PaidTo, Past, Payee, Side } from './cases.ts';
import type { Solution } from './solution.ts';
import { ownerOn } from './recipients.ts';
import type { Scene } from './scene.ts';

/** What a case must have beside the sums that rules and limits on amounts look at. */
export interface Extra {
  /** The fee of the spend and its size, by its amount; null when no fee will do. */
  readonly fee: (
    amountSats: number,
  ) => { readonly feeSats: number; readonly vbytes: number } | null;
  /** Earlier spends that only count, or only cost. */
  readonly past: PlainPast | null;
  /** By the screening service. */
  readonly isCleared: boolean;
}

export interface PlainPast {
  readonly window: number;
  readonly spends: number;
  readonly feeSats: number;
  readonly by: 'initiator' | 'another';
  /** Whether they pay the owner who is paid most, so that they count for him. */
  readonly paysOwner: boolean;
}

/** A case of which the sums are those of a solution; null when nobody is there to whom the history can be paid. */
export function buildCase(
  scene: Scene,
  terms: Terms,
  solution: Solution,
  extra: Extra,
): Omit<Case, 'approvals' | 'elapsedSeconds' | 'overdueSeconds' | 'approvalAgeSeconds'> | null {
  const fee = extra.fee(at(solution.sums.wallet, 0));
  const earlier = historyOf(scene, terms, solution);
  if (fee === null || earlier === null) return null;
  const { initiator, now, hasReference } = scene;
  return {
    payments: solution.payments.map(({ payee, sats: amount }) => ({ payee, sats: sats(amount) })),
    feeSats: sats(fee.feeSats),
    vbytes: fee.vbytes,
    initiator,
    hasReference,
    isCleared: extra.isCleared,
    history: [...earlier, ...plainHistory(scene, terms, solution, extra.past)],
    now,
  };
}

/** When a spend was made that counts in a window and in no shorter one. */
function timeIn({ windows }: Terms, window: number, { now }: Scene): number {
  return now - at(windows, window) + 1;
}

function plainHistory(
  scene: Scene,
  terms: Terms,
  { payments: [first] }: Solution,
  past: PlainPast | null,
): readonly Past[] {
  if (past === null) return [];
  const { window, spends, by, paysOwner, feeSats } = past;
  const payments = paysOwner && first !== undefined ? [{ payee: first.payee, sats: sats(0) }] : [];
  const one = { at: timeIn(terms, window, scene), initiator: scene[by], payments };
  return Array.from({ length: spends }, () => ({ ...one, feeSats: sats(feeSats) }));
}

interface Portion {
  readonly payee: Payee;
  sats: number;
}

/** Spends that bring each sum from one window to the next: of the initiator or of another, to the owners who grow. */
function historyOf(scene: Scene, terms: Terms, solution: Solution): readonly Past[] | null {
  const { wallet, initiator } = solution.sums;
  const purses = pursesOf(terms, solution);
  const found: Past[] = [];
  for (let i = 1; i < wallet.length; i++) {
    const grows = at(wallet, i) - at(wallet, i - 1);
    if (grows === 0) continue;
    const portions = purses(i, grows);
    if (portions === null) return null;
    const own = at(initiator, i) - at(initiator, i - 1);
    const shares = [
      { by: scene.initiator, sats: own },
      { by: scene.another, sats: grows - own },
    ].sort((a, b) => b.sats - a.sats);
    for (const share of shares)
      found.push(
        ...spends(portions, share.sats).map((payments) => ({
          at: timeIn(terms, i, scene),
          initiator: share.by,
          feeSats: sats(0),
          payments,
        })),
      );
  }
  return found;
}

/** Spends that pay so much of the portions, each no more than there is money. */
function spends(portions: readonly Portion[], amount: number): readonly (readonly PaidTo[])[] {
  const found: PaidTo[][] = [];
  for (let left = amount; left > 0;) {
    let room = Math.min(left, Number(MAX_MONEY_SATS));
    left -= room;
    const payments: PaidTo[] = [];
    for (const portion of portions) {
      const part = Math.min(portion.sats, room);
      if (part === 0) continue;
      payments.push({ payee: portion.payee, sats: sats(part) });
      portion.sats -= part;
      room -= part;
    }
    found.push(payments);
  }
  return found;
}

/** Divides what is spent in each window: the largest owners get their growth, somebody not paid by the spend the rest. */
function pursesOf(
  terms: Terms,
  { payments, sums, bounds }: Solution,
): (window: number, amount: number) => Portion[] | null {
  const { everybody, sameOwners } = terms.recipients;
  const isPaid = (side: Side) => (payee: Payee) =>
    payments.some((one) => ownerOn(one.payee, side) === ownerOn(payee, side));
  const sides: readonly Side[] = sameOwners ? ['yes'] : ['yes', 'no'];
  const large = { yes: largestOwner(payments, 'yes'), no: largestOwner(payments, 'no') };
  const is = (side: Side) => (payee: Payee) => ownerOn(payee, side) === large[side];
  const both = everybody.find((payee) => sides.every((side) => is(side)(payee)));
  const only = {
    yes: everybody.find((payee) => is('yes')(payee) && !isPaid('no')(payee)),
    no: everybody.find((payee) => is('no')(payee) && !isPaid('yes')(payee)),
  };
  const nobody = everybody.find((payee) => !sides.some((side) => isPaid(side)(payee)));
  const others = sharers(payments, bounds, large.yes);
  const growth = (sum: OwnerSum, i: number): number => at(sums[sum], i) - at(sums[sum], i - 1);
  return (window, amount) => {
    const yes = payments.length === 0 ? 0 : growth('yesOwner', window);
    const no = payments.length === 0 || sameOwners ? yes : growth('noOwner', window);
    const shared = sameOwners ? yes : both === undefined ? 0 : Math.min(yes, no);
    const rest = amount - (yes + no - shared);
    const portions: Portion[] = [];
    const give = (payee: Payee | undefined, part: number): boolean => {
      if (part > 0 && payee !== undefined) portions.push({ payee, sats: part });
      return part === 0 || (part > 0 && payee !== undefined);
    };
    const isDivided =
      give(both, shared) &&
      (sameOwners || (give(only.yes, yes - shared) && give(only.no, no - shared)));
    if (!isDivided) return null;
    if (nobody !== undefined) return give(nobody, rest) ? portions : null;
    return sameOwners && others(window, rest, portions) ? portions : null;
  };
}

function largestOwner(
  payments: readonly PaidTo[] | Solution['payments'],
  side: Side,
): string | null {
  const paid = new Map<string | null, bigint>();
  let best: string | null = null;
  for (const { payee, sats: amount } of payments) {
    const owner = ownerOn(payee, side);
    const sum = (paid.get(owner) ?? 0n) + BigInt(amount);
    if (paid.size === 0 || sum > (paid.get(best) ?? 0n)) best = owner;
    paid.set(owner, sum);
  }
  return best;
}

/** Where the spend pays every owner there is: the others take what their bounds let them. */
function sharers(
  payments: Solution['payments'],
  bounds: Bounds,
  large: string | null,
): (window: number, amount: number, portions: Portion[]) => boolean {
  const held = new Map<string | null, { payee: Payee; sats: number }>();
  for (const { payee, sats: amount } of payments) {
    const owner = ownerOn(payee, 'yes');
    const known = held.get(owner);
    if (known === undefined) held.set(owner, { payee, sats: amount });
    else known.sats += amount;
  }
  return (window, amount, portions) => {
    let left = amount;
    const most = at(bounds.high.yesOwner, window);
    for (const [owner, one] of held) {
      if (owner === large) continue;
      const part = Math.min(left, Math.max(0, most - one.sats));
      one.sats += part;
      left -= part;
      if (part > 0) portions.push({ payee: one.payee, sats: part });
    }
    return left === 0;
  };
}
