import { describe, expect, test } from '@jest/globals';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import fc from 'fast-check';
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify as nodeVerify,
} from 'node:crypto';
import { concat, fromHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { isEd25519Key, verifyEd25519 } from '../../../../src/core/log/ed25519.ts';

const { Point } = ed25519;
type Point = typeof Point.BASE;
const order = Point.Fn.ORDER;
const field = Point.Fp.ORDER;

/** OpenSSL's verdict, by an equation without cofactor. Releases differ on points of small order: not asked of those. */
function opensslVerify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(key).toString('base64url');
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return nodeVerify(null, message, publicKey, signature);
}

/** A point of order 8: what is left of a point outside the prime subgroup when that subgroup's part is taken away. */
function pointOfOrderEight(): Point {
  for (let y = 2n; ; y++) {
    try {
      // noble refuses a scalar that is the order itself.
      const point = Point.fromBytes(numberToBytesLE(y, 32));
      const torsion = point.multiplyUnsafe(order - 1n).add(point);
      if (!torsion.double().double().is0()) return torsion;
    } catch {
      continue;
    }
  }
}

const eighth = pointOfOrderEight();
const smallOrder = Array.from({ length: 8 }, (_, n) =>
  n === 0 ? Point.ZERO : eighth.multiplyUnsafe(BigInt(n)),
);

function challenge(R: Uint8Array, A: Uint8Array, message: Uint8Array): bigint {
  return Point.Fn.create(
    bytesToNumberLE(createHash('sha512').update(R).update(A).update(message).digest()),
  );
}

/** A signature with s = r + k * secret over the first of many messages whose challenge k is wanted. */
function forge(A: Uint8Array, secret: bigint, R: Uint8Array, wanted: (k: bigint) => boolean) {
  for (let n = 0; ; n++) {
    const message = utf8(`message ${String(n)}`);
    const k = challenge(R, A, message);
    if (!wanted(k)) continue;
    return { message, s: Point.Fn.create(nonce + k * secret) };
  }
}

const secret = 0x1234567890abcdefn;
const nonce = 0xfedcba0987654321n;
const A = Point.BASE.multiply(secret);
const R = Point.BASE.multiply(nonce);
const encode = (s: bigint) => numberToBytesLE(s, 32);

describe('Ed25519 verification', () => {
  test.each([
    [
      '1',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '2',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      '3',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ])('passes test %s of RFC 8032, section 7.1', (_, key, message, signature) => {
    expect(verifyEd25519(fromHex(key), fromHex(message), fromHex(signature))).toBe(true);
  });

  test('passes what OpenSSL signs and refuses any one bit of it changed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.constantFrom('key', 'message', 'signature'),
        fc.nat(),
        (message, part, bit) => {
          const { privateKey, publicKey } = generateKeyPairSync('ed25519');
          const x = publicKey.export({ format: 'jwk' }).x ?? '';
          const signed = {
            key: new Uint8Array(Buffer.from(x, 'base64url')),
            message,
            signature: new Uint8Array(sign(null, message, privateKey)),
          };
          expect(verifyEd25519(signed.key, signed.message, signed.signature)).toBe(true);
          const at = bit % (signed[part].length * 8);
          const spoiled = { ...signed, [part]: Uint8Array.from(signed[part]) };
          spoiled[part][at >> 3] = (spoiled[part][at >> 3] ?? 0) ^ (1 << (at & 7));
          expect(verifyEd25519(spoiled.key, spoiled.message, spoiled.signature)).toBe(false);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('wrong lengths are refused, not thrown', () => {
    const { message, s } = forge(A.toBytes(), secret, R.toBytes(), () => true);
    const signature = concat(R.toBytes(), encode(s));
    expect(verifyEd25519(A.toBytes(), message, signature)).toBe(true);
    expect(verifyEd25519(A.toBytes().subarray(1), message, signature)).toBe(false);
    expect(verifyEd25519(concat(A.toBytes(), Uint8Array.of(0)), message, signature)).toBe(false);
    expect(verifyEd25519(A.toBytes(), message, signature.subarray(1))).toBe(false);
    expect(verifyEd25519(A.toBytes(), message, concat(signature, Uint8Array.of(0)))).toBe(false);
    expect(verifyEd25519(new Uint8Array(0), message, new Uint8Array(0))).toBe(false);
  });

  test('s + L is refused', () => {
    const { message, s } = forge(A.toBytes(), secret, R.toBytes(), () => true);
    const signature = concat(R.toBytes(), encode(s + order));
    expect(verifyEd25519(A.toBytes(), message, signature)).toBe(false);
  });

  test('a key of small order is refused, though a lax verifier passes a signature by it', () => {
    for (const key of smallOrder.map((point) => point.toBytes())) {
      const { message } = forge(key, 0n, R.toBytes(), (k) => k % 8n === 0n);
      const signature = concat(R.toBytes(), encode(nonce));
      expect(ed25519.verify(signature, message, key, { zip215: true })).toBe(true);
      expect(verifyEd25519(key, message, signature)).toBe(false);
      expect(isEd25519Key(key)).toBe(false);
    }
  });

  test('R of small order is refused, though a lax verifier passes it', () => {
    for (const point of smallOrder) {
      const message = utf8('R');
      const k = challenge(point.toBytes(), A.toBytes(), message);
      const signature = concat(point.toBytes(), encode(Point.Fn.create(k * secret)));
      expect(ed25519.verify(signature, message, A.toBytes(), { zip215: true })).toBe(true);
      expect(verifyEd25519(A.toBytes(), message, signature)).toBe(false);
    }
  });

  test('other spellings of points are refused as key and as R', () => {
    const negativeZero = numberToBytesLE(1n | (1n << 255n), 32);
    const beyondField = Array.from({ length: 19 }, (_, y) =>
      numberToBytesLE(field + BigInt(y), 32),
    );
    const spellings = [negativeZero, ...beyondField].filter((bytes) => {
      try {
        // ZIP 215 decodes them all: so these are points, badly spelled.
        return Point.fromBytes(bytes, true) instanceof Point;
      } catch {
        return false;
      }
    });
    expect(spellings.length).toBeGreaterThan(8);
    for (const spelling of spellings) {
      expect(isEd25519Key(spelling)).toBe(false);
      const message = utf8('R');
      const k = challenge(spelling, A.toBytes(), message);
      const signature = concat(spelling, encode(Point.Fn.create(k * secret)));
      expect(verifyEd25519(A.toBytes(), message, signature)).toBe(false);
      expect(verifyEd25519(spelling, message, concat(R.toBytes(), encode(nonce)))).toBe(false);
    }
  });

  test('a key with a part of small order gets the verdict of OpenSSL: no cofactor', () => {
    const mixed = A.add(eighth).toBytes();
    for (const divisible of [true, false]) {
      const wanted = (k: bigint) => (k % 8n === 0n) === divisible;
      const { message, s } = forge(mixed, secret, R.toBytes(), wanted);
      const signature = concat(R.toBytes(), encode(s));
      expect(ed25519.verify(signature, message, mixed, { zip215: false })).toBe(true);
      expect(opensslVerify(mixed, message, signature)).toBe(divisible);
      expect(verifyEd25519(mixed, message, signature)).toBe(divisible);
    }
  });
});
