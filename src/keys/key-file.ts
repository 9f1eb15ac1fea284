import { PASSPHRASE_LEAST, PASSPHRASE_MOST } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { createFile, replaceFile } from './file.ts';
import type { Contents, KeyFile, NewKeys, PublicPart, Purpose, SecretPart } from './key-format.ts';
import { openContents, readKeyFile, sealFile } from './key-format.ts';
import type { Passphrases } from './passphrase.ts';
import { charactersOf, linesOfPassphrases } from './passphrase.ts';
import type { KeyCost } from './seal.ts';
import { normalised } from './seal.ts';
import type { HeldSecret, Locks } from './slots.ts';
import { checkUnlockers, HOLDER, makeSlot, openLocks, openSlot } from './slots.ts';

/** What opens a file: passphrases, a line each, and what the payload is bound to (empty for a device). */
export interface Unlock {
  readonly passphrase: Passphrases;
  readonly associated: string;
  /** Of a file that is written: full unless the keys are worthless. */
  readonly cost?: KeyCost;
}

/** Who opens a file: any `needed` of these people. Their passphrases are given in this order. */
export interface Unlockers {
  readonly names: readonly string[];
  readonly needed: number;
}
const oneHolder: Unlockers = { names: [HOLDER], needed: 1 };

interface MadeSlot {
  readonly slot: Locks['slots'][number];
  readonly held: HeldSecret;
}

/** Slots of people whose passphrases are given in their order, no two with the same, nor one with that of a slot `beside`. */
async function slotsFor(
  names: readonly string[],
  given: Passphrases,
  { cost, beside }: { readonly cost: KeyCost; readonly beside: readonly MadeSlot[] },
): Promise<Result<readonly MadeSlot[]>> {
  const lines = linesOfPassphrases(given);
  const passphrases = lines.map(normalised);
  for (const line of lines) line.fill(0);
  try {
    if (passphrases.length !== names.length)
      return refuse('key.unlockers.few', { needed: names.length, given: passphrases.length });
    const isSized = passphrases
      .map(charactersOf)
      .every((length) => length >= PASSPHRASE_LEAST && length <= PASSPHRASE_MOST);
    if (!isSized)
      return refuse('key.passphrase.short', { least: PASSPHRASE_LEAST, most: PASSPHRASE_MOST });
    const made: MadeSlot[] = [];
    for (const [at, passphrase] of passphrases.entries()) {
      const unlocker = names[at] ?? '';
      const same = passphrases.findIndex((other) => other.equals(passphrase));
      if (same !== at)
        return refuse('key.unlockers.same', { unlockers: [names[same] ?? '', unlocker] });
      for (const { slot } of beside)
        if ((await openSlot(slot, passphrase)) !== undefined)
          return refuse('key.unlockers.same', { unlockers: [slot.unlocker, unlocker] });
      made.push(await makeSlot(unlocker, passphrase, cost));
    }
    return ok(made);
  } finally {
    for (const passphrase of passphrases) passphrase.fill(0);
  }
}

/**
 * Writes a new key file with mode 600, whole or not at all. Codes: `key.exists` (a key is never overwritten),
 * `key.passphrase.short`, `key.unlockers.invalid`, `.few`, `.same`.
 */
export async function createKeyFile(
  path: string,
  keys: NewKeys,
  unlock: Unlock,
  { names, needed }: Unlockers = oneHolder,
): Promise<Result<null>> {
  const checked = checkUnlockers(names, needed);
  if (!checked.ok) return checked;
  const cost = unlock.cost ?? 'full';
  const made = await slotsFor(names, unlock.passphrase, { cost, beside: [] });
  if (!made.ok) return made;
  const slots = made.value.map(({ slot }) => slot);
  const held = made.value.map((one) => one.held);
  const bytes = sealFile(keys, { threshold: needed, slots, held }, unlock.associated);
  wipe(held);
  return createFile(path, bytes) ? ok(null) : refuse('key.exists', { path });
}

function wipe(held: readonly HeldSecret[]): void {
  for (const { secret } of held) secret.fill(0);
}

/** The public part, without a passphrase and so not authenticated: to show, never to decide. Code `key.invalid`. */
export function peekKeyFile<P extends Purpose>(path: string, purpose: P): Result<PublicPart[P]> {
  const file = readKeyFile(path, purpose);
  return file.ok ? ok(file.value.public as PublicPart[P]) : file;
}

/** Who opens the file, without a passphrase: to know whom to ask. Code `key.invalid`. */
export function unlockersOf(path: string, purpose: Purpose): Result<Unlockers> {
  const file = readKeyFile(path, purpose);
  if (!file.ok) return file;
  const { slots, threshold } = file.value;
  return ok({ names: slots.map(({ unlocker }) => unlocker), needed: threshold });
}

/**
 * The secret part. Codes: `key.unlockers.few`; `key.locked` with the number of a passphrase and the unlockers whose it is not;
 * `key.invalid` when the file has another form or purpose, was edited, or is bound to something else than `associated`;
 * `key.unlockers.custody`.
 */
