import type { z } from 'zod';
import { assert } from '../base/assert.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { parseAmount, satsToJson } from '../base/sats.ts';
import type {
  AmountCondition,
  Assertion,
  Clause,
  DestinationTerm,
  HoursCondition,
  InitiatorTerm,
  Limit,
  OutputCondition,
  PolicyBody,
  Rule,
  When,
  Zone,
} from './body.ts';
import { policyBodySchema } from './body.ts';
import type { YamlTree } from './parse-yaml.ts';
import { readYaml } from './parse-yaml.ts';
import type { YamlClause, YamlPolicy } from './yaml-form.ts';
import { yamlPolicySchema } from './yaml-form.ts';

export { renderPolicy } from './render.ts';

/** The time zone of an IANA name as data; undefined: there is none. Core knows no zones, so that its caller gives them. */
export type ZoneSource = (name: string) => Zone | undefined;

/**
 * The normalised body of a policy file (design 4). Requires the text of the file. Every policy's time zone is asked for,
 * and pinned when a rule names hours. Refuses, each with `line` (from 1), `path` and `reason`: `policy.syntax` (form),
 * `policy.field.missing`, `policy.field.unknown`, `policy.timezone.unknown`. Not checked here: what only a charter can
 * tell (check.ts).
 */
export function parsePolicyYaml(text: string, zones: ZoneSource): Result<PolicyBody> {
  const tree = readYaml(text);
  if (!tree.ok) return tree;
  const form = yamlPolicySchema.safeParse(tree.value.value);
  if (!form.success) return refuseIssue(tree.value, form.error.issues);
  const zone = zones(form.data.timezone);
  if (zone === undefined)
    return refuse('policy.timezone.unknown', {
      line: tree.value.lineOf(['timezone']),
      path: 'timezone',
      reason: `no time zone ${form.data.timezone}`.slice(0, 200),
    });
  const body = normalise(form.data, zone);
  const found = policyBodySchema.safeParse(body);
  return found.success ? ok(found.data) : refuseIssue(tree.value, found.error.issues);
}

function hasKey<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key);
}

function refuseIssue(tree: YamlTree, issues: readonly z.core.$ZodIssue[]): Result<PolicyBody> {
  const issue = deepest(issues, []);
  const path = [...issue.path];
  const facts = (reason: string) => ({
    line: tree.lineOf(path),
    path: path.map(String).join('.'),
    reason: reason.slice(0, 200),
  });
  if (issue.code === 'unrecognized_keys') {
    path.push(issue.keys[0] ?? '');
    return refuse('policy.field.unknown', facts('unknown field'));
  }
  if (issue.code === 'invalid_type' && valueAt(tree.value, path) === undefined)
    return refuse('policy.field.missing', facts('missing field'));
  return refuse('policy.syntax', facts(issue.message));
}

type Located = z.core.$ZodIssue & { readonly path: readonly PropertyKey[] };

/** Of a union that nothing fits the alternative that got furthest: what the author most likely meant. */
function deepest(issues: readonly z.core.$ZodIssue[], prefix: readonly PropertyKey[]): Located {
  const [first] = issues;
  assert(first !== undefined, 'a failed parse has an issue');
  const issue: Located = { ...first, path: [...prefix, ...first.path] };
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const inner = issue.errors.map((errors) => ({
    found: deepest(errors, issue.path),
    unknown: errors.filter((error) => error.code === 'unrecognized_keys').length,
  }));
  inner.sort((a, b) => a.unknown - b.unknown || b.found.path.length - a.found.path.length);
  return inner[0]?.found ?? issue;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (hasKey(at, String(key)) ? at[String(key)] : undefined),
    value,
  );
}

function normalise(policy: YamlPolicy, zone: Zone): PolicyBody {
  const rules = policy.rules.map(normaliseRule);
  return {
    wallet: policy.policy,
    timezone: policy.timezone,
    zone: rules.some(({ when }) => when.hours !== null) ? zone : null,
    limits: policy.limits.map(normaliseLimit),
    fees: {
      rateSatPerVbyte: policy.fees.rate === 'none' ? null : parseInt(policy.fees.rate, 10),
      sharePerMille: policy.fees.share === 'none' ? null : toPerMille(policy.fees.share),
      selfSats: policy.fees.selfSats,
    },
    expires: {
      approveSeconds: toSeconds(policy.expires.approve),
      signSeconds: toSeconds(policy.expires.sign),
    },
    screening: policy.screening ?? null,
    rules,
    assert: (policy.assert ?? []).map(normaliseAssertion),
  };
}

