import { randomBytes } from 'node:crypto';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import type { Network } from '../core/wallet/network.ts';
import type { Unlockers } from '../keys/key-file.ts';
import { createKeyFile } from '../keys/key-file.ts';
import type { Passphrases } from '../keys/passphrase.ts';
import type { KeyCost } from '../keys/seal.ts';
import type { AccountUse } from '../keys/account-key.ts';
import { accountKeyOf } from '../keys/account-key.ts';
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
  /** `[fingerprint/path]xpub`, to be followed by `/<0;1>/*` in the descriptor. */
  readonly expression: string;
  /** Ed25519 public key, for the charter. */
  readonly receiptKey: string;
}

/** Makes the hot key and the receipt key of one wallet, sealed in a new file. Codes: those of `createKeyFile`. */
export async function prepareSigner(preparation: Preparation): Promise<Result<Prepared>> {
  const {
    wallet,
    network,
    use,
    keyFile,
    passphrase,
    unlockers,
    cost = 'full',
    random = randomBytes,
  } = preparation;
  const account = accountKeyOf(random(64), use, network);
  const seed = random(32);
  const { publicKey } = receiptKeyOf(seed);
  const created = await createKeyFile(
    keyFile,
    {
      purpose: 'signer',
      public: { hotKey: account.xpub, receiptKey: publicKey, module: false, custody: false },
      secret: { hotKey: account.xprv, receiptKey: Buffer.from(seed).toString('hex') },
    },
    { passphrase, cost, associated: preparedAssociatedData(wallet) },
    unlockers,
  );
  if (!created.ok) return created;
  const { xpub, expression } = account;
  return ok({ wallet, network, xpub, expression, receiptKey: publicKey });
}
