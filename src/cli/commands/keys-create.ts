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
import { keyFileOf } from '../profile.ts';
import { newPassphraseOf } from '../unlock.ts';
import { existsSync } from 'node:fs';

export const run: Run = async (call) => {
  const { member, keyFile } = keyFileOf(call);
  const device = call.text('device') ?? 'cli';
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
  if (!made.ok) return made;
  return ok({
    json: { file: keyFile, member, device, key, cosigner: account?.expression ?? null },
    lines: [
      `Written: ${keyFile}. Keep a copy of it, and the passphrase elsewhere: nobody can restore them.`,
      `Public key of device ${device}: ${key}`,
      ...(account === null ? [] : [`Cosigner key for descriptors: ${account.expression}`]),
    ],
  });
};

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