function normaliseAssertion(found: NonNullable<YamlPolicy['assert']>[number]): Assertion {
  const { compromised, per, movesAtMost } = found;
  const windowSeconds = per === undefined ? null : toSeconds(per);
  return { compromised, windowSeconds, movesAtMost: toSats(movesAtMost) };
}

function normaliseLimit(limit: YamlPolicy['limits'][number]): Limit {
  const { name, amount, count, fee, per, of = 'wallet', here } = limit;
  const common = {
    name,
    windowSeconds: toWindow(per),
    of,
    here: typeof here === 'string' ? toSats(here) : (here ?? null),
  };
  if (amount !== undefined) return { ...common, measure: 'amount', most: toSats(amount) };
  if (fee !== undefined) return { ...common, measure: 'fee', most: toSats(fee) };
  assert(count !== undefined, 'the schema asks for one measure');
  return { ...common, measure: 'count', most: count };
}

function normaliseRule(rule: YamlPolicy['rules'][number]): Rule {
  const { name, require } = rule;
  const when = normaliseWhen(rule.when);
  if (require === undefined) return { name, when, deny: true, require: null };
  const delaySeconds = require.delay === undefined ? 0 : toSeconds(require.delay);
  const approvals = normaliseClause(require.approvals);
  return { name, when, deny: false, require: { approvals, delaySeconds } };
}

type YamlWhen = YamlPolicy['rules'][number]['when'];

function normaliseWhen(when: YamlWhen): When {
  const { amount, destinations, outputs, initiator, hours } = when;
  return {
    payments: when.payments ?? 'some',
    amount: amount === undefined ? null : normaliseAmount(amount),
    destinations:
      destinations === undefined
        ? null
        : { all: toTerms(destinations.all), any: toTerms(destinations.any) },
    outputs: outputs === undefined ? null : normaliseOutputs(outputs),
    // The schema has matched the pattern of a term; the type of a template says the same.
    initiator: initiator === undefined ? null : { any: initiator.any as readonly InitiatorTerm[] },
    hours: hours === undefined ? null : normaliseHours(hours),
    reference: when.reference ?? null,
  };
}

function normaliseOutputs(outputs: NonNullable<YamlWhen['outputs']>): OutputCondition {
  const { any = null, above = null, atMost = null } = outputs;
  return { any, above, atMost };
}

function normaliseHours({ within, outside }: NonNullable<YamlWhen['hours']>): HoursCondition {
  const spans = (within ?? outside ?? []).map(({ days, from, to }) => ({
    days,
    fromMinute: toMinute(from),
    toMinute: toMinute(to),
  }));
  return { is: within === undefined ? 'outside' : 'within', spans };
}

function toMinute(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}

function normaliseAmount(amount: NonNullable<YamlWhen['amount']>): AmountCondition {
  return {
    above: amount.above === undefined ? null : toSats(amount.above),
    atMost: amount.atMost === undefined ? null : toSats(amount.atMost),
    windowSeconds: amount.per === undefined ? null : toWindow(amount.per),
    of: amount.of ?? 'wallet',
  };
}

/** The quorum of a written one. */
export function normaliseClause(clause: YamlClause): Clause {
  if ('all' in clause) return { all: clause.all.map(normaliseClause) };
  if ('any' in clause) return { any: clause.any.map(normaliseClause) };
  return { from: clause.from, atLeast: clause.atLeast, kinds: clause.kinds ?? null };
}

/** The schema has matched the pattern of a term; the type of a template says the same. */
function toTerms(terms: readonly string[] | undefined): readonly DestinationTerm[] | null {
  return terms === undefined ? null : (terms as readonly DestinationTerm[]);
}

function toSats(text: string): number {
  const found = parseAmount(text);
  assert(found.ok, 'the schema has parsed the amount');
  return satsToJson(found.value);
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** The seconds of a written duration, as its schema has matched it. */
export function toSeconds(text: string): number {
  const unit = secondsOf[text.slice(-1)];
  assert(unit !== undefined, 'the schema has matched the unit');
  return parseInt(text, 10) * unit;
}

function toWindow(per: string): number | null {
  return per === 'transaction' ? null : toSeconds(per);
}

/** `2%` or `0.5%`, exactly: one decimal is a thousandth. */
function toPerMille(text: string): number {
  const [whole = '0', tenth = '0'] = text.slice(0, -1).split('.');
  return Number(whole) * 10 + Number(tenth);
}
