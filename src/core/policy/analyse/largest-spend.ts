import { sats } from '../../base/sats.ts';
import type { Seconds } from '../../base/time.ts';
import type { SpendFacts } from '../inquiry.ts';
import type { Payment } from '../usage.ts';
import { least } from './covering.ts';
import { neededPayment } from './forms.ts';
import { VBYTES_MOST } from './most-moved.ts';
import type { Payee, Place } from './payee-kinds.ts';
import { placeIn } from './payee-kinds.ts';
import type { Initiator, Mode } from './reach.ts';
import type { Passed, Rehearsal } from './rehearsal.ts';

/** What kind of spend is looked for, by whom and when. */
export interface Wanted {
  readonly initiator: Initiator;
  readonly mode: Mode;
  readonly at: Seconds;
  /** It pays no more. */
  readonly spendMost: bigint;
  /**
   * `whole`: it pays as much as one spend ever may, or it is not wanted. `forFee`: it pays no more than its fee needs, or
   * it is not wanted.
   */
  readonly size: 'any' | 'whole' | 'forFee';
}

/** The largest spend of a mode that passes now, as far as it is found; null when none is. */
export function largestSpend(rehearsal: Rehearsal, wanted: Wanted): Passed | null {
  const { initiator, mode, at } = wanted;
  if (!rehearsal.hasCount(initiator.id, at)) return null;
  if (mode.form.paymentsMost === 0) return judged(rehearsal, wanted, []);
  const need = wanted.size === 'forFee' ? neededForFee(rehearsal, wanted) : undefined;
  if (need === null) return null;
  const room = least(rehearsal.room(mode, initiator.id, at), wanted.spendMost, need);
  const found = attempt(rehearsal, wanted, room);
  if (found !== null || wanted.size !== 'any') return found;
  for (const amount of edgesBelow(rehearsal, wanted, room)) {
    const smaller = attempt(rehearsal, wanted, amount);
    if (smaller !== null) return smaller;
  }
  return null;
}

/** The least that carries the highest fee; null when there is no room for a fee. */
function neededForFee(rehearsal: Rehearsal, { mode, initiator, at }: Wanted): bigint | null {
  const { sharePerMille: share } = rehearsal.policy.fees;
  const fee = rehearsal.feeRoom(mode, mode.spendMost, initiator.id, at);
  if (fee < 1n) return null;
  // Where there is room for a fee the share is none, or above 0.
  return share === null ? 1n : (fee * 1_000n + BigInt(share) - 1n) / BigInt(share);
}

/** Amounts at which some condition turns, largest first: what lies right below a bar may pass where more does not. */
function edgesBelow(
  rehearsal: Rehearsal,
  { mode, initiator, at }: Wanted,
  room: bigint,
): readonly bigint[] {
  const found = new Set<bigint>();
  for (const { when } of mode.form.rules) {
    if (when.amount === null || when.amount.of === 'destination') continue;
    const { of, windowSeconds, above, atMost } = when.amount;
    const key = of === 'initiator' ? initiator.id : null;
    const held = rehearsal.held('amount', { of, key }, windowSeconds, at);
    for (const edge of [above, atMost])
      if (edge !== null && BigInt(edge) - held < room) found.add(BigInt(edge) - held);
  }
  return [...found].sort((a, b) => (a > b ? -1 : 1));
}

function attempt(rehearsal: Rehearsal, wanted: Wanted, amount: bigint): Passed | null {
  const payments = compose(rehearsal, wanted, amount);
  if (payments === null) return null;
  const { mode, spendMost, size } = wanted;
  if (size === 'whole' && sum(payments) < least(mode.spendMost, spendMost)) return null;
  return judged(rehearsal, wanted, payments);
}

