import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Pictures of the log for lists and reports. Nothing is decided by them: who edits them changes pictures. */
const up = [
  `CREATE TABLE document (
     digest text NOT NULL CONSTRAINT document_pk PRIMARY KEY,
     idx bigint NOT NULL CONSTRAINT document_idx_once UNIQUE,
     kind text NOT NULL,
     id text NOT NULL,
     version integer NOT NULL
   )`,
  `CREATE TABLE proposal (
     digest text NOT NULL CONSTRAINT proposal_pk PRIMARY KEY,
     idx bigint NOT NULL CONSTRAINT proposal_idx_once UNIQUE,
     wallet text NOT NULL,
     initiator text NOT NULL,
     stage text NOT NULL CONSTRAINT proposal_stage_known
       CHECK (stage IN ('open', 'ended', 'signed', 'broadcast', 'confirmed', 'settled')),
     expires_at timestamptz NOT NULL
   )`,
  `CREATE INDEX proposal_wallet_stage ON proposal (wallet, stage, idx)`,
  `CREATE TABLE approval (
     digest text NOT NULL CONSTRAINT approval_pk PRIMARY KEY,
     idx bigint NOT NULL,
     proposal text NOT NULL,
     member text NOT NULL,
     device text NOT NULL,
     decision text NOT NULL
   )`,
  // No index by proposal yet: a proposal is shown from the fold; reports will bring the index they need.
  `CREATE TABLE receipt (
     wallet text NOT NULL,
     position bigint NOT NULL,
     idx bigint NOT NULL,
     record text NOT NULL,
     proposal text,
     at timestamptz NOT NULL,
     CONSTRAINT receipt_pk PRIMARY KEY (wallet, position)
   )`,
  `GRANT SELECT, INSERT ON document, approval, receipt TO countersign_runtime`,
  `GRANT SELECT, INSERT, UPDATE (stage) ON proposal TO countersign_runtime`,
];

const down = [
  'DROP TABLE receipt',
  'DROP TABLE approval',
  'DROP TABLE proposal',
  'DROP TABLE document',
];

export class CreateProjections1763800000003 implements MigrationInterface {
  public async up(runner: QueryRunner): Promise<void> {
    for (const statement of up) await runner.query(statement);
  }

  public async down(runner: QueryRunner): Promise<void> {
    for (const statement of down) await runner.query(statement);
  }
}
