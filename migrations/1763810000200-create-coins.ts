import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `CREATE TABLE chain_block (
    height integer NOT NULL,
    hash text NOT NULL,
    CONSTRAINT chain_block_pk PRIMARY KEY (height),
    CONSTRAINT chain_block_hash_key UNIQUE (hash),
    CONSTRAINT chain_block_hash_check CHECK (hash ~ '^[0-9a-f]{64}$')
  )`,
  // scanned: the highest block read for this wallet. *_next: one above the highest index ever seen used; it
  // never falls, not even in a reorganisation, so that no address is handed out twice.
  `CREATE TABLE followed_wallet (
    wallet text NOT NULL,
    scanned integer NOT NULL,
    receive_next integer NOT NULL DEFAULT 0,
    change_next integer NOT NULL DEFAULT 0,
    CONSTRAINT followed_wallet_pk PRIMARY KEY (wallet),
    CONSTRAINT followed_wallet_scanned_check CHECK (scanned >= -1),
    CONSTRAINT followed_wallet_next_check CHECK (receive_next >= 0 AND change_next >= 0)
  )`,
  // raw: with witness, of our own transactions only. height is null while one of ours is unconfirmed;
  // conflict_height: the block that spent one of its coins otherwise; replaced_by: a newer one of ours.
  `CREATE TABLE wallet_transaction (
    txid text NOT NULL,
    stripped bytea NOT NULL,
    raw bytea,
    coinbase boolean NOT NULL,
    height integer,
    conflict_height integer,
    replaced_by text,
    CONSTRAINT wallet_transaction_pk PRIMARY KEY (txid),
    CONSTRAINT wallet_transaction_txid_check CHECK (txid ~ '^[0-9a-f]{64}$'),
    CONSTRAINT wallet_transaction_foreign_check CHECK (raw IS NOT NULL OR height IS NOT NULL)
  )`,
  `CREATE INDEX wallet_transaction_height_idx ON wallet_transaction (height)`,
  `CREATE INDEX wallet_transaction_conflict_idx ON wallet_transaction (conflict_height)
  WHERE conflict_height IS NOT NULL`,
  // spent_*: by a transaction in a block. What waits to spend it stands in pending_spend.
  `CREATE TABLE wallet_coin (
    txid text NOT NULL,
    vout integer NOT NULL,
    wallet text NOT NULL,
    branch smallint NOT NULL,
    index integer NOT NULL,
    sats bigint NOT NULL,
    script bytea NOT NULL,
    height integer,
    spent_by text,
    spent_height integer,
    CONSTRAINT wallet_coin_pk PRIMARY KEY (txid, vout),
    CONSTRAINT wallet_coin_transaction_fk FOREIGN KEY (txid)
      REFERENCES wallet_transaction (txid) ON DELETE CASCADE,
    CONSTRAINT wallet_coin_wallet_fk FOREIGN KEY (wallet) REFERENCES followed_wallet (wallet),
    CONSTRAINT wallet_coin_branch_check CHECK (branch IN (0, 1)),
    CONSTRAINT wallet_coin_sats_check CHECK (sats BETWEEN 0 AND 2100000000000000),
    CONSTRAINT wallet_coin_spent_check CHECK ((spent_by IS NULL) = (spent_height IS NULL))
  )`,
  `CREATE INDEX wallet_coin_unspent_idx ON wallet_coin (wallet, sats DESC)
  WHERE spent_height IS NULL`,
  `CREATE INDEX wallet_coin_height_idx ON wallet_coin (height)`,
  `CREATE INDEX wallet_coin_spent_height_idx ON wallet_coin (spent_height)`,
  // Inputs of our own transactions, kept after they confirm: a reorganisation makes them wait again. No
  // foreign key on the coin: a reorganisation may take it away and bring it back.
  `CREATE TABLE pending_spend (
    txid text NOT NULL,
    vout integer NOT NULL,
    spender text NOT NULL,
    CONSTRAINT pending_spend_pk PRIMARY KEY (txid, vout, spender),
    CONSTRAINT pending_spend_spender_fk FOREIGN KEY (spender)
      REFERENCES wallet_transaction (txid) ON DELETE CASCADE
  )`,
  `CREATE INDEX pending_spend_spender_idx ON pending_spend (spender)`,
  // until: seconds since 1970, null for as long as the holder wants. No foreign key on the coin, as above.
  `CREATE TABLE coin_lock (
    txid text NOT NULL,
    vout integer NOT NULL,
    holder text NOT NULL,
    until bigint,
    CONSTRAINT coin_lock_pk PRIMARY KEY (txid, vout)
  )`,
  `CREATE INDEX coin_lock_holder_idx ON coin_lock (holder)`,
  `GRANT SELECT, INSERT, UPDATE, DELETE ON chain_block, followed_wallet, wallet_transaction,
    wallet_coin, pending_spend, coin_lock TO countersign_runtime`,
];

/** The coins of the wallets, followed block by block. A projection of the chain: it can be built anew from it. */
export class CreateCoins1763810000200 implements MigrationInterface {
  name = 'CreateCoins1763810000200';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE coin_lock`);
    await runner.query(`DROP TABLE pending_spend`);
    await runner.query(`DROP TABLE wallet_coin`);
    await runner.query(`DROP TABLE wallet_transaction`);
    await runner.query(`DROP TABLE followed_wallet`);
    await runner.query(`DROP TABLE chain_block`);
  }
}
