import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { z } from 'zod';
import { codes } from '../../src/core/base/codes.ts';
import { later } from '../drills/later.ts';

/** `npm run drills -- --json`, as whoever runs it by hand or in a pipeline. */

const root = resolve(import.meta.dirname, '../..');
const stripped = ['--experimental-transform-types', '--disable-warning=ExperimentalWarning'];

const linesSchema = z.array(
  z.strictObject({
    id: z.int().min(1).max(62),
    name: z.string().min(1),
    attacker: z.enum(['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C8', 'C9', 'C10']),
    result: z.enum(['refused', 'stopped', 'not yet', 'BREACHED']),
    code: z.enum(Object.keys(codes) as [string, ...string[]]).nullable(),
    control: z.enum(['ok', 'failed']).nullable(),
  }),
);

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly said: string;
}

function drills(...args: readonly string[]): Promise<Ended> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [...stripped, 'test/drills/main.ts', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, said] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('error', fail);
    child.once('close', (status) => {
      done({ status, out, said });
    });
  });
}

describe('the attack drills', () => {
  test('breach nothing, and every control of a drill that ran succeeds', async () => {
    const { status, out, said } = await drills('--json');
    const lines = linesSchema.parse(JSON.parse(out));
    const broken = lines.filter(
      ({ result, control }) => result === 'BREACHED' || control === 'failed',
    );
    expect({ broken, said: broken.length === 0 ? '' : said }).toEqual({ broken: [], said: '' });
    expect(status).toBe(0);
    expect(lines.map(({ id }) => id)).toEqual(Array.from({ length: 62 }, (_, at) => at + 1));
    const waiting = lines.filter(({ result }) => result === 'not yet');
    expect(waiting.map(({ id }) => id)).toEqual(later.map(({ id }) => id));
    for (const { result, code, control } of lines)
      expect([code === null, control]).toEqual(result === 'not yet' ? [true, null] : [false, 'ok']);
  }, 1_200_000);

  test('are not run by a command line that cannot be meant', async () => {
    expect((await drills('--only', '99')).status).toBe(64);
    expect((await drills('--nonsense')).status).toBe(64);
  }, 60_000);
});
