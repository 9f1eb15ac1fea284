import { MAX_MONEY_SATS, TRANSACTION_WEIGHT } from '../../base/limits.ts';
import type { Limit, PolicyBody } from '../body.ts';
import type { Cap } from './covering.ts';
import { covering, least } from './covering.ts';
import type { Need } from './forms.ts';
import type { PayeeKind } from './payee-kinds.ts';
import type { Initiator, Mode } from './reach.ts';

/** The size of the largest transaction that nodes relay, in vbytes. */
export const VBYTES_MOST = TRANSACTION_WEIGHT / 4;

/** Spends that are weighed one by one between payments and fees; with more of them the two are added. */
const COUNTED_MOST = 5_000n;

/** A limit as a rate: no more than `most` under one key in the window. */
export function limitCaps(
  { limits }: PolicyBody,
  measure: Limit['measure'],
  of: 'wallet' | 'initiator' | 'destination',
): readonly Cap[] {
  return limits.flatMap((limit) => {
    const scope = limit.of === 'organisation' ? 'wallet' : limit.of;
    const { windowSeconds } = limit;
    if (limit.measure !== measure || scope !== of || windowSeconds === null) return [];
    return [{ windowSeconds, most: BigInt(limit.here ?? limit.most) }];
  });
}

/** The highest fee of one spend with payments of so much in all, whatever else was spent. */
export function feeMost({ fees, limits }: PolicyBody, mode: Mode, amount: bigint): bigint {
  const { rateSatPerVbyte: rate, sharePerMille: share, selfSats } = fees;
  const byRate = rate === null ? undefined : BigInt(rate) * BigInt(VBYTES_MOST);
  const own =
    mode.form.paymentsMost === 0
      ? BigInt(selfSats)
      : share === null
        ? undefined
        : (BigInt(share) * amount) / 1_000n;
  const caps = limits.flatMap((limit) =>
    limit.measure === 'fee' ? [BigInt(limit.here ?? limit.most)] : [],
  );
  return least(byRate, own, ...caps);
}

/**
 * What can leave in any stretch of `seconds` at the most, in satoshi, payments and fees; {@link MAX_MONEY_SATS} for
 * everything. Never less than the truth, whatever was spent before: it knows what windows hold at the most, and asks
 * neither in which order spends come nor whether one that must be above an amount can be had.
 */
export function mostMoved(
  policy: PolicyBody,
  initiators: readonly Initiator[],
  seconds: number,
): bigint {
  return new Ceiling(policy, initiators).total(seconds);
}

/** The most payments alone, of which {@link mostMoved} is a part. */
export function mostPaid(
  policy: PolicyBody,
  initiators: readonly Initiator[],
  seconds: number,
): bigint {
  return new Ceiling(policy, initiators).paid(seconds);
}

class Ceiling {
  readonly #policy: PolicyBody;
  readonly #initiators: readonly Initiator[];
  readonly #modes: readonly Mode[];
  /** Every window of which something is known. */
  readonly #windows: readonly number[];
  readonly #paid = new Map<number, bigint>();

  constructor(policy: PolicyBody, initiators: readonly Initiator[]) {
    this.#policy = policy;
    this.#initiators = initiators;
    this.#modes = initiators.flatMap((one) => one.modes);
    const caps = this.#modes.flatMap((mode) => [...mode.wallet, ...mode.initiator, ...mode.payee]);
    const limits = policy.limits.map((limit) => limit.windowSeconds);
    const windows = new Set([...caps.map((cap) => cap.windowSeconds), ...limits]);
    this.#windows = [...windows].filter((window) => window !== null);
  }

  total(seconds: number): bigint {
    const sum = (span: number): bigint => this.#together(span);
    const parts = this.#parts(seconds, sum);
    const byCount = this.#countCaps(
      ['wallet'],
      largest(this.#modes.map((mode) => this.#worth(mode))),
    );
    const shares = this.#initiators.map((one) => {
      const worth = largest(one.modes.map((mode) => this.#worth(mode)));
      const own = this.#countCaps(['wallet', 'initiator'], worth);
      return least(
        this.#paidBy(one, seconds) + this.#feesBy([one], seconds),
        covering(seconds, [own]),
      );
    });
    return least(sum(seconds), covering(seconds, [[...parts, ...byCount]]), total(shares));
  }

