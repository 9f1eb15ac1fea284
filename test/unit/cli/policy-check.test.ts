import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { typed } from './typed.ts';

const policies = resolve(import.meta.dirname, '../../../policies');
const read = (file: string) => readFileSync(resolve(policies, file), 'utf8');

const charter = `
members:
  - { id: operator, groups: [operators] }
  - { id: alice, groups: [treasury] }
  - { id: bob, groups: [treasury] }
  - { id: carol, groups: [compliance] }
initiators: [operators]
`;

/** Checks a policy of the folder, or the text of one. */
async function check(policy: string, given: { charter?: string; json?: true } = {}) {
  const words = ['policy', 'check', 'p'];
  if (given.charter !== undefined) words.push('--charter', 'c');
  if (given.json === true) words.push('--json');
  const files = { p: policy.includes('\n') ? policy : read(policy), c: given.charter ?? '' };
  return await typed(words, files);
}

describe('countersign policy check', () => {
  test('prints the sentences of a good policy and ends with 0', async () => {
    const { status, out, said } = await check('demo-hot-1.policy.yaml');
    expect({ status, said }).toEqual({ status: 0, said: '' });
    expect(out).toContain('2 of treasury and 1 of compliance');
    expect(out).toContain('Not checked against a charter');
  });

  test.each(['demo-hot-1', 'demo-hot-2'])('%s suits the demonstration', async (name) => {
    const found = await check(`${name}.policy.yaml`, { charter });
    expect(found).toMatchObject({ status: 0, said: '' });
    expect(found.out).toContain('It can be published.');
  });

  test('tells every problem with its place and example', async () => {
    const fewer = charter.replace('  - { id: bob, groups: [treasury] }\n', '');
    const twice = `${read('demo-hot-1.policy.yaml')}  - name: Blocked\n    when: {}\n    deny: true\n`;
    const { status, out, said } = await check(twice, { charter: fewer, json: true });
    expect(status).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      problems: [
        { code: 'policy.name.duplicate', where: 'rules[3]', example: { name: 'Blocked' } },
        {
          code: 'policy.quorum.unsatisfiable',
          where: 'rule "payments"',
          example: { initiators: ['operator'] },
        },
        { code: 'policy.quorum.unsatisfiable', where: 'rule "own coins only"' },
      ],
    });
    expect(said).toMatch(/^policy\.name\.duplicate: /);
    expect(said).toContain('policy.quorum.unsatisfiable: ');
  });

  test('proves what the policy asserts, or shows who can move more', async () => {
    const asserting = (amount: string) =>
      `${read('demo-hot-2.policy.yaml')}assert: [{ compromised: 2, per: 24h, movesAtMost: ${amount} }]\n`;
    // One bitcoin of the small tier, and the fees of a day.
    const holds = await check(asserting('102000000 sat'), { charter, json: true });
    expect(holds.status).toBe(0);
    expect(JSON.parse(holds.out)).toMatchObject({ ok: true, problems: [] });
    const fails = await check(asserting('101999999 sat'), { charter, json: true });
    expect(fails.status).toBe(2);
    expect(JSON.parse(fails.out)).toMatchObject({
      ok: false,
      problems: [
        {
          code: 'policy.assertion.failed',
          where: 'assert[0]',
          example: { compromised: 2, sats: 102_000_000, who: ['alice', 'operator'] },
        },
      ],
    });
  });

  test('of a file that is no policy is one problem, with its line', async () => {
    const { status, out, said } = await check('policy: hot-1\npolicy: hot-2\n', { json: true });
    expect(status).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      problems: [{ code: 'policy.syntax', where: 'line 2', example: { line: 2 } }],
    });
    expect(said).toContain('policy.syntax');
  });

  test('names the field that is wrong', async () => {
    const wrong = read('demo-hot-1.policy.yaml').replace('share: 10%', 'share: 10');
    const { out } = await check(wrong, { json: true });
    expect(JSON.parse(out)).toMatchObject({
      problems: [{ code: 'policy.syntax', where: 'line 12: fees.share' }],
    });
  });

  test('reads standard input and prints the normalised policy', async () => {
    const files = { '-': read('demo-hot-2.policy.yaml') };
    const { status, out } = await typed(['policy', 'check', '-', '--json'], files);
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, policy: { wallet: 'hot-2' } });
  });

  test('refuses a charter that cannot be read or has another form', async () => {
    const refused = async (text: string) => {
      const { status, out, said } = await check('demo-hot-1.policy.yaml', {
        charter: text,
        json: true,
      });
      return { status, code: /^[a-z.]+/.exec(said)?.[0], answer: JSON.parse(out) as unknown };
    };
    const syntax = { code: 'file.syntax' };
    expect(await refused('{')).toMatchObject({ status: 2, ...syntax, answer: { refusal: syntax } });
    expect(await refused('{}')).toMatchObject({ status: 2, code: 'schema.mismatch' });
  });
});
