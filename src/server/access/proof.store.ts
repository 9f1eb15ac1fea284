import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/unit-of-work.ts';
import { Batcher } from '../http/batcher.ts';
import { PROOF_SECONDS } from './proof.ts';

const BATCH = 256;

/**
 * Proofs seen, in all server processes: each counts once. The table is unlogged and its rows die after the window in which a
 * proof passes at all.
 */
@Injectable()
export class ProofStore {
  readonly #batcher: Batcher<Buffer, boolean>;

  constructor(work: UnitOfWork) {
    this.#batcher = new Batcher(async (ids) => {
      const fresh = await work.plain.query<{ id: Buffer }>(
        `INSERT INTO dpop_proof (id, expires_at)
         SELECT id, now() + make_interval(secs => $2) FROM unnest($1::bytea[]) AS p (id)
         ON CONFLICT DO NOTHING RETURNING id`,
        [[...ids], 2 * PROOF_SECONDS + 1],
      );
      const known = new Set(fresh.map(({ id }) => id.toString('hex')));
      // Each id counts for the first of a batch that brings it.
      return ids.map((id) => known.delete(id.toString('hex')));
    }, BATCH);
  }

  /** True for a proof that nobody used before. */
  use(id: Buffer): Promise<boolean> {
    return this.#batcher.add(id);
  }
}
