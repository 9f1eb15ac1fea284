import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Incoming payments are read page by page, the newest first, and by their address. */
export class IndexDeposits1763860000700 implements MigrationInterface {
  name = 'IndexDeposits1763860000700';

  async up(runner: QueryRunner): Promise<void> {
    // What waits has no height, and stands before the newest block: above every height that there will be.
    await runner.query(
      `CREATE INDEX wallet_coin_deposit_idx ON wallet_coin
         (wallet, coalesce(height, 2147483647) DESC, txid DESC, vout DESC)`,
    );
    await runner.query(`CREATE INDEX wallet_coin_place_idx ON wallet_coin (wallet, branch, index)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX wallet_coin_place_idx');
    await runner.query('DROP INDEX wallet_coin_deposit_idx');
  }
}
