import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/unit-of-work.ts';
import { Batcher } from './batcher.ts';

/** Where a key counts: the same key of another caller or on another route is another key. */
export interface Slot {
  readonly caller: string;
  readonly route: string;
  readonly key: string;
}

/** What was answered. */
export interface KeptAnswer {
  /** Hex of the body's SHA-256. */
  readonly bodyHash: string;
  readonly status: number;
  /** JSON. */
  readonly body: string;
}

type Row = Slot & { readonly body_hash: string; readonly status: number; readonly body: string };
type Kept = Slot & KeptAnswer;

const BATCH = 128;

/** Answers of requests that may be sent again, kept for a day. */
@Injectable()
export class IdempotencyStore {
  readonly #reads: Batcher<Slot, KeptAnswer | undefined>;
  readonly #writes: Batcher<Kept, null>;

  constructor(work: UnitOfWork) {
    this.#reads = new Batcher(async (slots) => {
      const rows = await work.plain.query<Row>(
        `SELECT caller, route, key, body_hash, status, body FROM idempotency
         JOIN unnest($1::text[], $2::text[], $3::text[]) AS s (caller, route, key)
           USING (caller, route, key)`,
        columns(slots),
      );
      const found = new Map(rows.map((row) => [idOf(row), row]));
      return slots.map((slot) => {
        const row = found.get(idOf(slot));
        if (row === undefined) return undefined;
        return { bodyHash: row.body_hash, status: row.status, body: row.body };
      });
    }, BATCH);
    this.#writes = new Batcher(async (kept) => {
      await work.plain.query(
        `INSERT INTO idempotency (caller, route, key, body_hash, status, body)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[])
         ON CONFLICT DO NOTHING`,
        [
          ...columns(kept),
          kept.map(({ bodyHash }) => bodyHash),
          kept.map(({ status }) => status),
          kept.map(({ body }) => body),
        ],
      );
      return kept.map(() => null);
    }, BATCH);
  }

  find(slot: Slot): Promise<KeptAnswer | undefined> {
    return this.#reads.add(slot);
  }

  async keep(slot: Slot, answer: KeptAnswer): Promise<void> {
    await this.#writes.add({ ...slot, ...answer });
  }
}

/** A text for a slot: routes and callers hold no line ends, and neither do keys. */
export function idOf({ caller, route, key }: Slot): string {
  return `${caller}\n${route}\n${key}`;
}

function columns(slots: readonly Slot[]): [string[], string[], string[]] {
  return [
    slots.map(({ caller }) => caller),
    slots.map(({ route }) => route),
    slots.map(({ key }) => key),
  ];
}
