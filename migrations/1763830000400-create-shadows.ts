import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Policies that are judged beside those in force and decide nothing, and what they would have said. Rows are only added. */
const up = [
  // The newest row of a wallet tells: its policy, or null when it was taken away.
  `CREATE TABLE shadow (
     id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT shadow_pk PRIMARY KEY,
     wallet text NOT NULL,
     policy jsonb,
     member text NOT NULL,
     at timestamptz NOT NULL
   )`,
  `CREATE INDEX shadow_wallet ON shadow (wallet, id)`,
  // The newest row of a proposal tells. said: what both verdicts come to, so that only a change is written.
  `CREATE TABLE shadow_verdict (
     id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT shadow_verdict_pk PRIMARY KEY,
     shadow bigint NOT NULL CONSTRAINT shadow_verdict_shadow_fk REFERENCES shadow (id),
     proposal text NOT NULL,
     said text NOT NULL,
     change text,
     fared jsonb,
     fault text,
     at timestamptz NOT NULL DEFAULT now(),
     CONSTRAINT shadow_verdict_one CHECK ((fared IS NULL) <> (fault IS NULL)),
     CONSTRAINT shadow_verdict_change_known
       CHECK (change IN ('stopped', 'held', 'passes', 'open', 'otherwise'))
   )`,
  `CREATE INDEX shadow_verdict_proposal ON shadow_verdict (shadow, proposal, id)`,
  `GRANT SELECT, INSERT ON shadow, shadow_verdict TO countersign_runtime`,
];

const down = ['DROP TABLE shadow_verdict', 'DROP TABLE shadow'];

export class CreateShadows1763830000400 implements MigrationInterface {
  public async up(runner: QueryRunner): Promise<void> {
    for (const statement of up) await runner.query(statement);
  }

  public async down(runner: QueryRunner): Promise<void> {
    for (const statement of down) await runner.query(statement);
  }
}
