import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The log itself: entries, blobs and heads. Nobody changes what stands in it: by grants, and by triggers that hold for the owner too. */
const up = [
  `CREATE TABLE log_head (
     origin text NOT NULL CONSTRAINT log_head_pk PRIMARY KEY,
     kind text NOT NULL CONSTRAINT log_head_kind_once UNIQUE
       CONSTRAINT log_head_kind_known CHECK (kind IN ('organisation', 'access')),
     size bigint NOT NULL CONSTRAINT log_head_size_counts CHECK (size >= 0),
     root bytea NOT NULL CONSTRAINT log_head_root_length CHECK (length(root) = 32),
     note text NOT NULL
   )`,
  `CREATE TABLE log_entry (
     origin text NOT NULL CONSTRAINT log_entry_origin_known REFERENCES log_head (origin),
     idx bigint NOT NULL CONSTRAINT log_entry_idx_counts CHECK (idx >= 0),
     leaf bytea NOT NULL CONSTRAINT log_entry_leaf_length CHECK (length(leaf) <= 60000),
     leaf_hash bytea NOT NULL,
     CONSTRAINT log_entry_pk PRIMARY KEY (origin, idx),
     CONSTRAINT log_entry_hash_true CHECK (leaf_hash = sha256('\\x00'::bytea || leaf))
   )`,
  `CREATE TABLE blob (
     sha256 text NOT NULL CONSTRAINT blob_pk PRIMARY KEY,
     bytes bytea NOT NULL CONSTRAINT blob_length CHECK (length(bytes) <= 1000000),
     CONSTRAINT blob_address_true CHECK (sha256 = encode(sha256(bytes), 'hex'))
   )`,
  // No foreign key from entries to blobs: which blobs an entry names is read from its leaf.
  `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     RAISE EXCEPTION 'the log is append-only' USING ERRCODE = 'insufficient_privilege';
   END $$`,
  `CREATE FUNCTION refuse_shrink() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     IF NEW.size < OLD.size OR NEW.origin <> OLD.origin OR NEW.kind <> OLD.kind THEN
       RAISE EXCEPTION 'the log never shrinks' USING ERRCODE = 'insufficient_privilege';
     END IF;
     RETURN NEW;
   END $$`,
  ...['log_entry', 'blob'].flatMap((table) => [
    `CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE ON ${table}
       FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
    `CREATE TRIGGER ${table}_never_emptied BEFORE TRUNCATE ON ${table}
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
    `GRANT SELECT, INSERT ON ${table} TO countersign_runtime`,
  ]),
  `CREATE TRIGGER log_head_grows BEFORE UPDATE ON log_head
     FOR EACH ROW EXECUTE FUNCTION refuse_shrink()`,
  `CREATE TRIGGER log_head_kept BEFORE DELETE ON log_head
     FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
  `CREATE TRIGGER log_head_never_emptied BEFORE TRUNCATE ON log_head
     FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
  `GRANT SELECT, INSERT, UPDATE (size, root, note) ON log_head TO countersign_runtime`,
];

const down = [
  'DROP TABLE blob',
  'DROP TABLE log_entry',
  'DROP TABLE log_head',
  'DROP FUNCTION refuse_shrink()',
  'DROP FUNCTION refuse_change()',
];

export class CreateLog1763800000000 implements MigrationInterface {
  public async up(runner: QueryRunner): Promise<void> {
    for (const statement of up) await runner.query(statement);
  }

  public async down(runner: QueryRunner): Promise<void> {
    for (const statement of down) await runner.query(statement);
  }
}
