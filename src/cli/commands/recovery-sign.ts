import { resolve } from 'node:path';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { fromHex } from '../../core/base/bytes.ts';
import { RECOVERY } from '../../core/governance/charter.ts';
import { openKeyFile } from '../../keys/key-file.ts';
import type { Call, Run } from '../command.ts';
import { required, word } from '../command.ts';
import { Desk } from '../desk.ts';
import { findDocument } from '../find-document.ts';
import { approval, sayOfDocument } from '../govern.ts';
import type { UnlockedDevice } from '../unlock.ts';
import { passphraseOf } from '../unlock.ts';
import { effectLines, versionOf } from '../version.ts';

/**
 * A recovery key signs a charter that replaces governors. The statement proves itself: it goes by the session of
 * whoever is at hand.
 */
export const run: Run = async (call) => {
  const file = resolve(call.io.folder, required(call, 'key'));
  // --key is of the recovery key here; the session's member has his own in its place.
  const desk = new Desk({
    ...call,
    text: (name) => (name === 'key' ? undefined : call.text(name)),
  });
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const found = findDocument(state, word(call, 0));
  if (!found.ok) return found;
  const key = await recoveryKey(call, file);
  if (!key.ok) return key;
  const version = versionOf(state, found.value);
  const more = effectLines(state, version, call.io.now());
  const hand = { by: 'key', device: key.value } as const;
  const said = { followed: followed.value, version, hand, word: approval };
  return sayOfDocument(call, desk, { ...said, more });
};

/** Codes: `key.*`. */
async function recoveryKey(call: Call, file: string): Promise<Result<UnlockedDevice>> {
  const passphrase = await passphraseOf(call, `Passphrase of ${file}`);
  if (!passphrase.ok) return passphrase;
  const unlock = { passphrase: passphrase.value, associated: '' };
  const opened = await openKeyFile(file, 'device', unlock);
  passphrase.value.fill(0);
  if (!opened.ok) return opened;
  const { member, device, secretKey } = opened.value;
  if (member !== RECOVERY)
    return refuse('key.invalid', { reason: `a key of ${member}, no recovery key` });
  return ok({ member, device, secretKey: fromHex(secretKey), cosigner: null });
}
