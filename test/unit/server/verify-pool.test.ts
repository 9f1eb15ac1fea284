import { afterEach, describe, expect, test } from '@jest/globals';
import { signSchnorr, xOnlyPointFromScalar } from 'tiny-secp256k1';
import { es256ProofKey, newSessionKey } from '../../../src/client/proof-key.ts';
import { toHex, utf8 } from '../../../src/core/base/bytes.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import type { Question } from '../../../src/server/verify/question.ts';
import { VerifyPool } from '../../../src/server/verify/verify-pool.ts';

const secret = sha256(utf8('device'));
const device = (text: string, signed = text): Question => [
  'device',
  toHex(xOnlyPointFromScalar(secret)),
  toHex(sha256(utf8(text))),
  toHex(signSchnorr(sha256(utf8(signed)), secret)),
];
const session = es256ProofKey(newSessionKey());
const proof = (text: string, signed = text): Question => [
  'ES256',
  JSON.stringify(session.jwk),
  text,
  Buffer.from(session.sign(utf8(signed))).toString('base64url'),
];

describe('threads that verify signatures', () => {
  const pool = new VerifyPool();

  afterEach(() => pool.close());

  test('answer each question of many at once with its own answer', async () => {
    const questions = Array.from({ length: 60 }, (_, at) => {
      const text = `text ${String(at)}`;
      const signed = at % 3 === 0 ? 'another' : text;
      return at % 2 === 0 ? device(text, signed) : proof(text, signed);
    });
    const answers = await Promise.all(questions.map((question) => pool.verify(question)));
    expect(answers).toEqual(questions.map((_, at) => at % 3 !== 0));
  });

  test('say no to what is no key and no signature', async () => {
    const [, , text, signature] = proof('text');
    const odd: Question[] = [
      ['device', '00'.repeat(32), '11'.repeat(32), '22'.repeat(64)],
      ['device', 'zz', '', ''],
      ['ES256', '{"crv":"P-256","kty":"EC","x":"AA","y":"AA"}', text, signature],
      ['ES256', JSON.stringify(session.jwk), text, signature.slice(0, -4)],
      ['EdDSA', '{', text, signature],
    ];
    for (const question of odd) expect(await pool.verify(question)).toBe(false);
  });

  test('what a thread leaves unanswered when it is ended is answered all the same', async () => {
    const asked = Array.from({ length: 20 }, (_, at) => pool.verify(device(`late ${String(at)}`)));
    await new Promise((done) => setImmediate(done));
    await pool.close();
    expect(await Promise.all(asked)).toEqual(asked.map(() => true));
  });
});
