import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { resolve } from 'node:path';
import { toHex } from '../core/base/bytes.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { createKeyFile, openKeyFile, peekKeyFile } from '../keys/key-file.ts';
import type { PublicPart } from '../keys/key-format.ts';
import type { Passphrases } from '../keys/passphrase.ts';
import type { KeyCost } from '../keys/seal.ts';
import type { Identity } from './identity.ts';
import { SentinelKeys } from './sentinel-keys.ts';
import { sentinelFolder, StateFile } from './state-file.ts';

/** What the charter names: public, to be read out and compared. */
export type CharterEntry = PublicPart['sentinel'];

export interface Preparation {
  readonly id: string;
  readonly keyFile: string;
  readonly passphrase: Passphrases;
  /** Given only for worthless keys. */
  readonly cost?: KeyCost;
  /** Good randomness; given only by tests. */
  readonly random?: (bytes: number) => Uint8Array;
}

const associated = 'countersign-sentinel';

/** Makes the two keys of a sentinel, sealed in a new file. Codes: `key.exists`, `key.passphrase.short`. */
export async function prepareSentinel(preparation: Preparation): Promise<Result<CharterEntry>> {
  const { id, keyFile, passphrase, cost = 'full', random = randomBytes } = preparation;
  const secrets = { key: random(32), freezeKey: random(32) };
  const keys = new SentinelKeys(secrets);
  const entry = { id, key: toHex(keys.key), freezeKey: keys.freezeKey };
  const created = await createKeyFile(
    keyFile,
    {
      purpose: 'sentinel',
      public: entry,
      secret: { key: toHex(secrets.key), freezeKey: toHex(secrets.freezeKey) },
    },
    { passphrase, associated, cost },
  );
  return created.ok ? ok(entry) : created;
}

export interface Initialisation {
  /** Typed in full by whoever sets it up: the root of everything it will believe. */
  readonly genesis: string;
  readonly folder: string;
  /** The file that `prepare` made; moved into the folder. On the same file system. */
  readonly keyFile: string;
}

/** Makes the state of prepared keys for one organisation, once. Codes: `key.invalid`, `sentinel.state.exists`. */
export function initialiseSentinel(given: Initialisation): Result<Identity> {
  const place = sentinelFolder(resolve(given.folder));
  const keyFile = resolve(given.keyFile);
  const entry = peekKeyFile(existsSync(place.keys) ? place.keys : keyFile, 'sentinel');
  if (!entry.ok) return entry;
  const { id, key, freezeKey } = entry.value;
  const identity: Identity = { id, genesis: given.genesis, key, freezeKey };
  mkdirSync(resolve(given.folder), { recursive: true, mode: 0o700 });
  const created = StateFile.create(place.state, identity);
  if (!created.ok) return created;
  if (!existsSync(place.keys)) renameSync(keyFile, place.keys);
  return ok(identity);
}

/** The keys of an initialised sentinel. Codes: `key.*`; `sentinel.state.invalid` beside a state of other keys. */
export async function unlockSentinel(
  folder: string,
  { key, freezeKey }: Identity,
  passphrase: Passphrases,
): Promise<Result<{ readonly keys: SentinelKeys; readonly seed: string }>> {
  const path = sentinelFolder(folder).keys;
  const secret = await openKeyFile(path, 'sentinel', { passphrase, associated });
  if (!secret.ok) return secret;
  const keys = SentinelKeys.of(secret.value);
  if (toHex(keys.key) !== key || keys.freezeKey !== freezeKey)
    return refuse('sentinel.state.invalid', { reason: 'keys of another sentinel', path });
  return ok({ keys, seed: secret.value.key });
}
