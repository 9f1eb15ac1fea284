import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { typed } from './typed.ts';

const read = (file: string) =>
  readFileSync(resolve(import.meta.dirname, '../../../policies', file), 'utf8');
const policy = read('exchange-hot-jp.policy.yaml');
const charter = `
members:
  - { id: olga, groups: [operations] }
  - { id: aiko, groups: [treasury], kinds: [secp256k1, psbt] }
  - { id: ben, groups: [treasury] }
  - { id: dai, groups: [compliance], kinds: [message] }
initiators: [operations]
`;
const spend = (amount: string, rest: string) => `
spend: { initiator: olga, pay: [{ to: acme, amount: ${amount} }], fee: 1000 sat, vbytes: 200 }
${rest}
`;

async function explain(spendFile: string, ...more: readonly string[]) {
  const words = ['policy', 'explain', 'p', '--charter', 'c', '--spend', 's', ...more];
  return await typed(words, { p: policy, c: charter, s: spendFile });
}
async function json(spendFile: string, ...more: readonly string[]) {
  const { status, out, said } = await explain(spendFile, '--json', ...more);
  return { status, said, answer: JSON.parse(out) as unknown };
}

describe('countersign policy explain', () => {
  test('ends with 0 where the spend may be signed, and says why', async () => {
    const found = await json(spend('1 BTC', 'approvals: [aiko, dai]'));
    expect(found).toMatchObject({
      status: 0,
      said: '',
      answer: {
        ok: true,
        outcome: 'authorised',
        notBefore: '2027-01-15T08:00:00Z',
        clauses: [{ rule: 'customers', met: true }],
      },
    });
    expect(found.answer).toHaveProperty('rules.0', {
      name: 'customers',
      deny: false,
      matched: true,
      permits: true,
      why: expect.any(Array) as unknown,
    });
    expect(found.answer).toHaveProperty('limits.1.freeSats', 4_000_000_000);
  });

  test('ends with 0 while approvals are missing, and says who may give them', async () => {
    expect(await json(spend('1 BTC', 'approvals: [dai]'))).toMatchObject({
      status: 0,
      answer: {
        ok: true,
        outcome: 'pending',
        clauses: [{ missing: [{ from: 'treasury', count: 1, may: ['aiko', 'ben'] }] }],
        notBefore: null,
      },
    });
  });

  test('ends with 0 while the spend waits, and says until when', async () => {
    const found = await json(spend('6 BTC', 'approvals: [aiko, ben, dai]\nquorum: { ago: 59m }'));
    expect(found).toMatchObject({
      status: 0,
      answer: { ok: true, outcome: 'waiting', notBefore: '2027-01-15T08:01:00Z' },
    });
  });

  test('ends with 2 where the spend is denied, with each code on standard error', async () => {
    const found = await json(spend('11 BTC', 'approvals: []'));
    expect(found).toMatchObject({
      status: 2,
      answer: { ok: false, outcome: 'denied', refusals: [{ code: 'policy.limit.exceeded' }] },
    });
    expect(found.said).toMatch(/^policy\.limit\.exceeded: /);
  });

  test('judges at --at, else at the time of the file, else now', async () => {
    const open = spend('6 BTC', 'approvals: [aiko, ben, dai]\nquorum: { ago: 1h }');
    const closed = `${open}at: 2027-01-16T00:00:00Z\n`;
    const outcome = async (file: string, ...more: readonly string[]) =>
      (await json(file, ...more)).answer;
    expect(await outcome(open)).toMatchObject({ outcome: 'authorised' });
    const until = { outcome: 'waiting', notBefore: '2027-01-18T00:00:00Z' };
    expect(await outcome(closed)).toMatchObject(until);
    expect(await outcome(open, '--at', '2027-01-16T00:00:00Z')).toMatchObject(until);
    expect(await outcome(closed, '--at', '2027-01-15T00:00:00Z')).toMatchObject({
      outcome: 'authorised',
    });
  });

  test('speaks English and Japanese', async () => {
    const file = spend('6 BTC', 'approvals: [aiko, ben, dai]\nat: 2027-01-15T09:00:00Z');
    const { out: english } = await explain(file);
    expect(english).toContain('The approvals suffice; the spend waits.');
    expect(english).toContain('Mon 2027-01-18 09:00:00 in Asia/Tokyo (2027-01-18T00:00:00Z)');
    const { out: japanese } = await explain(file, '--lang', 'ja');
    expect(japanese).toContain('承認はそろっていますが、この送金は待機中です。');
    expect(japanese).toContain('2027年1月18日（月）09:00:00');
  });

  test('explains the example of the folder, whose charter suits its policy', async () => {
    const files = { p: policy, c: read('example.charter.yaml'), s: read('example.spend.yaml') };
    const words = ['--charter', 'c', '--json'];
    const found = await typed(['policy', 'explain', 'p', '--spend', 's', ...words], files);
    expect(JSON.parse(found.out)).toMatchObject({
      outcome: 'pending',
      clauses: [
        { rule: 'large', missing: [{ from: 'treasury', count: 1, may: ['aiko'] }] },
        { rule: 'strangers', missing: [{ from: 'treasury', count: 1, may: ['aiko'] }] },
      ],
      delaySeconds: 86_400,
    });
    const checked = await typed(['policy', 'check', 'p', ...words], files);
    expect(JSON.parse(checked.out)).toMatchObject({ ok: true, problems: [] });
  });

  test.each([
    ['member.unknown', spend('1 BTC', 'approvals: [nobody]')],
    ['device.unknown', spend('1 BTC', 'approvals: [{ member: ben, kinds: [psbt] }]')],
    ['schema.mismatch', spend('1 BTC', '')],
    ['file.syntax', 'spend: ['],
    ['statement.time', spend('1 BTC', 'approvals: []\nquorum: { at: 2028-01-01T00:00:00Z }')],
  ])('refuses with %s what is no spend of this charter', async (code, file) => {
    expect(await json(file)).toMatchObject({
      status: 2,
      answer: { ok: false, refusal: { code } },
    });
  });

  test.each([
    [['--lang', 'fr']],
    [['--at', 'tomorrow']],
    [['--charter', 'c']],
    [['--spend', 's', '--at']],
  ])('with %j is wrong usage', async (more) => {
    expect((await explain(spend('1 BTC', 'approvals: []'), ...more)).status).toBe(64);
  });

  test.each([
    [['policy', 'explain', 'p', '--spend', 's']],
    [['policy', 'explain', 'p', '--charter', 'c']],
    [['policy', 'explain', '--charter', 'c', '--spend', 's']],
  ])('%j lacks something', async (words) => {
    const files = { p: policy, c: charter, s: spend('1 BTC', 'approvals: []') };
    expect((await typed(words, files)).status).toBe(64);
  });
});
