import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How the screening service answered last: one row, for all server processes. Its answers stand in the log. */
const up = [
  `CREATE TABLE screening_contact (
     one boolean NOT NULL DEFAULT true CONSTRAINT screening_contact_pk PRIMARY KEY
       CONSTRAINT screening_contact_one CHECK (one),
     at timestamptz NOT NULL,
     failure text
   )`,
  `GRANT SELECT, INSERT, UPDATE ON screening_contact TO countersign_runtime`,
];

const down = ['DROP TABLE screening_contact'];

export class CreateScreening1763880000900 implements MigrationInterface {
  public async up(runner: QueryRunner): Promise<void> {
    for (const statement of up) await runner.query(statement);
  }

  public async down(runner: QueryRunner): Promise<void> {
    for (const statement of down) await runner.query(statement);
  }
}