  paid(seconds: number): bigint {
    const known = this.#paid.get(seconds);
    if (known !== undefined) return known;
    const base = (span: number): bigint => this.#paidAtOnce(span);
    const found = least(base(seconds), covering(seconds, [this.#parts(seconds, base)]));
    this.#paid.set(seconds, found);
    return found;
  }

  /** A stretch is no more than its parts: one for each window shorter than it. */
  #parts(seconds: number, of: (span: number) => bigint): readonly Cap[] {
    return this.#windows
      .filter((window) => window < seconds)
      .map((windowSeconds) => ({ windowSeconds, most: of(windowSeconds) }));
  }

  /** By wallet, by initiator and by payee: each holds. */
  #paidAtOnce(seconds: number): bigint {
    const paying = this.#modes.filter((mode) => mode.form.paymentsMost > 0);
    const count = this.#countCaps(['wallet'], largest(paying.map((mode) => mode.spendMost)));
    const byWallet = covering(
      seconds,
      paying.map((mode) => [...mode.wallet, ...count]),
    );
    const byInitiator = total(this.#initiators.map((one) => this.#paidBy(one, seconds)));
    const kinds = [...new Set(paying.flatMap((mode) => mode.form.pays))];
    const byPayee = total(kinds.map((kind) => this.#paidTo(kind, seconds)));
    return least(byWallet, byInitiator, byPayee);
  }

  #paidBy({ modes }: Initiator, seconds: number): bigint {
    const paying = modes.filter((mode) => mode.form.paymentsMost > 0);
    const spendMost = largest(paying.map((mode) => mode.spendMost));
    const count = this.#countCaps(['wallet', 'initiator'], spendMost);
    return covering(
      seconds,
      paying.map((mode) => [...mode.wallet, ...mode.initiator, ...count]),
    );
  }

  #paidTo(kind: PayeeKind, seconds: number): bigint {
    const paying = this.#modes.filter((mode) => mode.form.pays.includes(kind));
    const payeeMost = largest(paying.map((mode) => mode.payeeMost));
    const count = this.#countCaps(['wallet', 'destination'], payeeMost);
    const each = covering(
      seconds,
      paying.map((mode) => [...mode.wallet, ...mode.payee, ...count]),
    );
    if (each === 0n) return 0n;
    return kind.isOpen ? MAX_MONEY_SATS : least(each * BigInt(kind.payees.length));
  }

  /** Payments and fees, of which each takes a part of what limits on counts leave. */
  #together(seconds: number): bigint {
    const paid = this.paid(seconds);
    const fees = this.#fees(seconds);
    const spends = covering(seconds, [limitCaps(this.#policy, 'count', 'wallet')]);
    if (spends > COUNTED_MOST) return paid + fees;
    const paying = this.#modes.filter(isPaying);
    const others = this.#modes.filter((mode) => !isPaying(mode));
    const spendMost = largest(paying.map((mode) => mode.spendMost));
    const feeOfOther = largest(others.map((mode) => feeMost(this.#policy, mode, 0n)));
    const { sharePerMille: share } = this.#policy.fees;
    let most = 0n;
    for (let some = 0n; some <= spends; some++) {
      const amount = least(paid, some * spendMost);
      const onAmount = share === null ? undefined : (BigInt(share) * amount) / 1_000n;
      const fee = least(fees, least(onAmount) + (spends - some) * feeOfOther);
      if (amount + fee > most) most = amount + fee;
    }
    return most;
  }

  #fees(seconds: number): bigint {
    const base = (span: number): bigint => this.#feesBy(this.#initiators, span);
    return least(base(seconds), covering(seconds, [this.#parts(seconds, base)]));
  }

  /** Those of payments are a share of the payments, too. */
  #feesBy(initiators: readonly Initiator[], seconds: number): bigint {
    const { sharePerMille } = this.#policy.fees;
    const paid =
      initiators === this.#initiators
        ? this.paid(seconds)
        : total(initiators.map((one) => this.#paidBy(one, seconds)));
    const share = sharePerMille === null ? undefined : (BigInt(sharePerMille) * paid) / 1_000n;
    const isWorthless = this.#modes.some(({ form }) => form.needs.some(isOfNoValue));
    const ofPayments =
      paid === 0n && !isWorthless ? 0n : least(share, this.#feesIn(initiators, seconds, isPaying));
    const ofOthers = this.#feesIn(initiators, seconds, (mode) => !isPaying(mode));
    const all = this.#feesIn(initiators, seconds, () => true);
    return least(ofPayments + ofOthers, all);
  }

  /** The fees of spends in some modes, by the limits on fees and counts. */
  #feesIn(
    initiators: readonly Initiator[],
    seconds: number,
    isIn: (mode: Mode) => boolean,
  ): bigint {
    const policy = this.#policy;
    const most = (modes: readonly Mode[]): bigint =>
      largest(modes.filter(isIn).map((mode) => feeMost(policy, mode, mode.spendMost)));
    const together = most(initiators.flatMap(({ modes }) => modes));
    if (together === 0n) return 0n;
    const wallet = limitCaps(policy, 'fee', 'wallet');
    const each = initiators.map(({ modes }) => {
      if (!modes.some(isIn)) return 0n;
      const caps = [...wallet, ...limitCaps(policy, 'fee', 'initiator')];
      return covering(seconds, [
        [...caps, ...this.#countCaps(['wallet', 'initiator'], most(modes))],
      ]);
    });
    const all = covering(seconds, [[...wallet, ...this.#countCaps(['wallet'], together)]]);
    return least(total(each), all);
  }

  /** So many spends, each of no more than `worth`, in a window. */
  #countCaps(
    scopes: readonly ('wallet' | 'initiator' | 'destination')[],
    worth: bigint,
  ): readonly Cap[] {
    return scopes
      .flatMap((of) => limitCaps(this.#policy, 'count', of))
      .map((cap) => ({ ...cap, most: least(cap.most * worth) }));
  }

  /** Of one spend, with its fee. */
  #worth(mode: Mode): bigint {
    return least(mode.spendMost + feeMost(this.#policy, mode, mode.spendMost));
  }
}

/** A payment of nothing carries a fee, too. */
function isOfNoValue({ kind }: Need): boolean {
  return kind === 'zero-value';
}

function isPaying(mode: Mode): boolean {
  return mode.form.paymentsMost > 0;
}

function largest(amounts: readonly bigint[]): bigint {
  return amounts.reduce((most, amount) => (amount > most ? amount : most), 0n);
}

function total(amounts: readonly bigint[]): bigint {
  return least(amounts.reduce((sum, amount) => sum + amount, 0n));
}
