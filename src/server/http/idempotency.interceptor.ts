import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import type { Observable } from 'rxjs';
import { lastValueFrom, of } from 'rxjs';
import { callerOf } from '../access/caller.ts';
import type { Slot } from './idempotency.store.ts';
import { IdempotencyStore, idOf } from './idempotency.store.ts';
import { refusal } from './refusal-exception.ts';

/**
 * A write with an Idempotency-Key is done once: sent again with the same body, it gets the first answer. Only successes are
 * kept, because a refusal may pass later. Should the process die between the log's commit and the keeping of the answer,
 * the second request is refused by the log itself, with `statement.duplicate`.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  /** Under way in this process, with the hash of their body. */
  readonly #running = new Map<string, string>();

  constructor(private readonly store: IdempotencyStore) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    if (request.method !== 'POST' || key === undefined) return next.handle();
    const caller = callerOf(request);
    // Who is not known cannot own a key: such routes take what proves itself, once by their nature.
    if (caller === undefined) return next.handle();
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(key))
      throw refusal('idempotency.key');
    const route = request.url.split('?')[0] ?? '';
    const who = caller.kind === 'member' ? caller.member : caller.thumbprint;
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return of(await this.#once({ caller: who, route, key }, request.body, { next, reply }));
  }

  async #once(
    slot: Slot,
    body: unknown,
    call: { readonly next: CallHandler; readonly reply: FastifyReply },
  ): Promise<unknown> {
    const bodyHash = createHash('sha256')
      .update(JSON.stringify(body ?? null))
      .digest('hex');
    const id = idOf(slot);
    const other = this.#running.get(id);
    if (other !== undefined)
      throw refusal(other === bodyHash ? 'idempotency.running' : 'idempotency.mismatch');
    this.#running.set(id, bodyHash);
    try {
      const kept = await this.store.find(slot);
      if (kept !== undefined) {
        if (kept.bodyHash !== bodyHash) throw refusal('idempotency.mismatch');
        call.reply.status(kept.status).header('idempotency-replayed', 'true');
        return JSON.parse(kept.body) as unknown;
      }
      const answer: unknown = await lastValueFrom(call.next.handle());
      const { statusCode: status } = call.reply;
      await this.store.keep(slot, { bodyHash, status, body: JSON.stringify(answer ?? null) });
      return answer;
    } finally {
      this.#running.delete(id);
    }
  }
}
