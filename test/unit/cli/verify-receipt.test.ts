import { describe, expect, test } from '@jest/globals';
import { ed25519 } from '@noble/curves/ed25519.js';
import { numberToBytesLE } from '@noble/curves/utils.js';
import fc from 'fast-check';
import { verifyReceiptFast } from '../../../src/cli/verify-receipt.ts';
import { concat, utf8 } from '../../../src/core/base/bytes.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import { verifyEd25519 } from '../../../src/core/log/ed25519.ts';

const { Point } = ed25519;
const seed = sha256(utf8('verify-receipt'));
const key = ed25519.getPublicKey(seed);
const message = utf8('a receipt');
const signature = ed25519.sign(message, seed);

/** Both verdicts, which must be one. */
function verdict(publicKey: Uint8Array, text: Uint8Array, signed: Uint8Array): boolean {
  const fast = verifyReceiptFast(publicKey, text, signed);
  expect(fast).toBe(verifyEd25519(publicKey, text, signed));
  return fast;
}

describe('the fast check of receipts says what the strict one says', () => {
  test('of a signature, and of any other length', () => {
    expect(verdict(key, message, signature)).toBe(true);
    for (const length of [0, 31, 33])
      expect(verdict(new Uint8Array(length), message, signature)).toBe(false);
    for (const length of [0, 63, 65])
      expect(verdict(key, message, new Uint8Array(length))).toBe(false);
  });

  test('of whatever differs in a bit', () => {
    fc.assert(
      fc.property(fc.constantFrom('key', 'message', 'signature'), fc.nat(511), (what, bit) => {
        const parts = { key: key.slice(), message: message.slice(), signature: signature.slice() };
        const bytes = parts[what];
        const at = (bit >> 3) % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
        expect(verdict(parts.key, parts.message, parts.signature)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  test('of s written one order higher', () => {
    const s = numberToBytesLE(
      BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + Point.Fn.ORDER,
      32,
    );
    expect(verdict(key, message, concat(signature.subarray(0, 32), s))).toBe(false);
  });

  test('of keys and of points R of small order, and of other spellings of them', () => {
    const zero = new Uint8Array(32);
    const encodings = smallOrder().map((point) => point.toBytes());
    const field = Point.Fp.ORDER;
    // y = 0 and y = 1 may be written as p and p + 1.
    const others = [field, field + 1n].map((y) => numberToBytesLE(y, 32));
    expect(new Set(encodings.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(8);
    for (const bytes of [...encodings, ...others]) {
      expect(verdict(bytes, message, signature)).toBe(false);
      expect(verdict(key, message, concat(bytes, zero))).toBe(false);
      // With a key of small order, s = 0 and R of small order the equation may hold.
      for (const R of encodings) expect(verdict(bytes, message, concat(R, zero))).toBe(false);
    }
  });
});

function smallOrder() {
  for (let y = 2n; ; y++) {
    try {
      const point = Point.fromBytes(numberToBytesLE(y, 32));
      const torsion = point.multiplyUnsafe(Point.Fn.ORDER - 1n).add(point);
      if (torsion.double().double().is0()) continue;
      return Array.from({ length: 8 }, (_, n) =>
        n === 0 ? Point.ZERO : torsion.multiplyUnsafe(BigInt(n)),
      );
    } catch {
      continue;
    }
  }
}
