import { randomBytes } from 'node:crypto';
import { isPrivate, xOnlyPointFromScalar } from 'tiny-secp256k1';
import { toHex } from '../../core/base/bytes.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { label } from '../../core/base/schema.ts';
import type { Network } from '../../core/wallet/network.ts';
import { networkNames } from '../../core/wallet/network.ts';
import type { AccountKey } from '../../keys/account-key.ts';
import { accountKeyOf } from '../../keys/account-key.ts';
import { createKeyFile } from '../../keys/key-file.ts';
import type { Call, Run } from '../command.ts';
import { UsageError } from '../command.ts';
import { homeOf, keyFileOf, keyPath } from '../profile.ts';
import { newPassphraseOf } from '../unlock.ts';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { RECOVERY } from '../../core/governance/charter.ts';

export const run: Run = async (call) => {
  const { member, device, keyFile } = placeOf(call);
  if (!label.safeParse(device).success) throw new UsageError(`"${device}" is no id of a device`);
  const network = networkOf(call);
  if (existsSync(keyFile)) return refuse('key.exists', { path: keyFile });
  const passphrase = await newPassphraseOf(call);
  if (!passphrase.ok) return passphrase;
  const secret = newSecret();
  const account = network === null ? null : newAccount(network);
  const key = toHex(xOnlyPointFromScalar(secret));
  const made = await createKeyFile(
    keyFile,
    {
      purpose: 'device',
      public: { member, device, key, cosigner: account?.xpub ?? null },
      secret: { member, device, secretKey: toHex(secret), cosigner: account?.xprv ?? null },
    },
    { passphrase: passphrase.value, associated: '' },
  );
  secret.fill(0);
  passphrase.value.fill(0);
  if (!made.ok) return made;
  return ok({
    json: { file: keyFile, member, device, key, cosigner: account?.expression ?? null },
    lines: [
      `Written: ${keyFile}. Keep a copy of it, and the passphrase elsewhere: nobody can restore them.`,
      member === RECOVERY
        ? `Public key of recovery key ${device}: ${key}`
        : `Public key of device ${device}: ${key}`,
      `As the charter names it: ${JSON.stringify(charterEntry(member, device, key))}`,
      ...(account === null ? [] : [`Cosigner key for descriptors: ${account.expression}`]),
    ],
  });
};

/** What governors put under `recovery.keys`, or under the member's `devices`. */
function charterEntry(member: string, device: string, key: string): Record<string, unknown> {
  return member === RECOVERY
    ? { id: device, key }
    : { id: device, kind: 'secp256k1', key, suspended: false };
}

/** Whose key it is and where it goes. A recovery key is nobody's device: it signs under a name of its own. */
function placeOf(call: Call): {
  readonly member: string;
  readonly device: string;
  readonly keyFile: string;
} {
  const recovery = call.text('recovery');
  if (recovery === undefined) return { ...keyFileOf(call), device: call.text('device') ?? 'cli' };
  for (const other of ['as', 'device', 'cosigner'])
    if (call.has(other)) throw new UsageError(`--${other} says nothing of a recovery key`);
  const named = call.text('key');
  const keyFile =
    named === undefined
      ? keyPath(homeOf(call.io), `${RECOVERY}-${recovery}`)
      : resolve(call.io.folder, named);
  return { member: RECOVERY, device: recovery, keyFile };
}

function networkOf(call: Call): Network | null {
  const named = call.text('cosigner');
  if (named === undefined) return null;
  const network = networkNames.find((name) => name === named);
  if (network === undefined)
    throw new UsageError(`--cosigner takes one of ${networkNames.join(', ')}`);
  return network;
}

function newSecret(): Uint8Array {
  for (;;) {
    const secret = randomBytes(32);
    if (isPrivate(secret)) return secret; // 0 or beyond the order: never met in practice
  }
}

/** Seeded by its own randomness: a cosigner key and a device key have nothing in common. */
function newAccount(network: Network): AccountKey {
  const seed = randomBytes(32);
  try {
    return accountKeyOf(seed, 'wsh', network);
  } finally {
    seed.fill(0);
  }
}
