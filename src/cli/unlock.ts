import type { Device } from '../client/statements.ts';
import { fromHex } from '../core/base/bytes.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import { openKeyFile } from '../keys/key-file.ts';
import { readPassphrase } from '../keys/passphrase.ts';
import type { Call } from './command.ts';
import { Fault, UsageError } from './command.ts';
import type { Profile } from './profile.ts';

/** An unlocked device, with the extended private key of a cosigner where the member is one. */
export interface UnlockedDevice extends Device {
  readonly cosigner: string | null;
}

/** The passphrase of a call: descriptor, environment, or asked for; never of the command line. */
export async function passphraseOf(call: Call, question: string): Promise<Result<string>> {
  const { io } = call;
  const descriptor = call.text('passphrase-fd');
  if (descriptor !== undefined && !/^[0-9]{1,4}$/.test(descriptor))
    throw new UsageError('--passphrase-fd takes the number of a file descriptor');
  try {
    return await readPassphrase({
      environment: io.env['COUNTERSIGN_PASSPHRASE'],
      descriptor: descriptor === undefined ? undefined : Number(descriptor),
      ask: io.askHidden === null ? null : () => io.askHidden?.(question) ?? Promise.resolve(null),
    });
  } catch (error) {
    if (descriptor === undefined) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Fault(
      `--passphrase-fd ${descriptor} cannot be read: ${reason}. npx hands on none but 0, standard input.`,
    );
  }
}

/** A passphrase for a new file: typed twice where a person types it, since nobody can restore a mistyped one. */
export async function newPassphraseOf(call: Call): Promise<Result<string>> {
  const first = await passphraseOf(call, 'A new passphrase, eight characters or more');
  if (!first.ok) return first;
  const isGiven =
    call.text('passphrase-fd') !== undefined ||
    (call.io.env['COUNTERSIGN_PASSPHRASE'] ?? '') !== '';
  if (isGiven) return first;
  const again = await passphraseOf(call, 'The same again');
  if (!again.ok) return again;
  if (again.value !== first.value) throw new Fault('The two differ: nothing was written.');
  return first;
}

/** Opens the member's key file. Codes: `key.*`. Throws where there is none. */
export async function unlockDevice(call: Call, profile: Profile): Promise<Result<UnlockedDevice>> {
  const passphrase = await passphraseOf(call, `Passphrase of ${profile.keyFile}`);
  if (!passphrase.ok) return passphrase;
  const unlock = { passphrase: passphrase.value, associated: '' };
  const opened = await openKeyFile(profile.keyFile, 'device', unlock);
  if (!opened.ok) return opened;
  const { member, device, secretKey, cosigner } = opened.value;
  if (member !== profile.member)
    throw new UsageError(`${profile.keyFile} is a key of ${member}, not of ${profile.member}`);
  return ok({ member, device, secretKey: fromHex(secretKey), cosigner });
}
