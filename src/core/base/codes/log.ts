import type { CodeEntry } from './entry.ts';
import { final, later } from './entry.ts';

/** Log, journal, packages, key files. */
export const logCodes = {
  'log.entry.invalid': final(
    422,
    'The entry has an unknown form.',
    'Update, or investigate the server.',
  ),
  'log.entry.size': final(413, 'The entry is larger than 60,000 bytes.', 'Split the spend.'),
  'log.blob.missing': later(422, 'A blob that an entry names is missing.', 'Send the blob along.'),
  'log.blob.size': final(413, 'A blob is too large.', 'Send less.'),
  'log.blob.unasked': final(
    422,
    'A blob came along that nothing names.',
    'Send only what the statement names.',
  ),
  'log.checkpoint.invalid': final(
    422,
    'The checkpoint is malformed or its signature does not verify.',
    'Investigate the server; the log key may be wrong.',
  ),
  'log.checkpoint.origin': final(
    422,
    'The checkpoint is of another log.',
    'Check the address of the server.',
  ),
  'log.key.invalid': final(
    422,
    'That is no verifier key of a log.',
    'Copy the whole line again: name+id+key.',
  ),
  'log.tile.invalid': final(
    422,
    'A tile or a bundle of entries is missing or malformed.',
    'Investigate the server.',
  ),
  'log.proof.invalid': final(
    422,
    'The proof does not lead to the root.',
    'Investigate the server.',
  ),
  'log.unavailable': later(
    503,
    'The log cannot be written or is still being read.',
    'Wait; nothing is approved meanwhile. If it lasts, look at the database.',
  ),
  'log.fork': final(
    409,
    'The log contradicts what was seen before.',
    'Stop, keep both checkpoints, and tell the security officer.',
  ),
  'log.rolledback': final(
    409,
    'The log is shorter than what was seen before.',
    'Stop, and tell the security officer.',
  ),
  'journal.rolledback': final(
    409,
    'The journal is older than what the log holds of it.',
    'Restore the newest journal; never start an older copy.',
  ),
  'journal.locked': later(
    409,
    'Another process has the journal open.',
    'End the other signer first; never run two beside one journal.',
  ),
  'journal.exists': final(
    409,
    'There is a journal at this place already.',
    'Keep it: a signer without its own journal must not sign.',
  ),
  'journal.invalid': final(
    409,
    'The journal was edited, truncated or belongs to another signer.',
    'Restore the newest journal.',
  ),
  'key.locked': final(422, 'A passphrase opens the slot of none of these unlockers.', 'Try again.'),
  'key.invalid': final(
    422,
    'The key file is damaged or of another form.',
    'Restore it from a backup.',
  ),
  'key.exists': final(
    409,
    'A key file stands there already.',
    'Name another file; a key is never overwritten.',
  ),
  'key.passphrase.short': final(422, 'The passphrase is too short.', 'Choose a longer one.'),
  'key.passphrase.missing': final(
    422,
    'No passphrase was given and there is no terminal to ask on.',
    'Set COUNTERSIGN_PASSPHRASE or name a file descriptor with --passphrase-fd.',
  ),
  'package.invalid': final(422, 'The package is malformed.', 'Export it again.'),
  'package.incomplete': final(
    422,
    'The package begins after what is known here: entries between are missing.',
    'Export it again from an earlier index, or the whole log.',
  ),
  'package.unauthenticated': final(
    409,
    'The package is self-consistent, not authenticated: no genesis digest was given to hold it against.',
    'Ask the organisation for its genesis digest over another channel and give it by --genesis.',
  ),
  'package.replay.mismatch': final(
    409,
    'A receipt of the signer contradicts the rules.',
    'Investigate the signer.',
  ),
} as const satisfies Record<string, CodeEntry>;