function judged(
  rehearsal: Rehearsal,
  { mode, initiator, at }: Wanted,
  payments: readonly Payment[],
): Passed | null {
  const amount = sum(payments);
  const fee = rehearsal.feeRoom(mode, amount, initiator.id, at);
  if (fee < 0n || amount + fee < 1n) return null;
  const facts: SpendFacts = {
    payments,
    amountSats: sats(amount),
    feeSats: sats(fee),
    vbytes: VBYTES_MOST,
    initiator: initiator.id,
    initiatorGroups: initiator.groups,
    hasReference: mode.form.hasReference,
  };
  return rehearsal.judge(facts, initiator.voices, at);
}

function sum(payments: readonly Payment[]): bigint {
  return payments.reduce((all, payment) => all + payment.sats, 0n);
}

interface Line {
  readonly payee: Payee;
  payment: Payment;
}

/** Payments of up to `amount` in the form of the mode, spread over payees as far as each may be paid; null: it cannot be. */
function compose(rehearsal: Rehearsal, wanted: Wanted, amount: bigint): readonly Payment[] | null {
  const { form } = wanted.mode;
  const purse = new Purse(rehearsal, wanted, amount);
  const lines: Line[] = [];
  for (const need of form.needs) {
    const found = purse.find((place) => place.class === need.class);
    if (found === undefined) return null;
    const payment = neededPayment(need, found.place);
    if (purse.spend(found.payee, payment.sats) < payment.sats) return null;
    lines.push({ payee: found.payee, payment });
  }
  for (const line of lines) {
    if (line.payment.sats === 0n) continue;
    const more = purse.spend(line.payee, purse.left);
    line.payment = { ...line.payment, sats: sats(line.payment.sats + more) };
  }
  while (purse.left > 0n && lines.length < form.paymentsMost) {
    const found = purse.find(() => true);
    if (found === undefined) break;
    const { script, destination } = found.place;
    const more = sats(purse.spend(found.payee, purse.left));
    lines.push({ payee: found.payee, payment: { script, destination, sats: more } });
  }
  return lines.map(({ payment }) => payment);
}

/** What is still to be paid in one spend, and to whom it can go. */
class Purse {
  readonly #rehearsal: Rehearsal;
  readonly #wanted: Wanted;
  readonly #rooms = new Map<string | null, bigint>();
  readonly #isLimited: boolean;
  #left: bigint;

  constructor(rehearsal: Rehearsal, wanted: Wanted, amount: bigint) {
    this.#rehearsal = rehearsal;
    this.#wanted = wanted;
    this.#left = amount;
    this.#isLimited = rehearsal.limitsPayees(wanted.mode);
  }

  get left(): bigint {
    return this.#left;
  }

  /** Somebody who can still be paid, at such a place. */
  find(
    isWanted: (place: Place) => boolean,
  ): { readonly payee: Payee; readonly place: Place } | undefined {
    const { form } = this.#wanted.mode;
    for (const { payees, isOpen } of form.pays)
      for (const known of payees) {
        const place = this.#placeOf(known, isWanted);
        if (place === undefined) break;
        const payee = isOpen && this.#isLimited ? this.#rehearsal.freshPayee(known) : known;
        const there = this.#placeOf(payee, isWanted);
        if (there !== undefined && this.#room(payee) > 0n) return { payee, place: there };
      }
    return undefined;
  }

  /** Pays up to so much to a payee; returns how much it was. */
  spend(payee: Payee, most: bigint): bigint {
    const paid = [this.#left, this.#room(payee), most].reduce((a, b) => (a < b ? a : b));
    if (paid <= 0n) return 0n;
    this.#left -= paid;
    this.#rooms.set(payee.owner, this.#room(payee) - paid);
    return paid;
  }

  #placeOf({ places }: Payee, isWanted: (place: Place) => boolean): Place | undefined {
    const { mix } = this.#wanted.mode.form;
    return places.find(
      (place) => isWanted(place) && mix !== null && placeIn(mix, { owner: null, places: [place] }),
    );
  }

  #room({ owner }: Payee): bigint {
    const known = this.#rooms.get(owner);
    if (known !== undefined) return known;
    const { mode, at } = this.#wanted;
    const found = this.#rehearsal.payeeRoom(mode, owner, at);
    this.#rooms.set(owner, found);
    return found;
  }
}
