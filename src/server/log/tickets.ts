import { toHex } from '../../core/base/bytes.ts';
import type { Refusal, Result } from '../../core/base/result.ts';
import { ok } from '../../core/base/result.ts';
import { leafHash } from '../../core/log/merkle.ts';
import { Unavailable } from '../http/unavailable.ts';
import type { LogKind } from './entry.store.ts';
import type { Beside, PendingEntry, Submission } from './pending.store.ts';

/** A pending entry that this process answers for: its own, or as sequencer another's. */
export interface Ticket {
  readonly id: string;
  readonly kind: LogKind;
  readonly leaf: Uint8Array;
  /** What is to be written with it; null where it stands in the table of pending entries. */
  readonly beside: Beside | null;
  /** Null where another process waits. */
  readonly answer: ((outcome: Result<number>) => void) | null;
  /** Its batch failed: it is tried on its own. */
  alone: boolean;
}

/** The entries in waiting, in the order they came, by id and by what they will be in the log. */
export class Tickets {
  readonly #byId = new Map<string, Ticket>();
  #held = 0;

  get size(): number {
    return this.#byId.size;
  }

  /** Waits for the index of an entry or its refusal. Rejects with Unavailable when neither comes in time. */
  wait(
    entry: PendingEntry,
    milliseconds: number,
    beside: Beside | null = null,
  ): Promise<Result<number>> {
    return new Promise((resolve, reject) => {
      // The entry stays: it may be numbered yet, and whoever sends the statement again learns so.
      const timer = setTimeout(() => {
        reject(new Unavailable('the entry was not numbered in time'));
      }, milliseconds);
      this.#add(entry, beside, (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      });
    });
  }

  /** As {@link wait}, for an entry that stands nowhere but here. */
  hold(submission: Submission, milliseconds: number): Promise<Result<number>> {
    this.#held += 1;
    return this.wait({ id: `held-${this.#held}`, ...submission }, milliseconds, submission);
  }

  /** Takes an entry over for which another process waits. */
  adopt(entry: PendingEntry): void {
    if (!this.#byId.has(entry.id)) this.#add(entry, null, null);
  }

  /** The next ones to number: those whose batch failed one by one, others together. */
  next(limit: number): readonly Ticket[] {
    const batch: Ticket[] = [];
    for (const ticket of this.#byId.values()) {
      if (ticket.alone) return [ticket];
      if (batch.length < limit) batch.push(ticket);
    }
    return batch;
  }

  /** Ids of this process's own in the table. */
  own(): readonly string[] {
    const own = [...this.#byId.values()].filter(({ answer }) => answer !== null);
    return storedIds(own);
  }

  /** Entries that stand nowhere but here. */
  held(): readonly (Ticket & Submission)[] {
    return [...this.#byId.values()].flatMap((ticket) =>
      ticket.beside === null ? [] : [{ ...ticket, ...ticket.beside }],
    );
  }

  /** An entry that was held stands in the table now. */
  stored(ticket: Ticket, id: string): void {
    this.#byId.delete(ticket.id);
    this.#byId.set(id, { ...ticket, id, beside: null });
  }

  answer(id: string, outcome: Result<number>): void {
    const ticket = this.#byId.get(id);
    this.#byId.delete(id);
    ticket?.answer?.(outcome);
  }

  refuse(id: string, refusal: Refusal): void {
    this.answer(id, { ok: false, refusal });
  }

  /** An entry stands in the log: whoever waits for it, here and now or after a commit of unknown end, is answered. */
  found(hash: string, index: number): void {
    if (this.#byId.size === 0) return;
    for (const ticket of this.#byId.values())
      if (toHex(leafHash(ticket.leaf)) === hash) this.answer(ticket.id, ok(index));
  }

  /** Forgets what other processes wait for: the next sequencer finds it in the table. */
  dropOthers(): void {
    for (const { id, answer } of this.#byId.values()) if (answer === null) this.#byId.delete(id);
  }

  #add({ id, kind, leaf }: PendingEntry, beside: Beside | null, answer: Ticket['answer']): void {
    this.#byId.set(id, { id, kind, leaf, beside, answer, alone: false });
  }
}

/** Where tickets stand in the table of pending entries. */
export function storedIds(tickets: readonly Ticket[]): readonly string[] {
  return tickets.filter(({ beside }) => beside === null).map(({ id }) => id);
}
