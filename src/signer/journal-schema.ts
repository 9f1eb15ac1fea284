/**
 * The tables of the journal. What is written stays: triggers refuse UPDATE and DELETE, so that a bug of ours
 * stops the signer instead of rewriting its memory. Whoever edits the file past them breaks the chain of receipts.
 */
export const JOURNAL_SCHEMA = `
CREATE TABLE identity (
  name TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
  position INTEGER PRIMARY KEY NOT NULL CHECK (position >= 0),
  receipt BLOB NOT NULL,
  signature TEXT NOT NULL CHECK (length(signature) = 128),
  digest TEXT NOT NULL CHECK (length(digest) = 64)
) STRICT;

CREATE TABLE leaves (
  position INTEGER PRIMARY KEY NOT NULL CHECK (position >= 0),
  leaf BLOB NOT NULL
) STRICT;

CREATE TABLE blobs (
  sha256 TEXT PRIMARY KEY NOT NULL CHECK (length(sha256) = 64),
  bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Every checkpoint that was verified, by the size of its tree.
CREATE TABLE checkpoints (
  size INTEGER PRIMARY KEY NOT NULL CHECK (size >= 0),
  note TEXT NOT NULL
) STRICT;

${['identity', 'receipts', 'leaves', 'blobs', 'checkpoints']
  .flatMap((table) =>
    ['UPDATE', 'DELETE'].map(
      (verb) => `
CREATE TRIGGER ${table}_no_${verb.toLowerCase()} BEFORE ${verb} ON ${table}
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;`,
    ),
  )
  .join('')}

CREATE TRIGGER receipts_without_gap BEFORE INSERT ON receipts
WHEN NEW.position <> (SELECT coalesce(max(position) + 1, 0) FROM receipts)
BEGIN SELECT RAISE(ABORT, 'receipts have no gaps'); END;

CREATE TRIGGER leaves_without_gap BEFORE INSERT ON leaves
WHEN NEW.position <> (SELECT coalesce(max(position) + 1, 0) FROM leaves)
BEGIN SELECT RAISE(ABORT, 'leaves have no gaps'); END;
`;

/**
 * One process at a time: the exclusive lock is taken at once and held until the file is closed or the process
 * ends. Synchronous FULL: what was journalled survives a power cut, before anything is signed or sent.
 */
export const JOURNAL_PRAGMAS = `
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA trusted_schema = OFF;
BEGIN EXCLUSIVE;
COMMIT;
`;
