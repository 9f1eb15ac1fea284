import { describe, expect, test } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import {
  canonicalBytes,
  isPlainText,
  parseCanonical,
} from '../../../../src/core/base/canonical.ts';
import { fromHex, fromUtf8, utf8 } from '../../../../src/core/base/bytes.ts';
import { JSON_DEPTH, JSON_TEXT_LENGTH } from '../../../../src/core/base/limits.ts';

const refused = (code: string) => ({ ok: false, refusal: { code } });
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('canonical JSON', () => {
  test('is accepted as text and as bytes', () => {
    const text = '{"10":null,"a":[true,{"b":"ä"}],"sats":9007199254740991}';
    const value = { '10': null, a: [true, { b: 'ä' }], sats: 9007199254740991 };
    expect(parseCanonical(text)).toEqual({ ok: true, value });
    expect(parseCanonical(utf8(text))).toEqual({ ok: true, value });
  });

  test('of any data that the protocol allows comes back as it went', () => {
    const text = fc.string({ unit: 'binary' }).filter(isPlainText);
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.oneof(fc.constant(null), fc.boolean(), fc.maxSafeNat(), text),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(text, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(parseCanonical(canonicalBytes(value))).toEqual({ ok: true, value });
      }),
    );
  });

  test('is the same whether its keys were in order or not, and is what RFC 8785 says', () => {
    const key = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }).filter(isPlainText),
      fc.nat(20).map(String),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        fc.oneof(
          fc.constant(null),
          fc.boolean(),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          key,
        ),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 5, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const reference = canonicalize(value);
        expect(fromUtf8(canonicalBytes(value))).toBe(reference);
        // In order already, but for keys that are whole numbers: an object has those in an order of its own.
        expect(fromUtf8(canonicalBytes(JSON.parse(reference ?? '')))).toBe(reference);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['white space', '{"a": 1}'],
    ['a line at the end', '{}\n'],
    ['keys out of order', '{"b":1,"a":2}'],
    ['keys in the order of code points instead of UTF-16', '{"\uff21":1,"😂":2}'],
    ['a key twice', '{"a":1,"a":1}'],
    ['an escape without need', '"\\u0061"'],
    ['an escaped slash', '"\\/"'],
    ['a fraction of zero', '1.0'],
    ['an exponent', '1e3'],
    ['a prototype behind a key twice', '{"__proto__":1,"__proto__":2}'],
  ])('with %s is refused as not canonical', (_, text) => {
    expect(parseCanonical(text)).toMatchObject(refused('json.noncanonical'));
  });

  test('keeps a key named __proto__ as data', () => {
    const read = parseCanonical('{"__proto__":{"admin":true}}');
    expect(read.ok && Object.keys(read.value as object)).toEqual(['__proto__']);
  });

  test.each(['', '{', '01', 'NaN', '\ufeff{}', "{'a':1}", '{"a":1,}', '{}{}'])(
    '%j is malformed',
    (text) => {
      expect(parseCanonical(text)).toMatchObject(refused('json.malformed'));
    },
  );

  test('that is no UTF-8 is malformed', () => {
    expect(parseCanonical(fromHex('22ff22'))).toMatchObject(refused('json.malformed'));
    expect(parseCanonical(fromHex('22eda08022'))).toMatchObject(refused('json.malformed'));
  });

  test.each(['-1', '-0', '0.5', '1e-7', '1e30', '9007199254740992', '9007199254740993', '1e999'])(
    'with the number %s is refused',
    (text) => {
      expect(parseCanonical(text)).toMatchObject(refused('json.number'));
    },
  );

  test('may be nested to the limit and no deeper', () => {
    expect(parseCanonical(nested(JSON_DEPTH + 1))).toMatchObject({ ok: true });
    expect(parseCanonical(nested(JSON_DEPTH + 2))).toMatchObject(refused('json.depth'));
    expect(parseCanonical(nested(200_000))).toMatchObject(refused('json.depth'));
  });

  test('may hold texts to the limit and no longer, as value and as key', () => {
    const longest = 'x'.repeat(JSON_TEXT_LENGTH);
    expect(parseCanonical(`"${longest}"`)).toMatchObject({ ok: true });
    expect(parseCanonical(`"${longest}x"`)).toMatchObject(refused('json.text'));
    expect(parseCanonical(`{"${longest}x":1}`)).toMatchObject(refused('json.text'));
  });

  test.each(['"\\n"', '"a\\u202eb"', '"A\u030a"', '"\\ud800"', '{"\\u200b":1}', '["\u00ad"]'])(
    'with the text %j is refused',
    (text) => {
      expect(parseCanonical(text)).toMatchObject(refused('json.text'));
    },
  );

  test('of what is no JSON data is a bug', () => {
    expect(() => canonicalBytes(undefined)).toThrow(/^bug: /);
    for (const value of [Number.NaN, Infinity, 1n, '\ud800']) {
      expect(() => canonicalBytes(value)).toThrow();
      expect(() => canonicalBytes({ value })).toThrow();
    }
    expect(fromUtf8(canonicalBytes({ b: undefined, a: -0 }))).toBe('{"a":0}');
  });
});

describe('a plain text', () => {
  test.each(['', 'Zahlung Nr. 5', 'Größe', '支払い', 'دفع', 'भुगतान', '😂', "=cmd|' /C'!A0"])(
    '%j is one',
    (text) => {
      expect(isPlainText(text)).toBe(true);
    },
  );

  test('holds nothing that this Unicode ignores by default, and no control or bidirectional mark', () => {
    const unseen = /\p{Default_Ignorable_Code_Point}|\p{Cc}|\p{Bidi_Control}|\p{Zl}|\p{Zp}/u;
    const passed: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      const text = String.fromCodePoint(code);
      if (unseen.test(text) && isPlainText(text)) passed.push(code.toString(16));
    }
    expect(passed).toEqual([]);
  });

  test('is composed (NFC) and well-formed', () => {
    expect(isPlainText('\u00c5')).toBe(true);
    expect(isPlainText('A\u030a')).toBe(false);
    expect(isPlainText('\u212b')).toBe(false);
    expect(isPlainText('\ud800')).toBe(false);
  });
});
