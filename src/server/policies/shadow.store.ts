import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Seconds } from '../../core/base/time.ts';
import { formatTime } from '../../core/base/time.ts';
import type { PolicyBody } from '../../core/policy/body.ts';
import type { FaredReport } from '../../core/policy/replay-report.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';

/** A policy attached to a wallet, as it stands in the table: not yet parsed. */
export interface ShadowRow {
  readonly id: string;
  readonly wallet: string;
  readonly policy: unknown;
  readonly member: string;
  readonly at: Date;
}

/** What a shadow said of a proposal, or why it could not. */
export type Saying = { readonly proposal: string } & (
  | { readonly fared: FaredReport; readonly fault: null }
  | { readonly fared: null; readonly fault: string }
);

/** Shadows and what they said. What counts is the newest row; none is ever changed. */
const shadowRow = z.object({
  id: z.string(),
  wallet: z.string(),
  policy: z.unknown(),
  member: z.string(),
  at: z.date(),
});
const countsRow = z.object({
  proposals: z.coerce.number(),
  differing: z.coerce.number(),
  faults: z.coerce.number(),
});
const saidRow = z.object({ id: z.string(), fared: z.unknown() });

/** The longest fault that is kept. */
const FAULT_LENGTH = 500;

@Injectable()
export class ShadowStore {
  constructor(private readonly work: UnitOfWork) {}

  /** The policies attached now, one a wallet. */
  async current(): Promise<readonly ShadowRow[]> {
    const rows = await this.work.plain.query(
      `SELECT DISTINCT ON (wallet) id, wallet, policy, member, at FROM shadow
       ORDER BY wallet, id DESC`,
    );
    return rows.map((row) => shadowRow.parse(row)).filter(({ policy }) => policy !== null);
  }

  /** Attaches a policy, or with null takes away what is attached. */
  async attach(
    wallet: string,
    policy: PolicyBody | null,
    by: { readonly member: string; readonly at: Seconds },
  ): Promise<void> {
    await this.work.plain.query(
      'INSERT INTO shadow (wallet, policy, member, at) VALUES ($1, $2, $3, $4)',
      [wallet, policy === null ? null : JSON.stringify(policy), by.member, formatTime(by.at)],
    );
  }

  /** Notes what a shadow says of a proposal, unless it said so last. */
  async note(shadow: string, { proposal, fared, fault }: Saying): Promise<void> {
    const said = fared === null ? `fault ${fault}` : saidIn(fared);
    await this.work.plain.query(
      `INSERT INTO shadow_verdict (shadow, proposal, said, change, fared, fault)
       SELECT $1, $2, $3, $4, $5, $6
       WHERE $3 IS DISTINCT FROM (
         SELECT said FROM shadow_verdict WHERE shadow = $1 AND proposal = $2
         ORDER BY id DESC LIMIT 1)`,
      [
        shadow,
        proposal,
        said.slice(0, FAULT_LENGTH),
        fared?.change ?? null,
        fared === null ? null : JSON.stringify(fared),
        fault === null ? null : fault.slice(0, FAULT_LENGTH),
      ],
    );
  }

  /** How many proposals a shadow looked at, and on how many it last said otherwise or failed. */
  async counts(shadow: string): Promise<z.infer<typeof countsRow>> {
    const [row] = await this.work.plain.query(
      `SELECT count(*) AS proposals, count(change) AS differing, count(fault) AS faults
       FROM (SELECT DISTINCT ON (proposal) change, fault FROM shadow_verdict
             WHERE shadow = $1 ORDER BY proposal, id DESC) AS last`,
      [shadow],
    );
    return countsRow.parse(row);
  }

  /** What it last said otherwise, the newest first: rows before an id. */
  async differing(
    shadow: string,
    range: { readonly before: number; readonly limit: number },
  ): Promise<readonly z.infer<typeof saidRow>[]> {
    const rows = await this.work.plain.query(
      `SELECT id, fared FROM (
         SELECT DISTINCT ON (proposal) id, change, fared FROM shadow_verdict
         WHERE shadow = $1 ORDER BY proposal, id DESC) AS last
       WHERE change IS NOT NULL AND id < $2 ORDER BY id DESC LIMIT $3`,
      [shadow, range.before, range.limit],
    );
    return rows.map((row) => saidRow.parse(row));
  }
}

function saidIn({ happened, instead, change }: FaredReport): string {
  const one = ({ outcome, code, rule }: FaredReport['happened']) => [outcome, code, rule].join(' ');
  return `${one(happened)} / ${one(instead)} / ${change ?? 'same'}`;
}
