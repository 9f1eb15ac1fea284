import { Injectable } from '@nestjs/common';
import type { Entry } from '../../core/log/entry.ts';
import type { ProposalRecord, State } from '../../core/log/state.ts';
import { statementDigest } from '../../core/approval/statement.ts';
import { signedCancel } from '../../core/policy/facts.ts';
import type { Sql } from '../database/sql.ts';

/** An entry that took effect, with its place. */
export interface NumberedEntry {
  readonly index: number;
  readonly entry: Entry;
}

/** How far a proposal has come, as lists show it. What it may do is decided by authorise.ts alone. */
export type Stage =
  | 'open'
  | 'ended'
  | 'signed'
  | 'broadcast'
  | 'confirmed'
  | 'settled'
  /** A confirmed proposal has spent its coins back to the wallet. */
  | 'cancelled';

/** The stage of a proposal in the state. */
export function stageOf(state: State, proposal: ProposalRecord): Stage {
  const facts = state.facts.get(proposal.digest);
  if (facts !== undefined) {
    if (facts.settledAt !== null) return 'settled';
    if (facts.confirmed !== null) return 'confirmed';
  }
  const cancel = signedCancel(state, proposal);
  if (cancel !== null && state.facts.get(cancel)?.confirmed) return 'cancelled';
  if (facts !== undefined) {
    if (facts.broadcastAt !== null) return 'broadcast';
  }
  if (state.ledgers.get(proposal.statement.wallet.id)?.signed.has(proposal.digest)) return 'signed';
  return proposal.ended === null ? 'open' : 'ended';
}

interface Cursor {
  readonly wallet: string | null;
  readonly stage: Stage | null;
  /** Only entries before this index. */
  readonly before: number;
  readonly limit: number;
}

/** Writes pictures of entries into tables and reads lists from them. */
@Injectable()
export class ProjectionStore {
  /** In the unit of work that numbers the entries. Requires the state after them. */
  async project(sql: Sql, state: State, entries: readonly NumberedEntry[]): Promise<void> {
    await this.#documents(sql, state, entries);
    await this.#proposals(sql, state, entries);
    await this.#approvals(sql, entries);
    await this.#receipts(sql, entries);
    await this.#stages(sql, state, entries);
  }

  /** Digests of proposals, the newest first. */
  async proposals(sql: Sql, { wallet, stage, before, limit }: Cursor): Promise<readonly string[]> {
    const rows = await sql.query<{ digest: string }>(
      `SELECT digest FROM proposal
       WHERE ($1::text IS NULL OR wallet = $1) AND ($2::text IS NULL OR stage = $2) AND idx < $3
       ORDER BY idx DESC LIMIT $4`,
      [wallet, stage, before, limit],
    );
    return rows.map(({ digest }) => digest);
  }

  async #documents(sql: Sql, state: State, entries: readonly NumberedEntry[]): Promise<void> {
    const indexes = new Set(
      entries.flatMap(({ index, entry }) => (entry.type === 'document' ? [index] : [])),
    );
    if (indexes.size === 0) return;
    for (const { digest, index, document } of state.documents.values())
      if (indexes.has(index))
        await sql.query(
          'INSERT INTO document (digest, idx, kind, id, version) VALUES ($1, $2, $3, $4, $5)',
          [digest, index, document.kind, document.id, document.version],
        );
  }

  async #proposals(sql: Sql, state: State, entries: readonly NumberedEntry[]): Promise<void> {
    for (const { index, entry } of entries) {
      if (entry.type !== 'statement' || entry.statement.type !== 'proposal') continue;
      const { statement } = entry;
      const digest = statementDigest(statement);
      const record = state.proposals.get(digest);
      if (record === undefined) continue;
      await sql.query(
        `INSERT INTO proposal (digest, idx, wallet, initiator, stage, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)`,
        [digest, index, statement.wallet.id, statement.initiator, 'open', statement.expiresAt],
      );
    }
  }

  async #approvals(sql: Sql, entries: readonly NumberedEntry[]): Promise<void> {
    const rows = entries.flatMap(({ index, entry }) =>
      entry.type === 'statement' && entry.statement.type === 'approval'
        ? [{ index, statement: entry.statement }]
        : [],
    );
    if (rows.length === 0) return;
    await sql.query(
      `INSERT INTO approval (digest, idx, proposal, member, device, decision)
       SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])`,
      [
        rows.map(({ statement }) => statementDigest(statement)),
        rows.map(({ index }) => index),
        rows.map(({ statement }) => statement.proposal),
        rows.map(({ statement }) => statement.member),
        rows.map(({ statement }) => statement.device),
        rows.map(({ statement }) => statement.decision),
      ],
    );
  }

  async #receipts(sql: Sql, entries: readonly NumberedEntry[]): Promise<void> {
    const rows = entries.flatMap(({ index, entry }) =>
      entry.type === 'receipt' ? [{ index, receipt: entry.receipt }] : [],
    );
    if (rows.length === 0) return;
    await sql.query(
      `INSERT INTO receipt (wallet, position, idx, record, proposal, at)
       SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[])`,
      [
        rows.map(({ receipt }) => receipt.wallet),
        rows.map(({ receipt }) => receipt.position),
        rows.map(({ index }) => index),
        rows.map(({ receipt }) => receipt.record),
        rows.map(({ receipt }) => ('proposal' in receipt ? receipt.proposal : null)),
        rows.map(({ receipt }) => receipt.at),
      ],
    );
  }

  /** Stages of the proposals that an entry may have moved: not by approvals, which the fold counts and the table does not. */
  async #stages(sql: Sql, state: State, entries: readonly NumberedEntry[]): Promise<void> {
    const moved = new Map<string, Stage>();
    for (const { entry } of entries) {
      const digest = touchedBy(entry);
      const record = digest === null ? undefined : state.proposals.get(digest);
      if (record === undefined) continue;
      moved.set(record.digest, stageOf(state, record));
      const cancelled = state.proposals.get(record.statement.cancels ?? '');
      if (cancelled !== undefined) moved.set(cancelled.digest, stageOf(state, cancelled));
    }
    if (moved.size === 0) return;
    await sql.query(
      `UPDATE proposal SET stage = moved.stage
       FROM unnest($1::text[], $2::text[]) AS moved (digest, stage)
       WHERE proposal.digest = moved.digest AND proposal.stage <> moved.stage`,
      [[...moved.keys()], [...moved.values()]],
    );
  }
}

function touchedBy(entry: Entry): string | null {
  switch (entry.type) {
    case 'statement':
      return entry.statement.type === 'approval' && entry.statement.decision !== 'approve'
        ? entry.statement.proposal
        : null;
    case 'receipt':
      return entry.receipt.record === 'signed' ? entry.receipt.proposal : null;
    case 'fact':
      return 'proposal' in entry.fact ? entry.fact.proposal : null;
    case 'document':
    case 'version':
      return null;
  }
}
