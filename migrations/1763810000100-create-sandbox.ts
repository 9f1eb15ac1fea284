import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The sandbox chain's blocks, mempool and coins. */
export class CreateSandbox1763810000100 implements MigrationInterface {
  name = 'CreateSandbox1763810000100';

  async up(runner: QueryRunner): Promise<void> {
    // Stale blocks stay, as in a node: a follower may still ask for one.
    await runner.query(`
      CREATE TABLE sandbox_block (
        hash text NOT NULL,
        serial bigint GENERATED ALWAYS AS IDENTITY,
        height integer NOT NULL,
        time bigint NOT NULL,
        raw bytea NOT NULL,
        active boolean NOT NULL,
        CONSTRAINT sandbox_block_pk PRIMARY KEY (hash),
        CONSTRAINT sandbox_block_hash_check CHECK (hash ~ '^[0-9a-f]{64}$'),
        CONSTRAINT sandbox_block_height_check CHECK (height >= 0)
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX sandbox_block_active_height_idx ON sandbox_block (height) WHERE active`);
    // height is null in the mempool. arrival orders parents before children, also after a reorganisation.
    await runner.query(`
      CREATE TABLE sandbox_transaction (
        txid text NOT NULL,
        arrival bigint GENERATED ALWAYS AS IDENTITY,
        raw bytea NOT NULL,
        height integer,
        fee_sats bigint NOT NULL,
        vsize integer NOT NULL,
        coinbase boolean NOT NULL,
        CONSTRAINT sandbox_transaction_pk PRIMARY KEY (txid),
        CONSTRAINT sandbox_transaction_txid_check CHECK (txid ~ '^[0-9a-f]{64}$'),
        CONSTRAINT sandbox_transaction_fee_check CHECK (fee_sats >= 0),
        CONSTRAINT sandbox_transaction_coinbase_check CHECK (NOT coinbase OR height IS NOT NULL)
      )`);
    await runner.query(`
      CREATE INDEX sandbox_transaction_height_idx ON sandbox_transaction (height)`);
    await runner.query(`
      CREATE INDEX sandbox_transaction_mempool_idx ON sandbox_transaction (arrival)
      WHERE height IS NULL`);
    // spent_by names the one spender, in the mempool or in a block. No foreign key on it: a spender that is
    // evicted frees the coin in the same transaction.
    await runner.query(`
      CREATE TABLE sandbox_coin (
        txid text NOT NULL,
        vout integer NOT NULL,
        sats bigint NOT NULL,
        script bytea NOT NULL,
        spent_by text,
        CONSTRAINT sandbox_coin_pk PRIMARY KEY (txid, vout),
        CONSTRAINT sandbox_coin_transaction_fk FOREIGN KEY (txid)
          REFERENCES sandbox_transaction (txid) ON DELETE CASCADE,
        CONSTRAINT sandbox_coin_sats_check CHECK (sats BETWEEN 0 AND 2100000000000000)
      )`);
    await runner.query(`CREATE INDEX sandbox_coin_spent_by_idx ON sandbox_coin (spent_by)`);
    await runner.query(`
      CREATE INDEX sandbox_coin_script_idx ON sandbox_coin (script) WHERE spent_by IS NULL`);
    await runner.query(`
      GRANT SELECT, INSERT, UPDATE, DELETE
      ON sandbox_block, sandbox_transaction, sandbox_coin TO countersign_runtime`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE sandbox_coin`);
    await runner.query(`DROP TABLE sandbox_transaction`);
    await runner.query(`DROP TABLE sandbox_block`);
  }
}
