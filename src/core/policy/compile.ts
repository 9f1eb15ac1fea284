import type { Limit, PolicyBody, Rule } from './body.ts';
import { clauseLeaves } from './body.ts';
import type { Condition } from './conditions.ts';
import { conditionsOf } from './conditions.ts';
import type { Matched } from './evaluate.ts';
import type { Inquiry } from './inquiry.ts';
import { Questions } from './inquiry.ts';

/** A rule made ready: what it grants, null when it denies, and whether its quorum is one of zero. */
export interface CompiledRule {
  readonly rule: Rule;
  /** In the order of the policy. */
  readonly place: number;
  /** A list of terms of which a payment must be one; null when the rule says nothing of destinations. */
  readonly list: number | null;
  readonly conditions: readonly Condition[];
  /** The conditions but the one on payments, by which the rules are sorted already. */
  readonly narrowing: readonly Condition[];
  /** Whether a rule that matches permits too: else it only asks for what it requires. Never for one that denies. */
  readonly permits: (inquiry: Inquiry) => boolean;
  readonly grant: Matched | null;
  readonly isQuorumZero: boolean;
}

/** A policy made ready to judge many spends. */
export interface Compiled {
  readonly rules: readonly CompiledRule[];
  /** For spends with payments: the rules that name destinations, by a list of terms without which none of them matches. */
  readonly byList: readonly (readonly CompiledRule[])[];
  /** The same: the rules that name none. */
  readonly anywhere: readonly CompiledRule[];
  /** For spends without payments. */
  readonly selfOnly: readonly CompiledRule[];
  /** Each with the number of its span. */
  readonly limits: readonly { readonly limit: Limit; readonly span: number }[];
  readonly hasHours: boolean;
  /** What an inquiry must answer. */
  readonly questions: Questions;
}

const compiled = new WeakMap<PolicyBody, Compiled>();

/** The policy made ready, once for each body: a body is never changed. */
export function compile(policy: PolicyBody): Compiled {
  const known = compiled.get(policy);
  if (known !== undefined) return known;
  const questions = new Questions();
  const rules = policy.rules.map((rule, place) => compileRule(rule, place, questions));
  const byList: CompiledRule[][] = Array.from({ length: questions.terms.size }, () => []);
  const paying = rules.filter(({ rule }) => rule.when.payments === 'some');
  for (const rule of paying) if (rule.list !== null) byList[rule.list]?.push(rule);
  const made: Compiled = {
    rules,
    byList,
    anywhere: paying.filter(({ list }) => list === null),
    selfOnly: rules.filter(({ rule }) => rule.when.payments === 'none'),
    limits: policy.limits.map((limit) => ({ limit, span: questions.span(limit) })),
    hasHours: policy.rules.some(({ when }) => when.hours !== null),
    questions,
  };
  compiled.set(policy, made);
  return made;
}

function compileRule(rule: Rule, place: number, questions: Questions): CompiledRule {
  const conditions = conditionsOf(rule.when, questions);
  const permits = conditions.flatMap((condition) => condition.permits ?? []);
  const terms = rule.when.destinations?.all ?? rule.when.destinations?.any ?? null;
  return {
    rule,
    place,
    list: terms === null ? null : questions.terms.number(terms),
    conditions,
    narrowing: conditions.filter(({ condition }) => condition !== 'payments'),
    permits: (inquiry) => !rule.deny && permits.every((holds) => holds(inquiry)),
    grant: grantOf(rule),
    isQuorumZero:
      !rule.deny && clauseLeaves(rule.require.approvals).some((leaf) => leaf.atLeast < 1),
  };
}

/** The rules that match, in the order of the policy. */
export function matching(compiled: Compiled, inquiry: Inquiry): readonly CompiledRule[] {
  const { payments } = inquiry.spend;
  const candidates = payments.length === 0 ? compiled.selfOnly : compiled.anywhere;
  const found = candidates.filter((rule) => matches(rule, inquiry));
  for (const list of inquiry.said.any)
    for (const rule of compiled.byList[list] ?? []) if (matches(rule, inquiry)) found.push(rule);
  const isSorted = found.every(({ place }, i) => place > (found[i - 1]?.place ?? -1));
  return isSorted ? found : found.sort((a, b) => a.place - b.place);
}

function matches({ narrowing }: CompiledRule, inquiry: Inquiry): boolean {
  for (const condition of narrowing) if (!condition.holds(inquiry)) return false;
  return true;
}

function grantOf(rule: Rule): Matched | null {
  if (rule.deny) return null;
  const { approvals, delaySeconds } = rule.require;
  return { name: rule.name, clause: approvals, delaySeconds };
}
