import { z } from 'zod';
import { toBase64 } from '../core/base/bytes.ts';
import type { Result } from '../core/base/result.ts';
import type { SignedMessage } from '../core/sentinel/messages.ts';
import { signedMessageSchema } from '../core/sentinel/messages.ts';
import type { PostedReceipt } from './api.ts';
import type { Http } from './http.ts';

const toldAnswer = z.object({ told: z.array(signedMessageSchema) });

/** One sentinel's requests (core/sentinel/messages.ts). What it answers is believed by nobody before it is opened by its key. */
export class SentinelApi {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** The answer to a poll. Throws on network faults, as all here. */
  poll(poll: SignedMessage): Promise<Result<SignedMessage>> {
    return this.#post('/v1/poll', poll, signedMessageSchema);
  }

  /** The acknowledgements of a notice, one for each object. */
  async notice(notice: SignedMessage): Promise<Result<readonly SignedMessage[]>> {
    const answer = await this.#post('/v1/notice', notice, toldAnswer);
    return answer.ok ? { ok: true, value: answer.value.told } : answer;
  }

  /** The acknowledgement of a "no". */
  statement(statement: string, signature: string): Promise<Result<SignedMessage>> {
    return this.#post('/v1/statements', { statement, signature }, signedMessageSchema);
  }

  /** Hands over receipts of a signer, in order. */
  receipts(receipts: readonly PostedReceipt[]): Promise<Result<unknown>> {
    const body = receipts.map(({ receipt, signature, blobs }) => ({
      receipt,
      signature,
      blobs: blobs.map(toBase64),
    }));
    return this.#post('/v1/receipts', { receipts: body }, z.unknown());
  }

  #post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<Result<T>> {
    return this.#http.json({ method: 'POST', path, body }, schema);
  }
}
