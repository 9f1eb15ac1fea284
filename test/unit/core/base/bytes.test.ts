import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  concat,
  equalBytes,
  fromBase64,
  fromHex,
  fromUtf8,
  reversed,
  toBase64,
  toHex,
  utf8,
} from '../../../../src/core/base/bytes.ts';

const bytes = fc.uint8Array({ maxLength: 100 });

describe('hex', () => {
  test('comes back as it went', () => {
    fc.assert(
      fc.property(bytes, (some) => {
        expect(toHex(some)).toBe(Buffer.from(some).toString('hex'));
        expect(fromHex(toHex(some))).toEqual(some);
      }),
    );
  });

  test.each(['0', '0g', ' 00', '0x00'])('%j throws', (text) => {
    expect(() => fromHex(text)).toThrow();
  });
});

describe('base64', () => {
  // RFC 4648, section 10
  test.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('of %j is %j', (text, encoded) => {
    expect(toBase64(utf8(text))).toBe(encoded);
    expect(fromBase64(encoded)).toEqual(utf8(text));
  });

  test('agrees with the runtime for any bytes', () => {
    fc.assert(
      fc.property(bytes, (some) => {
        expect(toBase64(some)).toBe(Buffer.from(some).toString('base64'));
        expect(fromBase64(toBase64(some))).toEqual(some);
      }),
    );
  });

  test.each([
    ['missing padding', 'Zg'],
    ['half the padding', 'Zg='],
    ['padding alone', '===='],
    ['padding in the middle', 'Zg==Zg=='],
    ['trailing bits that are not zero', 'Zh=='],
    ['white space', 'Zm9v\n'],
    ['the alphabet of URLs', '-_-_'],
  ])('with %s is refused', (_, text) => {
    expect(fromBase64(text)).toBeUndefined();
  });
});

describe('UTF-8', () => {
  test('comes back as it went, with its byte order mark', () => {
    for (const text of ['', 'ä€😂', '\ufeffx']) expect(fromUtf8(utf8(text))).toBe(text);
  });

  test.each(['ff', 'c0af', 'eda080', 'f4908080', 'e282'])('of %s is none', (hex) => {
    expect(fromUtf8(fromHex(hex))).toBeUndefined();
  });
});

describe('arrays of bytes', () => {
  test('are equal by content and length', () => {
    expect(equalBytes(fromHex('0102'), fromHex('0102'))).toBe(true);
    expect(equalBytes(fromHex('0102'), fromHex('0103'))).toBe(false);
    expect(equalBytes(fromHex('0102'), fromHex('010200'))).toBe(false);
  });

  test('are joined and reversed without touching what was given', () => {
    const given = fromHex('010203');
    expect(reversed(given)).toEqual(fromHex('030201'));
    expect(concat(given, fromHex('04'))).toEqual(fromHex('01020304'));
    expect(given).toEqual(fromHex('010203'));
  });
});
