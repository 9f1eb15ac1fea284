import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { fixedXpub } from '../core/wallet/key-expression.ts';
import type { Network } from '../core/wallet/network.ts';
import type { Unlockers } from '../keys/key-file.ts';
import { createKeyFile } from '../keys/key-file.ts';
import type { Passphrases } from '../keys/passphrase.ts';
import type { KeyCost } from '../keys/seal.ts';
import type { AccountUse } from '../keys/account-key.ts';
import { accountKeyOf } from '../keys/account-key.ts';
import { formatModulePlace } from '../keys/module-place.ts';
import type { ModulePlace } from '../keys/module-place.ts';
import { createModuleKey, openModuleKey } from '../keys/pkcs11.ts';
import { preparedAssociatedData } from './folder.ts';
import { receiptKeyOf } from './receipt-key.ts';

export interface Preparation {
  readonly wallet: string;
  readonly network: Network;
  readonly use: AccountUse;
  readonly keyFile: string;
  readonly passphrase: Passphrases;
  /** Whose they are, in their order; one person's without. */
  readonly unlockers?: Unlockers;
  /** Where the hot key is made and stays; without, the file holds it. */
  readonly module?: { readonly place: ModulePlace; readonly pin: string };
  /** Given only for worthless keys. */
  readonly cost?: KeyCost;
  /** Good randomness; given only by tests. */
  readonly random?: (bytes: number) => Uint8Array;
}

/** What the documents of a new wallet name: public, to be read out and compared. */
export interface Prepared {
  readonly wallet: string;
  readonly network: Network;
  readonly xpub: string;
  /** `[fingerprint/path]xpub`, to be followed by `/<0;1>/*` in the descriptor; in a module the xpub, which stands there as it is. */
  readonly expression: string;
  /** Ed25519 public key, for the charter. */
  readonly receiptKey: string;
}

/**
 * Makes the hot key and the receipt key of one wallet, sealed in a new file. Codes: those of `createKeyFile`; `key.module.*`,
 * and `key.exists` where the module has a key of this name.
 */
export async function prepareSigner(preparation: Preparation): Promise<Result<Prepared>> {
  const {
    wallet,
    network,
    keyFile,
    passphrase,
    unlockers,
    cost = 'full',
    random = randomBytes,
  } = preparation;
  if (existsSync(keyFile)) return refuse('key.exists', { path: keyFile });
  const made = await hotKeyOf(preparation, random);
  if (!made.ok) return made;
  const { xpub, expression, secret, isInModule } = made.value;
  const seed = random(32);
  const { publicKey } = receiptKeyOf(seed);
  const created = await createKeyFile(
    keyFile,
    {
      purpose: 'signer',
      public: { hotKey: xpub, receiptKey: publicKey, module: isInModule, custody: false },
      secret: { hotKey: secret, receiptKey: Buffer.from(seed).toString('hex') },
    },
    { passphrase, cost, associated: preparedAssociatedData(wallet) },
    unlockers,
  );
  if (!created.ok) return created;
  return ok({ wallet, network, xpub, expression, receiptKey: publicKey });
}

interface MadeKey {
  readonly xpub: string;
  readonly expression: string;
  /** What the file seals: the key, or where it stays. */
  readonly secret: string;
  readonly isInModule: boolean;
}

async function hotKeyOf(
  { network, use, module }: Preparation,
  random: (bytes: number) => Uint8Array,
): Promise<Result<MadeKey>> {
  if (module === undefined) {
    const seed = random(64);
    const { xpub, expression, xprv } = accountKeyOf(seed, use, network);
    seed.fill(0);
    return ok({ xpub, expression, secret: xprv, isInModule: false });
  }
  const { place, pin } = module;
  const created = await createModuleKey(place, pin);
  if (!created.ok) return created;
  const opened = await openModuleKey(place, pin);
  if (!opened.ok) return opened;
  const xpub = fixedXpub(opened.value.publicKey, network);
  opened.value.close();
  return ok({ xpub, expression: xpub, secret: formatModulePlace(place), isInModule: true });
}
