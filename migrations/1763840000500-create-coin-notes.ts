import type { MigrationInterface, QueryRunner } from 'typeorm';

const up = [
  // The newest row of a coin tells; rows are only added. No foreign key: a reorganisation may take a coin away and bring it back.
  `CREATE TABLE coin_freeze (
     id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT coin_freeze_pk PRIMARY KEY,
     wallet text NOT NULL,
     txid text NOT NULL,
     vout integer NOT NULL,
     frozen boolean NOT NULL,
     reason text NOT NULL,
     member text NOT NULL,
     at timestamptz NOT NULL,
     CONSTRAINT coin_freeze_txid_check CHECK (txid ~ '^[0-9a-f]{64}$')
   )`,
  `CREATE INDEX coin_freeze_coin ON coin_freeze (txid, vout, id)`,
  `CREATE INDEX coin_freeze_wallet ON coin_freeze (wallet, txid, vout, id)`,
  // What people call things (BIP 329). Names of people may stand here, so rows are changed and deleted.
  `CREATE TABLE wallet_label (
     wallet text NOT NULL,
     type text NOT NULL,
     ref text NOT NULL,
     label text NOT NULL,
     member text NOT NULL,
     at timestamptz NOT NULL,
     CONSTRAINT wallet_label_pk PRIMARY KEY (wallet, type, ref),
     CONSTRAINT wallet_label_type_known
       CHECK (type IN ('tx', 'addr', 'pubkey', 'input', 'output', 'xpub'))
   )`,
  `GRANT SELECT, INSERT ON coin_freeze TO countersign_runtime`,
  `GRANT SELECT, INSERT, UPDATE, DELETE ON wallet_label TO countersign_runtime`,
];

const down = ['DROP TABLE wallet_label', 'DROP TABLE coin_freeze'];

/** Coins that people want left alone, and what they call coins, addresses and transactions. */
export class CreateCoinNotes1763840000500 implements MigrationInterface {
  public async up(runner: QueryRunner): Promise<void> {
    for (const statement of up) await runner.query(statement);
  }

  public async down(runner: QueryRunner): Promise<void> {
    for (const statement of down) await runner.query(statement);
  }
}
