import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { migrations } from '../../../migrations/index.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { startTestDatabase } from '../../support/postgres.ts';

describe('roles of the database', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  let runtime: pg.Client;

  beforeAll(async () => {
    database = await startTestDatabase();
    owner = new pg.Client({ connectionString: database.ownerUrl });
    runtime = new pg.Client({ connectionString: database.runtimeUrl });
    await owner.connect();
    await runtime.connect();
    await runtime.query(
      `INSERT INTO log_head VALUES ('a.example/log', 'organisation', 1, $1, 'note')`,
      [Buffer.alloc(32)],
    );
    await runtime.query(`INSERT INTO log_entry VALUES ('a.example/log', 0, $1, $2)`, [
      Buffer.from('leaf'),
      createHash('sha256').update('\0leaf').digest(),
    ]);
    await runtime.query('INSERT INTO blob VALUES ($1, $2)', [
      createHash('sha256').update('blob').digest('hex'),
      Buffer.from('blob'),
    ]);
  });

  afterAll(async () => {
    await owner.end();
    await runtime.end();
    await database.stop();
  });

  const refused = { code: '42501' };

  test.each([
    `UPDATE log_entry SET leaf = 'other'`,
    'DELETE FROM log_entry',
    'TRUNCATE log_entry',
    `UPDATE blob SET bytes = 'other'`,
    'DELETE FROM blob',
    'TRUNCATE blob',
    'DELETE FROM log_head',
    'TRUNCATE log_head CASCADE',
    `UPDATE log_head SET size = 0`,
  ])('neither the runtime role nor the owner may %s', async (statement) => {
    await expect(runtime.query(statement)).rejects.toMatchObject(refused);
    await expect(owner.query(statement)).rejects.toMatchObject(refused);
  });

  test.each([
    'CREATE TABLE mine (id integer)',
    'DROP TABLE pending',
    'ALTER TABLE log_entry DISABLE TRIGGER ALL',
    `UPDATE log_head SET origin = 'other'`,
    'CREATE SCHEMA mine',
    'DELETE FROM proposal',
    `UPDATE approval SET decision = 'approve'`,
    'DELETE FROM transmission',
    'DROP TRIGGER log_entry_append_only ON log_entry',
    'CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$',
    `CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$`,
    'SET session_replication_role = replica',
    'SET ROLE owner',
    'SELECT * FROM pg_authid',
    `SELECT pg_read_file('/etc/passwd')`,
    `COPY pending TO PROGRAM 'cat'`,
    'UPDATE transmission SET txid = txid',
    'DELETE FROM schema_migration',
  ])('the runtime role may not %s', async (statement) => {
    await expect(runtime.query(statement)).rejects.toMatchObject(refused);
  });

  test('a leaf whose hash is another cannot be written', async () => {
    const values = [Buffer.from('leaf'), Buffer.alloc(32)];
    await expect(
      runtime.query(`INSERT INTO log_entry VALUES ('a.example/log', 1, $1, $2)`, values),
    ).rejects.toMatchObject({ constraint: 'log_entry_hash_true' });
  });

  test('a blob under another address cannot be written', async () => {
    const values = ['0'.repeat(64), Buffer.from('blob')];
    await expect(runtime.query('INSERT INTO blob VALUES ($1, $2)', values)).rejects.toMatchObject({
      constraint: 'blob_address_true',
    });
  });

  test('a newer head replaces the head, an older one does not', async () => {
    const grow = 'UPDATE log_head SET size = $2 WHERE size = $1';
    expect((await runtime.query(grow, [1, 2])).rowCount).toBe(1);
    expect((await runtime.query(grow, [1, 3])).rowCount).toBe(0);
    await expect(runtime.query(grow, [2, 1])).rejects.toMatchObject(refused);
  });

  test('every migration can be undone and done again', async () => {
    await runtime.end();
    const source = new DataSource({
      type: 'postgres',
      url: database.ownerUrl,
      migrations: [...migrations],
      migrationsTableName: 'schema_migration',
      migrationsTransactionMode: 'each',
    });
    await source.initialize();
    const tables = async (): Promise<unknown> =>
      source.query(
        `SELECT table_schema, table_name, column_name, data_type, is_nullable FROM information_schema.columns
         WHERE table_schema IN ('public', 'pgboss') ORDER BY 1, 2, 3`,
      );
    const before = await tables();
    for (const _ of migrations) await source.undoLastMigration();
    const left: unknown = await source.query(
      `SELECT table_name FROM information_schema.tables WHERE table_schema IN ('public', 'pgboss')`,
    );
    expect(left).toEqual([{ table_name: 'schema_migration' }]);
    await source.runMigrations();
    expect(await tables()).toEqual(before);
    await source.destroy();
    runtime = new pg.Client({ connectionString: database.runtimeUrl });
    await runtime.connect();
  });
});
