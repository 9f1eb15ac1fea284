import type { CodeEntry } from './entry.ts';
import { final } from './entry.ts';

/** Key files and their unlockers, hardware modules, backups of the journal. */
export const keyCodes = {
  'key.passphrase.differs': final(
    422,
    'The two passphrases differ; nothing was written.',
    'Type the same twice.',
  ),
  'key.unlockers.few': final(
    422,
    'The key file takes more passphrases than were given.',
    'Give the passphrase of each unlocker that is needed, a line each; start again together.',
  ),
  'key.unlockers.invalid': final(
    422,
    'These people cannot open a key file so.',
    'Name each once, and ask for no more of them than there are.',
  ),
  'key.unlockers.same': final(
    422,
    'Two unlockers have the same passphrase.',
    'Let each choose his own, where the others do not see it.',
  ),
  'key.unlockers.custody': final(
    422,
    'The wallet is held for others (custody), and one person could start its signer.',
    'Prepare the key with --needed 2 or more, or with a key in an HSM.',
  ),
} as const satisfies Record<string, CodeEntry>;
