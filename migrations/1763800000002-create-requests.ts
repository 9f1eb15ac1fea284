import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What stands before the log and beside it: pending entries, erasable texts, sessions, proofs seen, answers kept, drafts. */
const up = [
  `CREATE TABLE pending (
     id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pending_pk PRIMARY KEY,
     kind text NOT NULL CONSTRAINT pending_kind_known CHECK (kind IN ('organisation', 'access')),
     leaf bytea NOT NULL CONSTRAINT pending_leaf_length CHECK (length(leaf) <= 60000),
     -- the process that waits for the outcome in memory
     process uuid NOT NULL,
     at timestamptz NOT NULL DEFAULT now()
   )`,
  `CREATE TABLE pending_outcome (
     pending bigint NOT NULL CONSTRAINT pending_outcome_pk PRIMARY KEY,
     idx bigint,
     code text,
     facts jsonb,
     at timestamptz NOT NULL DEFAULT now(),
     CONSTRAINT pending_outcome_one CHECK ((idx IS NULL) <> (code IS NULL))
   )`,
  `CREATE INDEX pending_outcome_at ON pending_outcome (at)`,
  // The text behind a digest in the log; deleting the row erases it, and the log stays true.
  `CREATE TABLE text_note (
     digest text NOT NULL CONSTRAINT text_note_pk PRIMARY KEY,
     salt text NOT NULL,
     text text NOT NULL
   )`,
  `CREATE TABLE session (
     key text NOT NULL CONSTRAINT session_pk PRIMARY KEY,
     member text NOT NULL,
     device text NOT NULL,
     statement text NOT NULL CONSTRAINT session_statement_once UNIQUE,
     expires_at timestamptz NOT NULL
   )`,
  `CREATE INDEX session_expires_at ON session (expires_at)`,
  // Proofs live a minute: after a crash of PostgreSQL an empty table lets at worst one minute's proofs pass again,
  // and what they carry are statements, which the log takes only once.
  `CREATE UNLOGGED TABLE dpop_proof (
     id bytea NOT NULL CONSTRAINT dpop_proof_pk PRIMARY KEY,
     expires_at timestamptz NOT NULL
   )`,
  `CREATE INDEX dpop_proof_expires_at ON dpop_proof (expires_at)`,
  `CREATE TABLE idempotency (
     caller text NOT NULL,
     route text NOT NULL,
     key text NOT NULL,
     body_hash text NOT NULL,
     status integer NOT NULL,
     body text NOT NULL,
     at timestamptz NOT NULL DEFAULT now(),
     CONSTRAINT idempotency_pk PRIMARY KEY (caller, route, key)
   )`,
  `CREATE INDEX idempotency_at ON idempotency (at)`,
  `CREATE TABLE draft (
     id uuid NOT NULL CONSTRAINT draft_pk PRIMARY KEY,
     member text NOT NULL,
     wallet text NOT NULL,
     outpoints text[] NOT NULL,
     expires_at timestamptz NOT NULL
   )`,
  `CREATE INDEX draft_expires_at ON draft (expires_at)`,
  // Written before the first broadcast, so that a repeated one sends the same bytes.
  `CREATE TABLE transmission (
     proposal text NOT NULL CONSTRAINT transmission_pk PRIMARY KEY,
     txid text NOT NULL CONSTRAINT transmission_txid_once UNIQUE,
     raw bytea NOT NULL,
     at timestamptz NOT NULL DEFAULT now()
   )`,
  `GRANT SELECT, INSERT, DELETE ON pending, pending_outcome, text_note, dpop_proof, idempotency, draft
     TO countersign_runtime`,
  `GRANT SELECT, INSERT, UPDATE, DELETE ON session TO countersign_runtime`,
  `GRANT SELECT, INSERT ON transmission TO countersign_runtime`,
];

const down = [
  'DROP TABLE transmission',
  'DROP TABLE draft',
  'DROP TABLE idempotency',
  'DROP TABLE dpop_proof',
  'DROP TABLE session',
  'DROP TABLE text_note',
  'DROP TABLE pending_outcome',
  'DROP TABLE pending',
];

export class CreateRequests1763800000002 implements MigrationInterface {
  public async up(runner: QueryRunner): Promise<void> {
    for (const statement of up) await runner.query(statement);
  }

  public async down(runner: QueryRunner): Promise<void> {
    for (const statement of down) await runner.query(statement);
  }
}
