import type { MigrationInterface, QueryRunner } from 'typeorm';

const stages = (more: string) =>
  `ALTER TABLE proposal DROP CONSTRAINT proposal_stage_known, ADD CONSTRAINT proposal_stage_known
     CHECK (stage IN ('open', 'ended', 'signed', 'broadcast', 'confirmed', 'settled'${more}))`;

/** A proposal's fee bumps are transactions of their own: final transactions are kept by txid. Proposals may be cancelled. */
export class KeepVersions1763870000800 implements MigrationInterface {
  name = 'KeepVersions1763870000800';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE transmission DROP CONSTRAINT transmission_pk,
         DROP CONSTRAINT transmission_txid_once, ADD CONSTRAINT transmission_pk PRIMARY KEY (txid)`,
    );
    await runner.query(stages(", 'cancelled'"));
  }

  /** Of each proposal one stays: they are made again from signatures in the log. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("UPDATE proposal SET stage = 'broadcast' WHERE stage = 'cancelled'");
    await runner.query(stages(''));
    await runner.query(
      `DELETE FROM transmission t USING transmission o
       WHERE t.proposal = o.proposal AND t.txid > o.txid`,
    );
    await runner.query(
      `ALTER TABLE transmission DROP CONSTRAINT transmission_pk,
         ADD CONSTRAINT transmission_pk PRIMARY KEY (proposal),
         ADD CONSTRAINT transmission_txid_once UNIQUE (txid)`,
    );
  }
}
