import { ANALYSIS_FORMS, MINUTES_OF_DAY, SPEND_OUTPUTS } from '../../base/limits.ts';
import type { Result } from '../../base/result.ts';
import { ok, refuse } from '../../base/result.ts';
import { sats } from '../../base/sats.ts';
import type { HoursCondition, OutputKind, PolicyBody, Rule } from '../body.ts';
import { outputKinds, weekdays } from '../body.ts';
import type { Moment, SpendFacts } from '../inquiry.ts';
import { noUsage } from '../budget.ts';
import { judgeConditions } from '../conditions.ts';
import type { LocalTime } from '../hours.ts';
import { hoursHold } from '../hours.ts';
import type { Payment } from '../usage.ts';
import type { Mix, PayeeKind, Place } from './payee-kinds.ts';
import { mixesOf, payeeKinds, placeIn } from './payee-kinds.ts';
import type { Setting } from './setting.ts';

/** One payment that a form needs: to an address of a class, ordinary or of a strange kind. */
export interface Need {
  readonly class: bigint;
  readonly kind: OutputKind | null;
}

/**
 * A form of spend: everything about it that decides which rules match, but for amounts and who initiates. There are
 * finitely many, and every spend is of one of them.
 */
export interface Form {
  /** The fewest payments that make a spend one of this form; none for a spend without payments. */
  readonly needs: readonly Need[];
  /** With more payments it is of another form; 0 for a spend without payments. */
  readonly paymentsMost: number;
  /** Who may be paid, however often, without making it another form. */
  readonly mix: Mix | null;
  readonly pays: readonly PayeeKind[];
  readonly hasReference: boolean;
  /** When it may be signed: what {@link hoursKey} says then. */
  readonly hours: string;
  /** The rules that match, should their conditions on amount and initiator hold. */
  readonly rules: readonly Rule[];
  /** Whether a transaction of this form is known to exist: an address of the book is not known to be strange. */
  readonly isKnown: boolean;
}

/** The scripts of strange outputs: an OP_RETURN of one byte; a witness program of version 2. */
const strangeScripts: Readonly<Record<Exclude<OutputKind, 'zero-value'>, string>> = {
  'data-value': '6a0101',
  'witness-unknown': `5220${'22'.repeat(32)}`,
};

/** The output that fills a need. A value of 0 is what makes it strange, or else it is 1 sat. */
export function neededPayment(need: Need, place: Place): Payment {
  const { kind } = need;
  const { script, destination } = place;
  if (kind === 'zero-value') return { script, destination, sats: sats(0) };
  return { script: kind === null ? script : strangeScripts[kind], destination, sats: sats(1) };
}

/** Every form of spend that a policy tells apart. Refuses with `policy.analysis.toolarge` what would take too long. */
export function formsOf(setting: Setting): Result<readonly Form[]> {
  const kinds = payeeKinds(setting);
  if (!kinds.ok) return kinds;
  const mixes = mixesOf(kinds.value);
  if (!mixes.ok) return mixes;
  const shapes = [
    { needs: [], paymentsMost: 0, mix: null, pays: [], isKnown: true },
    ...mixes.value.flatMap((mix) => shapesOf(setting, kinds.value, mix)),
  ];
  const { policy } = setting;
  const hours = hoursCells(policy);
  const references = policy.rules.some(({ when }) => when.reference !== null)
    ? [false, true]
    : [false];
  const size = shapes.length * hours.size * references.length;
  if (size > ANALYSIS_FORMS) return refuse('policy.analysis.toolarge', { forms: size });
  const forms = new Map<string, Form>();
  for (const shape of shapes)
    for (const [key, local] of hours)
      for (const hasReference of references) {
        const rules = policy.rules.filter((rule) => isOf(rule, { ...shape, hasReference }, local));
        const form = { ...shape, hasReference, hours: key, rules };
        const same = likeness(form, policy, kinds.value);
        if (rules.length > 0 && !forms.has(same)) forms.set(same, form);
      }
  return ok([...forms.values()]);
}

type Shape = Omit<Form, 'hasReference' | 'hours' | 'rules'>;

/** The forms of one mix of destinations: by number of payments and kinds of output. */
function shapesOf(setting: Setting, kinds: readonly PayeeKind[], mix: Mix): readonly Shape[] {
  const pays = kinds.filter(({ payees }) => payees[0] && placeIn(mix, payees[0]) !== undefined);
  const places = pays.flatMap(({ payees }) => payees[0]?.places ?? []);
  const unlisted = places.find(({ destination }) => destination === null);
  const home = isIn(mix, unlisted) ? unlisted.class : mix.classes[0];
  return subsets(namedKinds(setting.policy)).flatMap((strange) =>
    outputCells(setting.policy).flatMap(({ above, paymentsMost }): Shape[] => {
      const needs: Need[] = mix.classes.map((one) => ({ class: one, kind: null }));
      for (const kind of strange) {
        // Where a class must be paid anyway, the strange output pays it.
        const at = needs.findIndex((need) => need.kind === null && need.class === home);
        needs.splice(at < 0 ? needs.length : at, at < 0 ? 0 : 1, { class: home ?? 0n, kind });
      }
      while (needs.length <= above) needs.push({ class: mix.classes[0] ?? 0n, kind: null });
      if (needs.length > paymentsMost) return [];
      const isOrdinary = strange.every((kind) => kind === 'zero-value');
      const isKnown = isOrdinary || setting.book === null || isIn(mix, unlisted);
      return [{ needs, paymentsMost, mix, pays, isKnown }];
    }),
  );
}

