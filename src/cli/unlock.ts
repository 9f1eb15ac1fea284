import type { Device } from '../client/statements.ts';
import { fromHex } from '../core/base/bytes.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import { openKeyFile } from '../keys/key-file.ts';
import type { PassphraseSources } from '../keys/passphrase.ts';
import { readNewPassphrases, readPassphrases } from '../keys/passphrase.ts';
import type { Call } from './command.ts';
import { Fault, UsageError } from './command.ts';
import type { Profile } from './profile.ts';

/** An unlocked device, with the extended private key of a cosigner where the member is one. */
export interface UnlockedDevice extends Device {
  readonly cosigner: string | null;
}

/** The passphrase of a call: descriptor, environment, or asked for; never of the command line. */
export function passphraseOf(call: Call, question: string): Promise<Result<Buffer>> {
  return read(call, (sources) => readPassphrases(sources, [question]));
}

/** A passphrase for a new file. */
export function newPassphraseOf(call: Call): Promise<Result<Buffer>> {
  const question = 'A new passphrase, eight characters or more';
  return read(call, (sources) => readNewPassphrases(sources, [question]));
}

async function read(
  call: Call,
  from: (sources: PassphraseSources) => Promise<Result<Buffer>>,
): Promise<Result<Buffer>> {
  const { io } = call;
  const descriptor = call.text('passphrase-fd');
  if (descriptor !== undefined && !/^[0-9]{1,4}$/.test(descriptor))
    throw new UsageError('--passphrase-fd takes the number of a file descriptor');
  try {
    return await from({
      environment: io.env['COUNTERSIGN_PASSPHRASE'],
      descriptors: descriptor === undefined ? [] : [Number(descriptor)],
      ask: io.askHidden,
    });
  } catch (error) {
    if (descriptor === undefined) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Fault(
      `--passphrase-fd ${descriptor} cannot be read: ${reason}. npx hands on none but 0, standard input.`,
    );
  }
}

/** Opens the member's key file. Codes: `key.*`. Throws where there is none. */
export async function unlockDevice(call: Call, profile: Profile): Promise<Result<UnlockedDevice>> {
  const passphrase = await passphraseOf(call, `Passphrase of ${profile.keyFile}`);
  if (!passphrase.ok) return passphrase;
  const unlock = { passphrase: passphrase.value, associated: '' };
  const opened = await openKeyFile(profile.keyFile, 'device', unlock);
  passphrase.value.fill(0);
  if (!opened.ok) return opened;
  const { member, device, secretKey, cosigner } = opened.value;
  if (member !== profile.member)
    throw new UsageError(`${profile.keyFile} is a key of ${member}, not of ${profile.member}`);
  return ok({ member, device, secretKey: fromHex(secretKey), cosigner });
}
