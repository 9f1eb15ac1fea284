import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { fromBase64, fromUtf8 } from '../../src/core/base/bytes.ts';
import { canonicalBytes, parseCanonical } from '../../src/core/base/canonical.ts';
import { describeShared, readShared } from '../support/shared.ts';

const file = z.object({
  vectors: z
    .array(z.object({ name: z.string(), inputBase64: z.string(), outputBase64: z.string() }))
    .nonempty(),
});

// What the protocol narrows RFC 8785 by: canonical all the same, but not accepted from outside.
const narrowed: Readonly<Record<string, string>> = {
  structures: 'json.text', // a key with a line feed
  unicode: 'json.text', // not NFC, which RFC 8785 leaves alone
  values: 'json.number', // fractions and powers of ten
  weird: 'json.text', // control characters
};

function textOf(base64: string): string {
  const bytes = fromBase64(base64);
  const text = bytes && fromUtf8(bytes);
  if (text === undefined) throw new Error('the vector is no base64 of UTF-8');
  return text;
}

describeShared('the vectors of RFC 8785', (folder) => {
  const { vectors } = readShared(folder, 'vectors/rfc8785-jcs.json', file);

  test.each(vectors)('$name is written as its author wrote it', (vector) => {
    const value: unknown = JSON.parse(textOf(vector.inputBase64));
    expect(fromUtf8(canonicalBytes(value))).toBe(textOf(vector.outputBase64));
  });

  test.each(vectors)('$name is read where the protocol allows its values', (vector) => {
    const output = textOf(vector.outputBase64);
    const read = parseCanonical(output);
    const code = narrowed[vector.name];
    const value: unknown = JSON.parse(output);
    if (code === undefined) expect(read).toEqual({ ok: true, value });
    else expect(read).toMatchObject({ ok: false, refusal: { code } });
  });
});
