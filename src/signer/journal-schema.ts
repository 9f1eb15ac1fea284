import { appendOnly, LOG_SCHEMA } from '../client/sqlite-log.ts';

/**
 * The tables of the journal. What is written stays: triggers refuse UPDATE and DELETE. Whoever edits the file past them
 * breaks the chain of receipts.
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
${appendOnly('identity', 'receipts')}

CREATE TRIGGER receipts_without_gap BEFORE INSERT ON receipts
WHEN NEW.position <> (SELECT coalesce(max(position) + 1, 0) FROM receipts)
BEGIN SELECT RAISE(ABORT, 'receipts have no gaps'); END;
${LOG_SCHEMA}`;
