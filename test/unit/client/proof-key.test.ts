import { describe, expect, test } from '@jest/globals';
import { calculateJwkThumbprint, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import type { ProofKey } from '../../../src/client/proof-key.ts';
import {
  dpopProof,
  ed25519ProofKey,
  es256ProofKey,
  newSessionKey,
  sessionKeySchema,
  thumbprint,
} from '../../../src/client/proof-key.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import { toHex, utf8 } from '../../../src/core/base/bytes.ts';
import { ed25519 } from '@noble/curves/ed25519.js';

const seed = sha256(utf8('receipt key'));
const keys: readonly (readonly [string, ProofKey])[] = [
  ['ES256', es256ProofKey(newSessionKey())],
  ['EdDSA', ed25519ProofKey(seed)],
];
const request = {
  method: 'POST',
  url: 'http://127.0.0.1:3000/v1/proposals?cursor=1',
  now: 1_790_000_000,
};

describe.each(keys)('a DPoP proof by %s', (algorithm, key) => {
  test('verifies with a stock library and says what RFC 9449 asks', async () => {
    const proof = dpopProof(key, request);
    const header = decodeProtectedHeader(proof);
    expect(header).toEqual({ typ: 'dpop+jwt', alg: algorithm, jwk: key.jwk });
    const { payload } = await jwtVerify(proof, await importJWK({ ...key.jwk, alg: algorithm }), {
      currentDate: new Date(request.now * 1000),
    });
    expect(payload).toMatchObject({
      htm: 'POST',
      htu: 'http://127.0.0.1:3000/v1/proposals',
      iat: request.now,
    });
    expect(payload.jti).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('has an id of its own each time', () => {
    const ids = [dpopProof(key, request), dpopProof(key, request)].map(
      (proof) => proof.split('.')[1],
    );
    expect(ids[0]).not.toBe(ids[1]);
  });

  test('is known by the thumbprint of RFC 7638', async () => {
    expect(thumbprint(key)).toBe(await calculateJwkThumbprint({ ...key.jwk }));
  });

  test('shows no private member', () => {
    expect(Object.keys(key.jwk)).not.toContain('d');
  });
});

test('an Ed25519 proof key is the receipt key of its seed', () => {
  const x = Buffer.from(ed25519ProofKey(seed).jwk['x'] ?? '', 'base64url');
  expect(toHex(x)).toBe(toHex(ed25519.getPublicKey(seed)));
});

test('a session key survives its file', () => {
  const key = newSessionKey();
  const again = sessionKeySchema.parse(JSON.parse(JSON.stringify(key)));
  expect(thumbprint(es256ProofKey(again))).toBe(thumbprint(es256ProofKey(key)));
});
