import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When followed blocks were found: their headers' times. Null where a block was read before times were kept. */
export class AddBlockTimes1763850000600 implements MigrationInterface {
  name = 'AddBlockTimes1763850000600';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE chain_block ADD COLUMN time bigint');
    await runner.query(
      `CREATE INDEX wallet_coin_spend_idx ON wallet_coin (spent_height, spent_by, wallet)
       WHERE spent_height IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX wallet_coin_spend_idx');
    await runner.query('ALTER TABLE chain_block DROP COLUMN time');
  }
}
