import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { Seconds } from '../../core/base/time.ts';
import type { Question } from '../verify/question.ts';

/** How far the time of a proof may lie from ours. */
export const PROOF_SECONDS = 60;
/** The header, characters: ours have below 600. */
const PROOF_LENGTH = 2_048;
const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const headerSchema = z.discriminatedUnion('alg', [
  z.strictObject({
    typ: z.literal('dpop+jwt'),
    alg: z.literal('ES256'),
    jwk: z.strictObject({
      kty: z.literal('EC'),
      crv: z.literal('P-256'),
      x: coordinate,
      y: coordinate,
    }),
  }),
  z.strictObject({
    typ: z.literal('dpop+jwt'),
    alg: z.literal('EdDSA'),
    jwk: z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: coordinate }),
  }),
]);
type Header = z.infer<typeof headerSchema>;

const claimsSchema = z.object({
  jti: z.string().min(8).max(128),
  htm: z.string().max(16),
  htu: z.string().max(1_024),
  iat: z.int().min(0),
});

/** A request was proven by a key. */
export interface Proof {
  /** RFC 7638 thumbprint, base64url. */
  readonly thumbprint: string;
  /** Hex of an Ed25519 key, null for P-256. */
  readonly ed25519: string | null;
  /** 32 bytes that no other proof has. */
  readonly id: Buffer;
}

export interface ProvenRequest {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  /** Origins under which callers know this server. */
  readonly origins: ReadonlySet<string>;
  readonly now: Seconds;
}

/** What a header claims: it is true when the question is answered with yes. */
export interface ClaimedProof {
  readonly proof: Proof;
  readonly question: Question;
}

/**
 * Reads a DPoP proof (RFC 9449, section 4.3) of exactly this request: form, algorithm, method, address, time. Its signature
 * by the key that it carries is the question to be asked; whether the key may do anything, and whether the proof was
 * used before, is for caller.service.ts. Codes: `proof.missing`, `proof.invalid`.
 */
export function readProof(header: unknown, request: ProvenRequest): Result<ClaimedProof> {
  if (header === undefined || header === '') return refuse('proof.missing');
  if (typeof header !== 'string' || header.length > PROOF_LENGTH) return invalidProof('form');
  const [head = '', claim = '', signature = '', ...more] = header.split('.');
  if (more.length > 0) return invalidProof('form');
  const protectedHeader = headerSchema.safeParse(decode(head));
  const claims = claimsSchema.safeParse(decode(claim));
  if (!protectedHeader.success) return invalidProof('header');
  if (!claims.success) return invalidProof('claims');
  const { htm, htu, iat, jti } = claims.data;
  if (htm !== request.method) return invalidProof('htm');
  if (!isAddress(htu, request)) return invalidProof('htu');
  if (Math.abs(request.now - iat) > PROOF_SECONDS) return invalidProof('iat');
  const { jwk, alg } = protectedHeader.data;
  const members = thumbprintMembers(jwk);
  const thumbprint = createHash('sha256').update(members).digest('base64url');
  const proof = {
    thumbprint,
    ed25519: jwk.kty === 'OKP' ? Buffer.from(jwk.x, 'base64url').toString('hex') : null,
    id: createHash('sha256').update(`${thumbprint}.${jti}`).digest(),
  };
  return ok({ proof, question: [alg, members, `${head}.${claim}`, signature] });
}

function isAddress(htu: string, { origins, path }: ProvenRequest): boolean {
  if (!htu.endsWith(path)) return false;
  return origins.has(htu.slice(0, htu.length - path.length));
}

/** RFC 7638: the required members in lexicographic order, without white space. Also a JWK. */
function thumbprintMembers(jwk: Header['jwk']): string {
  const { crv, kty, x } = jwk;
  return JSON.stringify(jwk.kty === 'EC' ? { crv, kty, x, y: jwk.y } : { crv, kty, x });
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Code `proof.invalid`. */
export function invalidProof(reason: string): Result<never> {
  return refuse('proof.invalid', { reason });
}
