import { fromHex } from '../core/base/bytes.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import type { OpenHotKey } from '../keys/hot-key.ts';
import { openHotKey } from '../keys/hot-key.ts';
import { checkCustody, openKeyFile, peekKeyFile, unlockersOf } from '../keys/key-file.ts';
import type { Passphrases } from '../keys/passphrase.ts';
import { signerFolder } from './folder.ts';
import { journalAssociatedData } from './journal-identity.ts';
import type { Journal } from './journal.ts';

/** What opens a signer's keys. */
export interface Unlocking {
  readonly folder: string;
  /** Of the unlockers, a line each; wiped where it is bytes. */
  readonly passphrase: Passphrases;
  /** Of the hardware module that keeps the hot key; null where the file holds it. */
  readonly pin: string | null;
}

/** A signer's keys. The hot key is to be closed. */
export interface Unlocked {
  /** Of the receipt key: an Ed25519 seed (RFC 8032). */
  readonly seed: Uint8Array;
  readonly hotKey: OpenHotKey;
  /** Refuses where one person could open them alone: then they serve no wallet that is held for others. */
  readonly custody: Result<null>;
}

/** Opens the keys that are sealed to this journal. Codes: `key.*`. */
export async function unlockSigner(
  journal: Journal,
  options: Unlocking,
): Promise<Result<Unlocked>> {
  const { folder, passphrase, pin } = options;
  const associated = journalAssociatedData(journal.identity);
  const path = signerFolder(folder).keys;
  const keys = await openKeyFile(path, 'signer', { passphrase, associated });
  if (typeof passphrase !== 'string') passphrase.fill(0);
  if (!keys.ok) return keys;
  const shown = peekKeyFile(path, 'signer');
  if (!shown.ok) return shown;
  const hotKey = await openHotKey(keys.value.hotKey, { xpub: shown.value.hotKey, pin });
  if (!hotKey.ok) return hotKey;
  const unlockers = unlockersOf(path, 'signer');
  if (!unlockers.ok) return unlockers;
  const custody = checkCustody({ ...shown.value, custody: true }, unlockers.value.needed);
  return ok({ seed: fromHex(keys.value.receiptKey), hotKey: hotKey.value, custody });
}