export async function openKeyFile<P extends Purpose>(
  path: string,
  purpose: P,
  unlock: Unlock,
): Promise<Result<SecretPart[P]>> {
  const opened = await open(path, purpose, unlock);
  if (!opened.ok) return opened;
  const { secret, held } = opened.value;
  wipe(held);
  return ok(secret);
}

interface Opened<P extends Purpose> {
  readonly file: KeyFile;
  readonly secret: SecretPart[P];
  readonly held: readonly HeldSecret[];
}

async function open<P extends Purpose>(
  path: string,
  purpose: P,
  { passphrase, associated }: Unlock,
): Promise<Result<Opened<P>>> {
  const file = readKeyFile(path, purpose);
  if (!file.ok) return file;
  const passphrases = linesOfPassphrases(passphrase);
  const dataKey = await openLocks(file.value, passphrases);
  for (const one of passphrases) one.fill(0);
  if (!dataKey.ok) return refuse(dataKey.refusal.code, { ...dataKey.refusal.facts, path });
  const bound = { dataKey: dataKey.value, bound: associated };
  const contents = openContents(file.value, purpose, bound);
  dataKey.value.fill(0);
  if (!contents.ok) return contents;
  const { secret, held } = contents.value;
  const allowed = checkCustody(file.value.public, file.value.threshold);
  return allowed.ok ? ok({ file: file.value, secret, held }) : allowed;
}

/**
 * Held for others, a hot key takes two people, or a module that keeps it. Code `key.unlockers.custody`.
 */
export function checkCustody(known: PublicPart[Purpose], needed: number): Result<null> {
  const isAlone = 'custody' in known && known.custody && !known.module && needed < 2;
  return isAlone ? refuse('key.unlockers.custody', { needed, least: 2 }) : ok(null);
}

/** What a signer's file is bound to from now on. */
export interface Binding {
  readonly associated: string;
  /** Of the wallet. */
  readonly custody: boolean;
}

/**
 * Binds a signer's file: same keys and unlockers, a new data key, replaced in one step (design 3, `signer init`). Codes: those
 * of {@link openKeyFile}.
 */
export async function bindKeyFile(
  path: string,
  unlock: Unlock,
  { associated, custody }: Binding,
): Promise<Result<null>> {
  const opened = await open(path, 'signer', unlock);
  if (!opened.ok) return opened;
  const { file, secret, held } = opened.value;
  const known = { ...file.public, custody } as PublicPart['signer'];
  const contents: Contents = { purpose: 'signer', public: known, secret };
  try {
    const allowed = checkCustody(known, file.threshold);
    if (allowed.ok) replaceFile(path, sealFile(contents, { ...file, held }, associated));
    return allowed;
  } finally {
    wipe(held);
  }
}

/** Who opens a file from now on. */
export interface NextUnlockers extends Unlockers {
  /** Those of `names` who keep their passphrases: of the unlockers of now. */
  readonly keep: readonly string[];
  /** Of the others, in their order. */
  readonly passphrase: Passphrases;
}

/**
 * Changes who opens a file, or a passphrase: same keys, a new data key. Who stays need not be there. Older copies of the file open
 * as they did. Codes: those of {@link openKeyFile} and {@link createKeyFile} but `key.exists`.
 */
export async function changeUnlockers(
  path: string,
  purpose: Purpose,
  unlock: Unlock,
  next: NextUnlockers,
): Promise<Result<null>> {
  const { names, needed, keep } = next;
  const checked = checkUnlockers(names, needed);
  if (!checked.ok) return checked;
  const opened = await open(path, purpose, unlock);
  if (!opened.ok) return opened;
  const { file, secret, held } = opened.value;
  const contents: Contents = { purpose, public: file.public, secret };
  const allowed = checkCustody(file.public, needed);
  if (!allowed.ok) return allowed;
  const kept = keep.flatMap((name) => keptSlot(name, file.slots, held));
  if (kept.length < keep.length)
    return refuse('key.unlockers.invalid', { unlockers: keep, needed, reason: 'unknown' });
  const added = names.filter((name) => !keep.includes(name));
  const made = await slotsFor(added, next.passphrase, {
    cost: unlock.cost ?? 'full',
    beside: kept,
  });
  if (!made.ok) return made;
  const byName = new Map([...kept, ...made.value].map((one) => [one.slot.unlocker, one]));
  const all = names.flatMap((name) => byName.get(name) ?? []);
  const lock = {
    threshold: needed,
    slots: all.map(({ slot }) => slot),
    held: all.map((one) => one.held),
  };
  replaceFile(path, sealFile(contents, lock, unlock.associated));
  wipe(lock.held);
  return ok(null);
}

function keptSlot(
  name: string,
  slots: Locks['slots'],
  held: readonly HeldSecret[],
): readonly MadeSlot[] {
  const slot = slots.find(({ unlocker }) => unlocker === name);
  const own = held.find(({ unlocker }) => unlocker === name);
  return slot === undefined || own === undefined ? [] : [{ slot, held: own }];
}
