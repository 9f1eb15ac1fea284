import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who published which document, until somebody signs it: so that one member cannot fill the log. */
const up = [
  `CREATE TABLE publication (
     digest text NOT NULL CONSTRAINT publication_pk PRIMARY KEY,
     member text NOT NULL,
     at timestamptz NOT NULL DEFAULT now()
   )`,
  `CREATE INDEX publication_member ON publication (member)`,
  `GRANT SELECT, INSERT, DELETE ON publication TO countersign_runtime`,
];

const down = ['DROP TABLE publication'];

export class CreatePublications1763820000300 implements MigrationInterface {
  public async up(runner: QueryRunner): Promise<void> {
    for (const statement of up) await runner.query(statement);
  }

  public async down(runner: QueryRunner): Promise<void> {
    for (const statement of down) await runner.query(statement);
  }
}
