import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { run } from '../../../src/cli/commands/policy-check.ts';
import { utf8 } from '../../../src/core/base/bytes.ts';

const policies = resolve(import.meta.dirname, '../../../policies');

const member = (id: string, groups: string[]) => ({
  id,
  name: id,
  groups,
  devices: [{ id: `${id}-1`, kind: 'secp256k1' }],
  operators: null,
});
const charter = {
  members: [
    member('operator', ['operators']),
    member('alice', ['treasury']),
    member('bob', ['treasury']),
    member('carol', ['compliance']),
  ],
  initiators: ['operators'],
};

async function runWith(args: readonly string[], files: Readonly<Record<string, string>> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const status = await run(args, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    stdin: () => Promise.resolve(utf8(files['-'] ?? '')),
    readFile: async (path) => {
      const text = files[path];
      return text === undefined ? await readFile(resolve(policies, path)) : utf8(text);
    },
  });
  return { status, out: out.join('\n'), err: err.join('\n') };
}

describe('countersign policy check', () => {
  test('prints the sentences of a good policy and ends with 0', async () => {
    const { status, out, err } = await runWith(['demo-hot-1.policy.yaml']);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toContain('2 of treasury and 1 of compliance');
  });

  test.each(['demo-hot-1', 'demo-hot-2'])(
    '%s can be satisfied by the demonstration',
    async (name) => {
      const files = { charter: JSON.stringify(charter) };
      const found = await runWith([`${name}.policy.yaml`, '--charter', 'charter'], files);
      expect(found).toMatchObject({ status: 0, err: '' });
    },
  );

  test('names the code of a quorum that the charter cannot meet', async () => {
    const fewer = { ...charter, members: charter.members.filter(({ id }) => id !== 'bob') };
    const args = ['demo-hot-1.policy.yaml', '--charter', 'c', '--json'];
    const { status, out, err } = await runWith(args, { c: JSON.stringify(fewer) });
    expect(status).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      refusal: { code: 'policy.quorum.unsatisfiable', facts: { where: 'rule "payments"' } },
    });
    expect(err).toMatch(/^policy\.quorum\.unsatisfiable: /);
  });

  test('reads standard input and prints JSON', async () => {
    const files = { '-': await readFile(resolve(policies, 'demo-hot-2.policy.yaml'), 'utf8') };
    const { status, out } = await runWith(['-', '--json'], files);
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, policy: { wallet: 'hot-2' } });
  });

  test('refuses a file that is no policy with 2 and its line', async () => {
    const { status, err } = await runWith(['x'], { x: 'policy: hot-1\npolicy: hot-2\n' });
    expect(status).toBe(2);
    expect(err).toContain('policy.syntax');
    expect(err).toContain('line: 2');
  });

  test('refuses a charter that is no JSON or has another form', async () => {
    const args = ['demo-hot-1.policy.yaml', '--charter', 'c'];
    expect((await runWith(args, { c: '{' })).err).toContain('json.malformed');
    expect((await runWith(args, { c: '{}' })).err).toContain('schema.mismatch');
  });

  test.each([[[]], [['a', 'b']], [['--nonsense', 'a']], [['a', '--charter']]])(
    '%j is wrong usage',
    async (args: readonly string[]) => {
      expect((await runWith(args)).status).toBe(64);
    },
  );

  test('--help explains itself', async () => {
    const { status, out } = await runWith(['--help']);
    expect(status).toBe(0);
    expect(out).toContain('Usage: countersign policy check FILE');
  });
});
