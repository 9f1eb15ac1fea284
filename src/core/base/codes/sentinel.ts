import type { CodeEntry } from './entry.ts';
import { final, later } from './entry.ts';

/** Sentinels: witness, mailbox, watchman. */
export const sentinelCodes = {
  'sentinel.signature': final(
    401,
    'A message is not signed by the key that the charter names.',
    'Check which sentinel or signer answers at this address; compare keys with the charter.',
  ),
  'sentinel.unconcerned': final(
    422,
    'What was handed to the signer by a sentinel is no "no" that concerns its wallet.',
    'Nothing: it counts at the wallet that it names, or nowhere.',
  ),
  'sentinel.clock': later(
    503,
    "The clocks of the signer's host and of a sentinel differ by more than five minutes.",
    'Set the clocks by a time service, and look who moved one of them.',
  ),
  'sentinel.ahead': later(
    503,
    'A sentinel has verified a longer log than the server shows to the signer.',
    'If it lasts, the server withholds entries from the signer: freeze, and look into the server.',
  ),
  'sentinel.silent': later(
    503,
    'Too few sentinels have answered within ten minutes; the charter asks for more before anything is signed.',
    'Start the sentinel, or look why the signer cannot reach it. Governors can name another one.',
  ),
  'sentinel.unready': later(
    503,
    'The sentinel has not read the log yet, so that it knows no keys.',
    'Wait some seconds. If it lasts, look whether the sentinel reaches the server and was given the right genesis.',
  ),
  'sentinel.addressee': final(
    422,
    'The message is for another organisation or another sentinel.',
    'Compare the address of the sentinel with the one that the charter names.',
  ),
  'sentinel.statement.yes': final(
    422,
    'A sentinel takes what says no, and nothing else.',
    'Send the statement to the server.',
  ),
  'sentinel.mailbox.full': later(
    429,
    'The device has handed in as many statements as a sentinel takes in a day.',
    'Use another device of yours, or wait.',
  ),
  'sentinel.mailbox.ahead': final(
    409,
    'The signer claims to have read far more than this mailbox ever held.',
    'The state of the sentinel was lost, or the signer is not what it says: look into both.',
  ),
  'receipt.second': final(
    409,
    'Another receipt of this position was handed in before: two signers are active, or the journal was rolled back.',
    'Stop both signers and compare their journals.',
  ),
  'statement.undelivered': later(
    503,
    'Neither does the log show your "no" under a checkpoint that this device verified, nor has a sentinel acknowledged it.',
    'Say it again, and tell the others and the security officer over another channel now.',
  ),
  'sentinel.state.exists': final(
    409,
    'There is a state of a sentinel already.',
    'Run it, or take another folder.',
  ),
  'sentinel.state.locked': later(
    409,
    'Another process has the state of the sentinel.',
    'End it first.',
  ),
  'sentinel.state.invalid': final(
    422,
    'The state of the sentinel is missing, damaged or of other keys.',
    'Restore it, or make a new sentinel and have the charter name it.',
  ),
} as const satisfies Record<string, CodeEntry>;