function isIn(mix: Mix, place: Place | undefined): place is Place {
  return (
    place !== undefined &&
    (place.class & mix.all) === mix.all &&
    (place.class | mix.any) === mix.any
  );
}

function namedKinds(policy: PolicyBody): readonly OutputKind[] {
  const named = new Set(policy.rules.flatMap(({ when }) => when.outputs?.any ?? []));
  return outputKinds.filter((kind) => named.has(kind));
}

function subsets<T>(items: readonly T[]): readonly (readonly T[])[] {
  return items.reduce<readonly (readonly T[])[]>(
    (before, item) => [...before, ...before.map((one) => [...one, item])],
    [[]],
  );
}

/** Numbers of payments that no rule tells apart: `above < payments <= paymentsMost`. */
function outputCells(
  policy: PolicyBody,
): readonly { readonly above: number; readonly paymentsMost: number }[] {
  const edges = new Set([0, SPEND_OUTPUTS]);
  for (const { when } of policy.rules)
    for (const edge of [when.outputs?.above, when.outputs?.atMost])
      if (typeof edge === 'number') edges.add(edge);
  const sorted = [...edges].sort((a, b) => a - b);
  return sorted.slice(1).map((paymentsMost, i) => ({ above: sorted[i] ?? 0, paymentsMost }));
}

/** The conditions on hours that a policy makes, each once. */
export function hoursConditions(policy: PolicyBody): readonly HoursCondition[] {
  const found = new Map<string, HoursCondition>();
  for (const { when } of policy.rules)
    if (when.hours !== null) found.set(JSON.stringify(when.hours), when.hours);
  return [...found.values()];
}

/** Which of the conditions on hours hold: one letter each; none without a local time, which no rule then asks for. */
export function hoursKey(conditions: readonly HoursCondition[], local: LocalTime | null): string {
  if (local === null) return '';
  return conditions.map((condition) => (hoursHold(condition, local) ? 'y' : 'n')).join('');
}

/** Every way in which hours can hold, with a local time of each. */
function hoursCells(policy: PolicyBody): ReadonlyMap<string, LocalTime | null> {
  const conditions = hoursConditions(policy);
  if (conditions.length === 0) return new Map([['', null]]);
  const edges = new Set([0]);
  for (const { spans } of conditions)
    for (const { fromMinute, toMinute } of spans) edges.add(fromMinute).add(toMinute);
  const cells = new Map<string, LocalTime>();
  for (const weekday of weekdays)
    for (const minute of edges) {
      if (minute >= MINUTES_OF_DAY) continue;
      const local = { weekday, minute };
      cells.set(hoursKey(conditions, local), local);
    }
  return cells;
}

function isOf(
  rule: Rule,
  form: Shape & { readonly hasReference: boolean },
  local: LocalTime | null,
): boolean {
  const facts = factsOf(form);
  // Amount and initiator are left open.
  const when = { ...rule.when, amount: null, initiator: null };
  return judgeConditions(when, facts, { ...nothingSpent, local }).every(({ holds }) => holds);
}

const nothingSpent: Omit<Moment, 'local'> = { usage: noUsage, now: 0 };

function factsOf({
  needs,
  mix,
  pays,
  hasReference,
}: Shape & { hasReference: boolean }): SpendFacts {
  const places = pays.flatMap(({ payees }) => payees[0]?.places ?? []);
  const payments = needs.flatMap((need) => {
    const place = mix && places.find((one) => one.class === need.class);
    return place ? [neededPayment(need, place)] : [];
  });
  const amountSats = sats(payments.reduce((sum, payment) => sum + payment.sats, 0n));
  const nobody = { initiator: '', initiatorGroups: [] };
  return { payments, amountSats, feeSats: sats(0), vbytes: 1, hasReference, ...nobody };
}

/** Forms of the same rules and payees are one for every purpose here. */
function likeness(form: Form, policy: PolicyBody, kinds: readonly PayeeKind[]): string {
  const rules = form.rules.map((rule) => policy.rules.indexOf(rule)).join();
  const pays = form.pays.map((kind) => kinds.indexOf(kind)).join();
  const needs = form.needs.map(({ class: one, kind }) => `${String(one)}${kind ?? ''}`).join();
  return [rules, form.hours, pays, form.paymentsMost, needs, form.isKnown].join(';');
}
