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
  'key.module.unavailable': final(
    422,
    'The hardware module, its token or the key in it cannot be reached.',
    'Check the module, its label and that of the key; pkcs11js must have been compiled when it was installed.',
  ),
  'key.module.pin': final(
    422,
    'The hardware module does not take the PIN.',
    'Try again before the token locks; after that its security officer unlocks it.',
  ),
  'key.module.unfit': final(
    422,
    'The key in the module is of another curve, or can or once could leave it.',
    'Make a new one with prepare --module.',
  ),
} as const satisfies Record<string, CodeEntry>;
