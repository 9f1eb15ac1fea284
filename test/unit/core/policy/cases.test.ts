import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { zoneOf } from '../../../../src/client/time-zone.ts';
import { parseAmount } from '../../../../src/core/base/sats.ts';
import type { Sats } from '../../../../src/core/base/sats.ts';
import { formatTime, parseTime } from '../../../../src/core/base/time.ts';
import type { PolicyBody } from '../../../../src/core/policy/body.ts';
import { usageOfRecords } from '../../../../src/core/policy/budget.ts';
import type { Payment, UsageRecord } from '../../../../src/core/policy/evaluate.ts';
import { evaluate } from '../../../../src/core/policy/evaluate.ts';
import type { Voice } from '../../../../src/core/policy/quorum.ts';
import { eligibleVoices, solveClause } from '../../../../src/core/policy/quorum.ts';
import { parsePolicyYaml } from '../../../../src/core/policy/yaml.ts';
import { sumOf } from '../../../support/policy-builder.ts';

// The tables beside the ready policies: what each of them means, as spends that pass and spends that do not.
const folder = resolve(import.meta.dirname, '../../../../policies');
const ordinaryTime = 1_800_000_000; // a Friday afternoon in Tokyo

const pay = z.array(
  z.strictObject({
    to: z.string().nullable().default(null),
    tags: z.array(z.string()).default([]),
    script: z.string().default('0014' + '11'.repeat(20)),
    amount: z.string(),
  }),
);
const table = z.strictObject({
  policy: z.string(),
  members: z.array(z.strictObject({ id: z.string(), groups: z.array(z.string()) })),
  cases: z.array(
    z.strictObject({
      name: z.string(),
      spend: z.strictObject({
        pay,
        fee: z.string().default('1000 sat'),
        vbytes: z.int().default(200),
        initiator: z.string().default('operator'),
        reference: z.boolean().default(false),
      }),
      at: z.string().optional(),
      usage: z
        .array(
          z.strictObject({
            pay,
            fee: z.string().default('0 sat'),
            ago: z.string().optional(),
            initiator: z.string().default('operator'),
          }),
        )
        .default([]),
      approvals: z.array(z.string()),
      expect: z.strictObject({
        outcome: z.enum(['authorised', 'pending', 'waiting', 'refused']),
        codes: z.array(z.string()).default([]),
        limits: z.array(z.string()).default([]),
        matched: z.array(z.string()).optional(),
        delay: z.int().optional(),
        fitsIn: z.string().optional(),
      }),
    }),
  ),
});
type Table = z.infer<typeof table>;
type Case = Table['cases'][number];

function amount(text: string): Sats {
  const found = parseAmount(text);
  if (!found.ok) throw new Error(`no amount: ${text}`);
  return found.value;
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
function seconds(text: string): number {
  const unit = units[text.slice(-1)];
  if (unit === undefined) throw new Error(`no duration: ${text}`);
  return parseInt(text, 10) * unit;
}

function payments(list: Case['spend']['pay']): readonly Payment[] {
  return list.map(({ to, tags, script, amount: text }) => ({
    script,
    sats: amount(text),
    destination: to === null ? null : { owner: to, tags },
  }));
}

function usageOf(list: Case['usage'], now: number): readonly UsageRecord[] {
  return list.map((one, i) => ({
    proposal: `earlier ${i}`,
    state: one.ago === undefined ? 'reserved' : 'committed',
    at: one.ago === undefined ? 0 : now - seconds(one.ago),
    payments: payments(one.pay),
    amountSats: sumOf(payments(one.pay)),
    feeSats: amount(one.fee),
    initiator: one.initiator,
  }));
}

function timeOf({ at }: Case): number {
  const time = at === undefined ? ordinaryTime : parseTime(at);
  if (time === undefined) throw new Error(`no time: ${String(at)}`);
  return time;
}

function judge(policy: PolicyBody, members: Table['members'], one: Case) {
  const { pay: list, fee, vbytes, initiator, reference } = one.spend;
  const now = timeOf(one);
  const facts = {
    payments: payments(list),
    amountSats: sumOf(payments(list)),
    feeSats: amount(fee),
    vbytes,
    initiator,
    initiatorGroups: members.find(({ id }) => id === initiator)?.groups ?? [],
    hasReference: reference,
  };
  const evaluation = evaluate(policy, facts, usageOfRecords(usageOf(one.usage, now)), now);
  const voices: Voice[] = one.approvals.map((id) => {
    const groups = members.find((member) => member.id === id)?.groups;
    if (groups === undefined) throw new Error(`no member: ${id}`);
    return { member: id, groups, kinds: ['secp256k1'] };
  });
  const standings = members.map(({ id }) => ({ id, operators: null }));
  const eligible = eligibleVoices(voices, initiator, standings);
  const met = evaluation.matched.every(({ clause }) => solveClause(clause, eligible).met);
  const outcome =
    evaluation.refusals.length > 0
      ? 'refused'
      : evaluation.waiting.length > 0
        ? 'waiting'
        : met
          ? 'authorised'
          : 'pending';
  return { evaluation, outcome };
}

const files = readdirSync(folder).filter((file) => file.endsWith('.policy.yaml'));

test('there are ready policies', () => {
  expect(files.length).toBeGreaterThan(0);
});

describe.each(files)('%s', (file) => {
  const text = readFileSync(resolve(folder, file.replace('.policy.', '.cases.')), 'utf8');
  const found = table.parse(parse(text));
  const policy = parsePolicyYaml(readFileSync(resolve(folder, file), 'utf8'), zoneOf);

  test('is the policy of its table, and both can be read', () => {
    expect(policy).toMatchObject({ ok: true });
    expect(found.policy).toBe(file);
  });

  test.each(found.cases)('$name', (one) => {
    if (!policy.ok) throw new Error(policy.refusal.code);
    const { evaluation, outcome } = judge(policy.value, found.members, one);
    const no = [...evaluation.refusals, ...evaluation.waiting];
    expect({
      outcome,
      codes: no.map((refusal) => refusal.code),
      limits: no.flatMap((refusal) => refusal.facts['limit'] ?? []),
    }).toEqual({
      outcome: one.expect.outcome,
      codes: one.expect.codes,
      limits: one.expect.limits,
    });
    const { matched, delay, fitsIn } = one.expect;
    if (matched !== undefined) expect(evaluation.matched.map((rule) => rule.name)).toEqual(matched);
    if (delay !== undefined) expect(evaluation.delaySeconds).toBe(delay);
    if (fitsIn !== undefined)
      expect(no.map((refusal) => refusal.facts['fitsAt'])).toEqual([
        fitsIn === 'never' ? null : formatTime(timeOf(one) + seconds(fitsIn)),
      ]);
  });
});
