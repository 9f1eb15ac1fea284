import { existsSync } from 'node:fs';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import type { Unlockers } from '../keys/key-file.ts';
import { changeUnlockers, unlockersOf } from '../keys/key-file.ts';
import { HOLDER } from '../keys/slots.ts';
import type { PassphraseSources } from '../keys/passphrase.ts';
import { readNewPassphrases, readPassphrases } from '../keys/passphrase.ts';
import { signerFolder } from './folder.ts';
import { Journal } from './journal.ts';
import { journalAssociatedData } from './journal-identity.ts';

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];

/** What each unlocker of now is asked, as many as are needed, in any order; of no file, the one that will be missed. */
export function questionsOf(keyFile: string): Result<readonly string[]> {
  if (!existsSync(keyFile)) return ok(['Passphrase of the signer']);
  const found = unlockersOf(keyFile, 'signer');
  if (!found.ok) return found;
  const { names, needed } = found.value;
  if (names.join() === HOLDER) return ok(['Passphrase of the signer']);
  const asked = ordinals.slice(0, needed);
  return ok(asked.map((which) => `Passphrase of the ${which} unlocker (${names.join(', ')})`));
}

/** What each unlocker of a new file is asked. */
export function newQuestionsOf(names: readonly string[]): readonly string[] {
  return names.map((name) => {
    const whose = name === HOLDER ? 'the signer' : name;
    return `A new passphrase of ${whose}, eight characters or more`;
  });
}

/** Who opens the keys of a signer from now on; `renew` names those who stay and change their passphrase. */
export interface Change extends Unlockers {
  readonly folder: string;
  readonly renew: readonly string[];
}

/**
 * Changes who opens the keys of a stopped signer: as many as are needed now give their passphrases first, then everybody who is
 * new or renews his. Codes: `journal.*`, `key.*`.
 */
export async function changeSignerUnlockers(
  { folder, names, needed, renew }: Change,
  sources: PassphraseSources,
): Promise<Result<Unlockers>> {
  const place = signerFolder(folder);
  const opened = Journal.open(place.journal);
  if (!opened.ok) return opened;
  const journal = opened.value;
  try {
    const current = unlockersOf(place.keys, 'signer');
    if (!current.ok) return current;
    const keep = names.filter(
      (name) => current.value.names.includes(name) && !renew.includes(name),
    );
    const added = names.filter((name) => !keep.includes(name));
    const given = await readBoth(place.keys, added, sources);
    if (!given.ok) return given;
    const [passphrase, next] = given.value;
    const unlock = { passphrase, associated: journalAssociatedData(journal.identity) };
    const changed = await changeUnlockers(place.keys, 'signer', unlock, {
      names,
      needed,
      keep,
      passphrase: next,
    });
    passphrase.fill(0);
    next.fill(0);
    return changed.ok ? ok({ names, needed }) : changed;
  } finally {
    journal.close();
  }
}

/** Passphrases of now and new ones. Where they are not typed, they come one after the other from the same source. */
async function readBoth(
  keyFile: string,
  added: readonly string[],
  sources: PassphraseSources,
): Promise<Result<readonly [Buffer, Buffer]>> {
  const now = questionsOf(keyFile);
  if (!now.ok) return now;
  const next = newQuestionsOf(added);
  const isTyped = sources.descriptors.length === 0 && (sources.environment ?? '') === '';
  if (isTyped) {
    const passphrase = await readPassphrases(sources, now.value);
    if (!passphrase.ok) return passphrase;
    const fresh = await readNewPassphrases(sources, next);
    return fresh.ok ? ok([passphrase.value, fresh.value]) : fresh;
  }
  const all = await readPassphrases(sources, [...now.value, ...next]);
  if (!all.ok) return all;
  const at = endOfLine(all.value, now.value.length);
  return ok([all.value.subarray(0, at), all.value.subarray(Math.min(at + 1, all.value.length))]);
}

/** Where the line of a number, from 1, ends. */
function endOfLine(text: Buffer, line: number): number {
  let end = -1;
  for (let at = 0; at < line; at++) {
    end = text.indexOf(0x0a, end + 1);
    if (end < 0) return text.length;
  }
  return end;
}
