import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toBase64, utf8 } from '../../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../../src/core/base/canonical.ts';
import { blobAddress } from '../../../../src/core/base/digest.ts';
import type { PackageLine } from '../../../../src/core/log/package.ts';
import { formatPackageLine, parsePackageLine } from '../../../../src/core/log/package.ts';

const blob = utf8('a blob');
const lines = {
  checkpoint: { type: 'checkpoint', note: 'log\n1\nroot\n\n— log AAAA\n' },
  blob: { type: 'blob', sha256: blobAddress(blob), bytes: blob },
  entry: {
    type: 'entry',
    index: 3,
    bytes: canonicalBytes({ type: 'fact', fact: { a: [1, 'é'] } }),
  },
} as const satisfies Record<string, PackageLine>;

const texts = {
  checkpoint: String.raw`{"note":"log\n1\nroot\n\n— log AAAA\n","type":"checkpoint"}`,
  blob: `{"base64":"${toBase64(blob)}","sha256":"${blobAddress(blob)}","type":"blob"}`,
  entry: '{"entry":{"fact":{"a":[1,"é"]},"type":"fact"},"index":3,"type":"entry"}',
};

const parsedEntry = { type: 'fact', fact: { a: [1, 'é'] } };

function code(line: string): string {
  const parsed = parsePackageLine(line);
  return parsed.ok ? 'ok' : parsed.refusal.code;
}

describe('lines of a package', () => {
  test.each(['checkpoint', 'blob', 'entry'] as const)('a %s is written and read', (type) => {
    expect(formatPackageLine(lines[type])).toBe(texts[type]);
    const read = type === 'entry' ? { value: parsedEntry } : {};
    expect(parsePackageLine(texts[type])).toEqual({ ok: true, value: { ...lines[type], ...read } });
  });

  test.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"entry"'],
    ['no type', '{}'],
    ['another type', texts.entry.replace('"type":"entry"', '"type":"entries"')],
    ['white space', texts.blob.replace(',', ', ')],
    ['a newline', `${texts.blob}\n`],
    ['keys in another order', '{"type":"checkpoint","note":"x"}'],
    ['an unknown key', texts.checkpoint.replace('"type"', '"other":1,"type"')],
    ['a key twice', texts.checkpoint.replace('"note"', '"note":"x","note"')],
    ['a key twice in an entry', texts.entry.replace('"index":3', '"index":2,"index":3')],
    ['two entries', texts.entry.replace('"index"', '"entry":{},"index"')],
    ['an unknown key beside an entry', texts.entry.replace('"index"', '"f":{},"index"')],
    [
      'keys of an entry in another order',
      texts.entry.replace('{"fact":{"a":[1,"é"]},"type":"fact"}', '{"type":"fact","fact":1}'),
    ],
    ['an escape that need not be', texts.entry.replace('é', String.raw`\u00e9`)],
    ['an index as text', texts.entry.replace('3', '"3"')],
    ['a negative index', texts.entry.replace('3', '-3')],
    ['a fractional index', texts.entry.replace('3', '3.5')],
    ['an index in other digits', texts.entry.replace('3', '3e0')],
    ['an index of 2^53', texts.entry.replace('3', '9007199254740992')],
    ['an entry that is a list', '{"entry":[],"index":3,"type":"entry"}'],
    ['no entry', '{"index":3,"type":"entry"}'],
    ['no note', '{"type":"checkpoint"}'],
    ['a note with a lone surrogate', String.raw`{"note":"\ud800","type":"checkpoint"}`],
    ['no base64', `{"sha256":"${blobAddress(blob)}","type":"blob"}`],
    ['unpadded base64', texts.blob.replace(toBase64(blob), toBase64(blob).slice(0, -1))],
    ['another blob', texts.blob.replace(toBase64(blob), toBase64(utf8('a bloc')))],
    ['an upper-case hash', texts.blob.replace(blobAddress(blob), blobAddress(blob).toUpperCase())],
    ['too many characters', texts.blob.padEnd(2_000_001)],
  ])('%s is refused as malformed', (_, line) => {
    expect(code(line)).toBe('package.invalid');
  });

  test('what may not stand in the log is refused by its own code', () => {
    expect(code('{"entry":{"a":1.5},"index":0,"type":"entry"}')).toBe('json.number');
    expect(code('{"entry":{"a":"\u200b"},"index":0,"type":"entry"}')).toBe('json.text');
    const deep = `${'['.repeat(30)}${']'.repeat(30)}`;
    expect(code(`{"entry":{"a":${deep}},"index":0,"type":"entry"}`)).toBe('json.depth');
  });

  test('an entry of 60,000 bytes passes, one more is refused', () => {
    const entry = (size: number) => {
      const texts = Array.from({ length: 8 }, () => 'x'.repeat(7_000));
      const fixed = JSON.stringify({ a: texts, b: '' }).length;
      return `{"entry":${JSON.stringify({ a: texts, b: 'x'.repeat(size - fixed) })},"index":0,"type":"entry"}`;
    };
    expect(code(entry(60_000))).toBe('ok');
    expect(code(entry(60_001))).toBe('log.entry.size');
  });

  test('a blob of 1,000,000 bytes passes, one more is refused', () => {
    const line = (size: number) => {
      const bytes = new Uint8Array(size);
      return `{"base64":"${toBase64(bytes)}","sha256":"${blobAddress(bytes)}","type":"blob"}`;
    };
    expect(code(line(1_000_000))).toBe('ok');
    expect(code(line(1_000_001))).toBe('log.blob.size');
  });

  test('writing what could not be read again is a bug', () => {
    expect(() => formatPackageLine({ ...lines.blob, sha256: blobAddress(utf8('x')) })).toThrow(
      'bug',
    );
    expect(() => formatPackageLine({ ...lines.entry, bytes: utf8('{ }') })).toThrow('bug');
  });

  test('any text gets a result, and what is accepted is what would be written', () => {
    const near = fc
      .tuple(
        fc.constantFrom(...Object.values(texts)),
        fc.nat(),
        fc.string({ maxLength: 3 }),
        fc.nat(4),
      )
      .map(([line, at, put, cut]) => {
        const place = at % line.length;
        return line.slice(0, place) + put + line.slice(place + cut);
      });
    fc.assert(
      fc.property(fc.oneof(near, fc.string(), fc.json()), (line) => {
        const parsed = parsePackageLine(line);
        if (parsed.ok) expect(formatPackageLine(parsed.value)).toBe(line);
      }),
      { numRuns: 3_000 },
    );
  });
});
