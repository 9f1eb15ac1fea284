import { appendOnly, LOG_SCHEMA } from '../client/sqlite-log.ts';

/** The tables of a sentinel's state. What is written stays: triggers refuse UPDATE and DELETE. */
export const STATE_SCHEMA = `
CREATE TABLE identity (
  name TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every checkpoint by which this witness went on.
CREATE TABLE heads (
  size INTEGER PRIMARY KEY NOT NULL CHECK (size >= 0),
  root TEXT NOT NULL CHECK (length(root) = 64),
  note TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

-- Every "no" that was handed in, with the text of a reason where it is our own.
CREATE TABLE statements (
  digest TEXT PRIMARY KEY NOT NULL CHECK (length(digest) = 64),
  statement TEXT NOT NULL,
  signature TEXT NOT NULL,
  device TEXT NOT NULL,
  at INTEGER NOT NULL,
  reason TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX statements_by_device ON statements (device, at);

-- Their order. After a rollback was noticed each is handed out once more.
CREATE TABLE mailbox (
  number INTEGER PRIMARY KEY NOT NULL CHECK (number > 0),
  statement TEXT NOT NULL REFERENCES statements (digest)
) STRICT;

-- Approvals of which people were told.
CREATE TABLE told (
  wallet TEXT NOT NULL,
  object TEXT NOT NULL CHECK (length(object) = 64),
  at INTEGER NOT NULL,
  PRIMARY KEY (wallet, object)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
  wallet TEXT NOT NULL,
  position INTEGER NOT NULL CHECK (position >= 0),
  digest TEXT NOT NULL CHECK (length(digest) = 64),
  receipt BLOB NOT NULL,
  signature TEXT NOT NULL CHECK (length(signature) = 128),
  at INTEGER NOT NULL,
  PRIMARY KEY (wallet, position)
) STRICT, WITHOUT ROWID;

-- What two parties said that cannot both be: two checkpoints, two receipts.
CREATE TABLE evidence (
  digest TEXT PRIMARY KEY NOT NULL CHECK (length(digest) = 64),
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  ours TEXT NOT NULL,
  theirs TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alarms (
  id INTEGER PRIMARY KEY NOT NULL,
  digest TEXT UNIQUE NOT NULL CHECK (length(digest) = 64),
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  facts TEXT NOT NULL
) STRICT;

CREATE TABLE deliveries (
  channel TEXT NOT NULL,
  alarm INTEGER NOT NULL REFERENCES alarms (id),
  at INTEGER NOT NULL,
  PRIMARY KEY (channel, alarm)
) STRICT, WITHOUT ROWID;

${appendOnly('identity', 'heads', 'statements', 'mailbox', 'told')}
${appendOnly('receipts', 'evidence', 'alarms', 'deliveries')}

CREATE TRIGGER heads_only_grow BEFORE INSERT ON heads
WHEN NEW.size <= (SELECT coalesce(max(size), 0) FROM heads)
BEGIN SELECT RAISE(ABORT, 'a witness never goes back'); END;

CREATE TRIGGER mailbox_in_order BEFORE INSERT ON mailbox
WHEN NEW.number <= (SELECT coalesce(max(number), 0) FROM mailbox)
BEGIN SELECT RAISE(ABORT, 'a mailbox is in order'); END;

CREATE TRIGGER receipts_without_gap BEFORE INSERT ON receipts
WHEN NEW.position <> (SELECT coalesce(max(position) + 1, 0) FROM receipts WHERE wallet = NEW.wallet)
BEGIN SELECT RAISE(ABORT, 'receipts have no gaps'); END;
${LOG_SCHEMA}`;
