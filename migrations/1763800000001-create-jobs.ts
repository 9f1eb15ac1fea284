import { getConstructionPlans } from 'pg-boss';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of pg-boss 12.38 (its schema 46), made by the owner so that the runtime role needs no right to create. */
export class CreateJobs1763800000001 implements MigrationInterface {
  public async up(runner: QueryRunner): Promise<void> {
    // The plan brings its own BEGIN and COMMIT, which would end the transaction of this migration half-way.
    const plan = getConstructionPlans('pgboss')
      .replace(/^\s*BEGIN;/, '')
      .replace(/COMMIT;\s*$/, '');
    await runner.query(plan);
    const role = 'countersign_runtime';
    await runner.query(`GRANT USAGE ON SCHEMA pgboss TO ${role}`);
    await runner.query(
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgboss TO ${role}`,
    );
    await runner.query(`GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA pgboss TO ${role}`);
    await runner.query(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgboss TO ${role}`);
  }

  public async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA pgboss CASCADE');
  }
}
