import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { warningTexts } from '../../src/core/approval/render.ts';
import { codes } from '../../src/core/base/codes.ts';
import { warnings } from '../../src/core/base/warnings.ts';

const root = resolve(import.meta.dirname, '../..');
const [, table = ''] = readFileSync(resolve(root, 'SECURITY.md'), 'utf8').split(
  '## What a PSBT, a wallet file and a node can do to us\n',
);

/** A line of the table: `| row | trick | codes | test |`. */
const rows = [...table.matchAll(/^\| ([A-G]\d+) +\| (.+?) +\| (.+?) +\| `(.+?)` +\|$/gm)].map(
  ([, row = '', trick = '', written = '', file = '']) => ({
    ...{ row, trick, file },
    named: [...written.matchAll(/(_?)`([a-z.]+)`_?/g)].map(([, mark, code = '']) => ({
      code,
      isWarning: mark === '_',
    })),
  }),
);

const letters = { A: 8, B: 14, C: 11, D: 16, E: 7, F: 12, G: 10 } as const;

describe('the attack list of SECURITY.md', () => {
  test('has every row', () => {
    const all = Object.entries(letters).flatMap(([letter, most]) =>
      Array.from({ length: most }, (_, at) => `${letter}${String(at + 1)}`),
    );
    expect([...new Set(rows.map(({ row }) => row))]).toEqual(all);
    expect(table.match(/^\| [A-G]\d/gm)).toHaveLength(rows.length);
  });

  test.each(rows)('$row: $trick', ({ row, named, file }) => {
    const path = resolve(root, 'test', `${file}.test.ts`);
    const source = existsSync(path) ? readFileSync(path, 'utf8') : null;
    expect(source).not.toBeNull();
    for (const { code, isWarning } of named) {
      const known = isWarning ? { ...warnings, ...warningTexts } : codes;
      expect([code, Object.hasOwn(known, code)]).toEqual([code, true]);
      expect([code, source?.includes(`'${code}'`)]).toEqual([code, true]);
    }
    if (file === 'unit/core/psbt/attacks') expect(source).toMatch(new RegExp(`'${row} `));
  });

  test('and every row that a test of PSBTs names is in it', () => {
    const source = readFileSync(resolve(root, 'test/unit/core/psbt/attacks.test.ts'), 'utf8');
    const named = [...source.matchAll(/test\('([A-G]\d+) /g)].map(([, row = '']) => row);
    const listed = new Set(rows.map(({ row }) => row));
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((row) => !listed.has(row))).toEqual([]);
  });
});
