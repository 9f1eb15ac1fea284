import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import type { KeptAnswer, Slot } from './idempotency.store.ts';
import { IdempotencyStore, idOf } from './idempotency.store.ts';
import { refusal } from './refusal-exception.ts';

/** A request is not done again: this was the answer. Thrown by the guard, sent by the problem filter. */
export class Replay extends Error {
  readonly answer: KeptAnswer;

  constructor(answer: KeptAnswer) {
    super('replay');
    this.name = 'Replay';
    this.answer = answer;
  }
}

interface Running {
  readonly slot: Slot;
  readonly bodyHash: string;
}

/**
 * A write with an Idempotency-Key is done once: sent again with the same body, it gets the first answer. Only successes are
 * kept, because a refusal may pass later. Should the process die between the log's commit and the keeping of the answer,
 * the second request is refused by the log itself, with `statement.duplicate`.
 */
@Injectable()
export class Idempotency {
  readonly #requests = new WeakMap<FastifyRequest, Running>();
  /** Under way in this process, with the hash of their body. */
  readonly #running = new Map<string, string>();

  constructor(private readonly store: IdempotencyStore) {}

  /**
   * Lets a request of a caller begin. Throws Replay when it was answered before. Codes: `idempotency.key`,
   * `idempotency.mismatch`, `idempotency.running`.
   */
  async begin(request: FastifyRequest, caller: string): Promise<void> {
    const key = request.headers['idempotency-key'];
    if (request.method !== 'POST' || key === undefined) return;
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(key))
      throw refusal('idempotency.key');
    const slot = { caller, route: request.url.split('?')[0] ?? '', key };
    const bodyHash = createHash('sha256')
      .update(JSON.stringify(request.body ?? null))
      .digest('hex');
    const id = idOf(slot);
    const other = this.#running.get(id);
    if (other !== undefined)
      throw refusal(other === bodyHash ? 'idempotency.running' : 'idempotency.mismatch');
    this.#running.set(id, bodyHash);
    this.#requests.set(request, { slot, bodyHash });
    const kept = await this.store.find(slot);
    if (kept === undefined) return;
    if (kept.bodyHash !== bodyHash) throw refusal('idempotency.mismatch');
    throw new Replay(kept);
  }

  /** Keeps the answer of a request that succeeded, before it goes out. */
  async keep(request: FastifyRequest, status: number, body: string): Promise<void> {
    const running = this.#requests.get(request);
    if (running === undefined || status < 200 || status > 299) return;
    await this.store.keep(running.slot, { bodyHash: running.bodyHash, status, body });
  }

  /** The request is over, however it ended. A second time changes nothing: another may be under way by then. */
  end(request: FastifyRequest): void {
    const running = this.#requests.get(request);
    if (running !== undefined) this.#running.delete(idOf(running.slot));
    this.#requests.delete(request);
  }
}
