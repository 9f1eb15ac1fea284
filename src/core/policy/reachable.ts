import { MAX_MONEY_SATS, MINUTES_OF_DAY, SPEND_OUTPUTS } from '../base/limits.ts';
import type { Facts } from '../base/result.ts';
import type { AnalysedMember } from './analyse/setting.ts';
import type {
  DestinationTerm,
  HoursCondition,
  InitiatorTerm,
  OutputKind,
  Rule,
  When,
} from './body.ts';
import { weekdays } from './body.ts';

/**
 * Why no spend whatever can match a rule as it was meant, with the values that show it, or undefined. Exact for one rule by itself and
 * any address book; it does not look at other rules. A rule that allows must match by what permits: one that could only
 * ask, for what a book merely says, was meant otherwise. `proposers` are all who may propose; null: not known.
 */
export function neverMatches(
  { when, deny }: Rule,
  proposers: readonly AnalysedMember[] | null,
): Facts | undefined {
  return (
    boundsNever(when) ??
    (when.payments === 'none' ? nothingPaidNever(when) : paymentsNever(when, { deny })) ??
    hoursNever(when.hours) ??
    initiatorNever(when.initiator?.any ?? null, proposers)
  );
}

/** Whether a member may be the initiator that a rule names. */
export function isInitiator(
  member: AnalysedMember,
  terms: readonly InitiatorTerm[] | null,
): boolean {
  if (terms === null) return true;
  return terms.some((term) =>
    term.startsWith('member:')
      ? term === `member:${member.id}`
      : member.groups.some((group) => term === `group:${group}`),
  );
}

function boundsNever({ amount, outputs }: When): Facts | undefined {
  for (const bounds of [amount, outputs]) {
    const { above = null, atMost = null } = bounds ?? {};
    if (above !== null && atMost !== null && above >= atMost)
      return { reason: 'above is not below atMost', above, atMost };
  }
  return undefined;
}

function nothingPaidNever({ amount, destinations, outputs }: When): Facts | undefined {
  if (destinations !== null) return { reason: 'without payments there are no destinations' };
  if (outputs !== null && (outputs.any !== null || outputs.above !== null))
    return { reason: 'without payments there are no outputs to name or count' };
  const isAlone = amount?.windowSeconds === null || amount?.of === 'destination';
  if (isAlone && amount.above !== null)
    return { reason: 'without payments the amount is 0', above: amount.above };
  return undefined;
}

/**
 * A spend with payments. Each condition needs at most one payment of its own kind: one of `any`, one of the unusual
 * outputs; whatever else is paid may be like either. So the conditions hinder one another only in one and the same
 * payment: with `all`, which every payment must be, or where there may be only one payment.
 */
function paymentsNever(
  { amount, destinations, outputs }: When,
  rule: { readonly deny: boolean },
): Facts | undefined {
  const most = outputs?.atMost ?? SPEND_OUTPUTS;
  if (most < 1 || (outputs?.above ?? 0) >= SPEND_OUTPUTS)
    return { reason: 'no spend has so many payments', most: SPEND_OUTPUTS };
  const { all = null, any = null } = destinations ?? {};
  if (!pairs(all, any).some(([one, other]) => meet(one, other, rule)))
    return { reason: 'no payment can be of both all and any', all, any };
  const named = outputs?.any ?? null;
  if (named === null) return amountNever(amount, { least: 0, most: Number(MAX_MONEY_SATS) });
  const possible = named.filter((kind) =>
    pairs(all, most === 1 ? any : null).some(
      ([one, other]) => meet(one, other, rule) && mayBe(kind, one) && mayBe(kind, other),
    ),
  );
  if (possible.length === 0)
    return { reason: 'no such output can be of these destinations', any: named };
  return amountNever(amount, {
    least: possible.every((kind) => kind === 'data-value') ? 1 : 0,
    most:
      most === 1 && possible.every((kind) => kind === 'zero-value') ? 0 : Number(MAX_MONEY_SATS),
  });
}

/** Against the least and the most satoshi that such payments can be; a window may add any amount. */
function amountNever(
  amount: When['amount'],
  paid: { readonly least: number; readonly most: number },
): Facts | undefined {
  const { above = null, atMost = null } = amount ?? {};
  if (atMost !== null && atMost < paid.least)
    return { reason: 'such an output pays at least 1 sat', atMost };
  if (above !== null && amount?.windowSeconds === null && above >= paid.most)
    return { reason: 'no such spend pays more', above, most: paid.most };
  return undefined;
}

type Asked = DestinationTerm | null;

function pairs(
  all: readonly DestinationTerm[] | null,
  any: readonly DestinationTerm[] | null,
): readonly (readonly [Asked, Asked])[] {
  return (all ?? [null]).flatMap((one) =>
    (any ?? [null]).map((other): readonly [Asked, Asked] => [one, other]),
  );
}

/**
 * Whether one payment can be both: an address is listed or not, and of one owner; it may have many tags. For a rule
 * that denies an unlisted address may have an owner and tags, too: those of an entry that permits nothing yet.
 */
function meet(a: Asked, b: Asked, { deny }: { readonly deny: boolean }): boolean {
  if (a === null || b === null || a === b) return true;
  if (a === 'unlisted' || b === 'unlisted') return deny && a !== 'listed' && b !== 'listed';
  return !(a.startsWith('owner:') && b.startsWith('owner:'));
}

/** What burns its value or pays an unknown witness version has no address that a book could hold. */
function mayBe(kind: OutputKind, term: Asked): boolean {
  return kind === 'zero-value' || term === null || term === 'unlisted';
}

function hoursNever(hours: HoursCondition | null): Facts | undefined {
  if (hours?.is !== 'outside') return undefined;
  for (const day of weekdays) {
    const spans = hours.spans.filter(({ days }) => days.includes(day));
    for (let minute = 0; minute < MINUTES_OF_DAY; minute++)
      if (!spans.some(({ fromMinute, toMinute }) => fromMinute <= minute && minute < toMinute))
        return undefined;
  }
  return { reason: 'no time is outside these hours' };
}

function initiatorNever(
  terms: readonly InitiatorTerm[] | null,
  proposers: readonly AnalysedMember[] | null,
): Facts | undefined {
  if (terms === null || proposers?.some((member) => isInitiator(member, terms)) !== false)
    return undefined;
  return { reason: 'nobody who may propose is one of these', any: terms };
}
