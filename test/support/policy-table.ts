import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { zoneOf } from '../../src/client/time-zone.ts';
import type { Result } from '../../src/core/base/result.ts';
import { parseTime } from '../../src/core/base/time.ts';
import type { PolicyBody } from '../../src/core/policy/body.ts';
import type { CharterFile } from '../../src/core/policy/charter-file.ts';
import { charterFileShape, charterOf } from '../../src/core/policy/charter-file.ts';
import { readDataFile } from '../../src/core/policy/data-file.ts';
import type { Explanation } from '../../src/core/policy/explain.ts';
import { explainSpend } from '../../src/core/policy/explain.ts';
import { spendCase, spendFileShape } from '../../src/core/policy/spend-file.ts';
import { parsePolicyYaml, toSeconds } from '../../src/core/policy/yaml.ts';
import { duration } from '../../src/core/policy/yaml-form.ts';

// The tables beside the ready policies (policies/README.md): a small charter, and spends with what the policy says to each.

const folder = resolve(import.meta.dirname, '../../policies');

const expected = z.strictObject({
  outcome: z.enum(['authorised', 'pending', 'waiting', 'denied']),
  /** The codes of the refusals; left out: what the outcome says by itself. */
  codes: z.array(z.string()).optional(),
  /** The limits that do not hold the spend. */
  limits: z.array(z.string()).default([]),
  /** The rules that match. */
  matched: z.array(z.string()).optional(),
  /** The longest delay of these. */
  delay: duration.optional(),
  /** After how long a limit that is full holds the spend; `never`: not by age alone. */
  fitsIn: z.union([duration, z.literal('never')]).optional(),
  opensAt: z.string().optional(),
});
const tableCase = z.strictObject({ name: z.string(), ...spendFileShape, expect: expected });
export type TableCase = z.infer<typeof tableCase>;

const fields = z.record(z.string(), z.unknown());
const table = z.strictObject({
  policy: z.string(),
  ...charterFileShape,
  /** What cases say unless they say otherwise, so that each tells only what it is about. */
  ordinary: z.strictObject({
    at: z.string(),
    spend: fields,
    usage: fields,
    quorum: fields.optional(),
  }),
  cases: z.array(
    z.looseObject({
      spend: fields,
      usage: z.array(fields).optional(),
      /** What of the ordinary spend this one does not have. */
      without: z.literal('reference').optional(),
    }),
  ),
});

export interface PolicyTable {
  readonly file: string;
  readonly policy: PolicyBody;
  readonly charter: CharterFile;
  readonly cases: readonly TableCase[];
}

/** The ready policies, by the names of their files. */
export const policyFiles = readdirSync(folder).filter((file) => file.endsWith('.policy.yaml'));

export function readTable(file: string): PolicyTable {
  const policy = parsePolicyYaml(readFileSync(resolve(folder, file), 'utf8'), zoneOf);
  const text = readFileSync(resolve(folder, file.replace('.policy.', '.cases.')), 'utf8');
  const { policy: named, ordinary, cases, ...charter } = table.parse(valueOf(readDataFile(text)));
  if (named !== file) throw new Error(`${file} is not the policy of its table`);
  return {
    file,
    policy: valueOf(policy),
    charter: valueOf(charterOf(charter)),
    cases: cases.map(({ without, ...one }) =>
      tableCase.parse({
        at: ordinary.at,
        ...(ordinary.quorum === undefined ? {} : { quorum: ordinary.quorum }),
        ...one,
        spend: { ...withoutKey(ordinary.spend, without), ...one.spend },
        usage: (one.usage ?? []).map((earlier) => ({ ...ordinary.usage, ...earlier })),
      }),
    ),
  };
}

function withoutKey(from: Readonly<Record<string, unknown>>, key: string | undefined) {
  return Object.fromEntries(Object.entries(from).filter(([name]) => name !== key));
}

function valueOf<T>(found: Result<T>): T {
  if (!found.ok) throw new Error(JSON.stringify(found.refusal));
  return found.value;
}

function timeOf({ at }: TableCase): number {
  const found = parseTime(at ?? '');
  if (found === undefined) throw new Error(`no time: ${String(at)}`);
  return found;
}

export function explainCase(policy: PolicyBody, charter: CharterFile, one: TableCase): Explanation {
  const now = timeOf(one);
  return explainSpend(policy, charter, valueOf(spendCase(one, charter.members, now)));
}

const implied = {
  authorised: [],
  pending: ['policy.quorum.missing'],
  waiting: ['policy.delay.waiting'],
  denied: null,
};

/** What a case expects, and what a policy says to it, in the same words. */
export function compareCase(policy: PolicyBody, charter: CharterFile, one: TableCase) {
  const said = explainCase(policy, charter, one);
  const { expect } = one;
  const facts = said.refusals.map((refusal) => refusal.facts);
  const limits = facts.flatMap(({ limit }) => (limit === undefined ? [] : [limit]));
  const matched = said.rules.filter((rule) => rule.matched).map(({ name }) => name);
  const fits = facts.flatMap(({ fitsAt }) =>
    fitsAt === undefined
      ? []
      : [typeof fitsAt === 'string' ? (parseTime(fitsAt) ?? 0) - timeOf(one) : 'never'],
  );
  const opens = facts.flatMap(({ opensAt }) => (opensAt === undefined ? [] : [opensAt]));
  return {
    expected: {
      outcome: expect.outcome,
      codes: expect.codes ?? implied[expect.outcome],
      limits: expect.limits,
      matched: expect.matched ?? matched,
      delaySeconds: expect.delay === undefined ? said.delaySeconds : toSeconds(expect.delay),
      fitsIn:
        expect.fitsIn === undefined
          ? fits
          : [expect.fitsIn === 'never' ? 'never' : toSeconds(expect.fitsIn)],
      opensAt: expect.opensAt === undefined ? opens : [expect.opensAt],
    },
    found: {
      outcome: said.outcome,
      codes: said.refusals.map(({ code }) => code),
      limits,
      matched,
      delaySeconds: said.delaySeconds,
      fitsIn: fits,
      opensAt: opens,
    },
  };
}
