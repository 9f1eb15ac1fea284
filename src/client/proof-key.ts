import { createHash, createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { concat, fromHex, utf8 } from '../core/base/bytes.ts';
import type { Seconds } from '../core/base/time.ts';

/**
 * The key that proves each request (DPoP, RFC 9449): a P-256 key of a session, or the Ed25519 receipt key of a
 * signer. Whoever copies a request off the wire has no second one.
 */
export interface ProofKey {
  readonly algorithm: 'ES256' | 'EdDSA';
  /** Public JWK (RFC 7517), required members only. */
  readonly jwk: Readonly<Record<string, string>>;
  sign(message: Uint8Array): Uint8Array;
}

const base64url = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url');

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
/** A P-256 private key as a session file keeps it. */
export const sessionKeySchema = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: coordinate,
  y: coordinate,
  d: coordinate,
});
export type SessionKey = z.infer<typeof sessionKeySchema>;

/** A fresh key for one session. */
export function newSessionKey(): SessionKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return sessionKeySchema.parse(privateKey.export({ format: 'jwk' }));
}

/** ES256 (RFC 7518, 3.4): the signature is r || s, 64 bytes. Throws on a JWK that is no key. */
export function es256ProofKey(session: SessionKey): ProofKey {
  const { kty, crv, x, y } = session;
  const key = createPrivateKey({ key: { ...session }, format: 'jwk' });
  return {
    algorithm: 'ES256',
    jwk: { crv, kty, x, y },
    sign: (message) => sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }),
  };
}

/** DER of PKCS #8 before the 32 bytes of an Ed25519 seed (RFC 8410). */
const pkcs8Prefix = fromHex('302e020100300506032b657004220420');

/** EdDSA (RFC 8037) by a 32-byte seed. */
export function ed25519ProofKey(seed: Uint8Array): ProofKey {
  const der = Buffer.from(concat(pkcs8Prefix, seed));
  const key: KeyObject = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  const { x } = z.object({ x: coordinate }).parse(publicJwk(key));
  return {
    algorithm: 'EdDSA',
    jwk: { crv: 'Ed25519', kty: 'OKP', x },
    sign: (message) => sign(null, message, key),
  };
}

function publicJwk(key: KeyObject): unknown {
  const { d: _secret, ...known } = key.export({ format: 'jwk' });
  return known;
}

/** RFC 7638 thumbprint, base64url: what a session statement names. The members stand in the order of the RFC. */
export function thumbprint(key: ProofKey): string {
  const members = Object.entries(key.jwk).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify(Object.fromEntries(members));
  return createHash('sha256').update(text).digest('base64url');
}

/** The value of the DPoP header for one request: method, address without query, time, and an id used once. */
export function dpopProof(
  key: ProofKey,
  request: { readonly method: string; readonly url: string; readonly now: Seconds },
): string {
  const { origin, pathname } = new URL(request.url);
  const header = { typ: 'dpop+jwt', alg: key.algorithm, jwk: key.jwk };
  const claims = {
    jti: randomUUID(),
    htm: request.method,
    htu: `${origin}${pathname}`,
    iat: request.now,
  };
  const signed = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`;
  return `${signed}.${base64url(key.sign(utf8(signed)))}`;
}
