import type { Facts, Refusal } from '../base/result.ts';
import type { Explanation } from './explain.ts';
import { english } from './explain-en.ts';
import { japanese } from './explain-ja.ts';
import type { Clock, ExplainedCode, Phrases } from './explain-phrases.ts';
import { explainedCodes, Said } from './explain-phrases.ts';

export type Language = 'en' | 'ja';
export const languages = ['en', 'ja'] as const satisfies readonly Language[];

const phrasesOf: Readonly<Record<Language, Phrases>> = { en: english, ja: japanese };

/** An explanation in complete sentences, a line each; lines that belong to the one above begin with two spaces. */
export interface ExplanationText {
  /** What the outcome is, and why. */
  readonly verdict: readonly string[];
  readonly rules: readonly string[];
  readonly limits: readonly string[];
  /** What the rules ask for, who filled it and who still may. */
  readonly clauses: readonly string[];
  /** Whether each approval counts: a line each. */
  readonly approvals: readonly string[];
  /** What the screening service says; none where it is not asked for and has said nothing. */
  readonly screening: readonly string[];
  readonly timing: readonly string[];
}

/**
 * The sentences of an explanation. `clock` is of the policy that it was judged by: where it pins a zone, times are told
 * by it besides UTC. Every value of the data stands in some sentence.
 */
export function explanationText(
  explanation: Explanation,
  language: Language,
  clock: Clock | null,
): ExplanationText {
  const phrases = phrasesOf[language];
  const say = (facts: Facts): Said => new Said(facts, phrases, clock);
  const { outcome, refusals, rules, limits, clauses, approvals, screening } = explanation;
  return {
    verdict: [
      phrases.outcome[outcome],
      ...refusals.map((refusal) => `  ${sentenceOf(refusal, phrases, say(refusal.facts))}`),
    ],
    rules: rules.flatMap(({ name, matched, permits, deny, why }) => [
      phrases.rule(name, !matched ? 'idle' : deny ? 'denies' : permits ? 'applies' : 'asks'),
      ...why.map(
        ({ condition, holds, facts }) =>
          `  ${phrases.conditions[condition](say(facts), holds ? 'holds' : 'fails')}`,
      ),
    ]),
    limits: limits.flatMap((limit) => {
      const [first = '', ...rest] = phrases.limit(limit, say({ ...limit }));
      return [first, ...rest.map((line) => `  ${line}`)];
    }),
    clauses: clauses.flatMap(({ rule, met, filled, missing }) => [
      ...(met ? [phrases.met(rule)] : []),
      ...filled.map((leaf) => phrases.filled(rule, leaf)),
      ...missing.map((leaf) => phrases.missing(rule, leaf)),
    ]),
    approvals: approvals.map((approval) => phrases.approval(approval, say({ ...approval }))),
    screening: screening === null ? [] : phrases.screening(screening, say({ at: screening.at })),
    timing: timingLines(explanation, phrases, say),
  };
}

/** All the lines of {@link explanationText}. */
export function explanationLines(
  explanation: Explanation,
  language: Language,
  clock: Clock | null,
): readonly string[] {
  const { verdict, rules, limits, clauses, approvals, screening, timing } = explanationText(
    explanation,
    language,
    clock,
  );
  return [...verdict, ...rules, ...limits, ...clauses, ...approvals, ...screening, ...timing];
}

function sentenceOf({ code }: Refusal, phrases: Phrases, said: Said): string {
  const known: readonly string[] = explainedCodes;
  return known.includes(code)
    ? phrases.refusals[code as ExplainedCode](said)
    : phrases.otherwise(code, said);
}

function timingLines(
  { delaySeconds, quorumAt, notBefore, signBy }: Explanation,
  phrases: Phrases,
  say: (facts: Facts) => Said,
): readonly string[] {
  const told = (
    [
      ['quorumAt', quorumAt],
      ['notBefore', notBefore],
      ['signBy', signBy],
    ] as const
  ).flatMap(([name, at]) => (at === null ? [] : [phrases[name](say({ at }).time('at'))]));
  return [...(delaySeconds === 0 ? [] : [phrases.delay(phrases.duration(delaySeconds))]), ...told];
}
