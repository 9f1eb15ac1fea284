import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import {
  blobAddress,
  digest,
  digestBytes,
  sha256 as core,
} from '../../../../src/core/base/digest.ts';
import { toHex, utf8 } from '../../../../src/core/base/bytes.ts';

const sha256 = (...parts: Uint8Array[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

describe('a digest', () => {
  test('is the tagged hash of BIP 340 over canonical JSON', () => {
    const tag = sha256(utf8('countersign/proposal/v1'));
    const expected = sha256(tag, tag, utf8('{"a":1,"b":"ä"}')).toString('hex');
    expect(digest('proposal', { b: 'ä', a: 1 })).toBe(expected);
    expect(toHex(digestBytes('proposal', { a: 1, b: 'ä' }))).toBe(expected);
  });

  test('of one kind does not pass as another', () => {
    const object = { a: 1 };
    const kinds = ['document', 'proposal', 'approval', 'freeze', 'receipt', 'spend'] as const;
    expect(new Set(kinds.map((kind) => digest(kind, object))).size).toBe(kinds.length);
  });

  test('changes with the object', () => {
    expect(digest('spend', { feeSats: 1 })).not.toBe(digest('spend', { feeSats: 2 }));
    expect(digest('spend', { feeSats: 1 })).not.toBe(digest('spend', { feeSats: '1' }));
  });
});

test('SHA-256 is that of the runtime, of parts and of any length, and no hash disturbs another', () => {
  const made = [0, 1, 55, 56, 63, 64, 65, 127, 128, 129, 1_000].map((length) => {
    const bytes = new Uint8Array(length).fill(length);
    const [head, tail] = [bytes.subarray(0, length / 3), bytes.subarray(length / 3)];
    expect(toHex(core(head, tail))).toBe(sha256(bytes).toString('hex'));
    return { bytes, hash: core(bytes) };
  });
  for (const { bytes, hash } of made) expect(toHex(hash)).toBe(sha256(bytes).toString('hex'));
  expect(() => core('no bytes' as unknown as Uint8Array)).toThrow();
  expect(toHex(core())).toBe(sha256().toString('hex'));
});

test('the address of a blob is its plain SHA-256', () => {
  // FIPS 180-2, appendix B.1
  expect(blobAddress(utf8('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});
