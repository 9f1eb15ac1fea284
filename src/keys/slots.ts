import { hkdfSync, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { fromUtf8 } from '../core/base/bytes.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import { KEY_QUORUMS, KEY_SLOTS } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { label } from '../core/base/schema.ts';
import type { KeyCost } from './seal.ts';
import { deriveKey, kdfSchema, newKdf, seal, sealedSchema, unseal } from './seal.ts';

/**
 * Who opens a key file: `threshold` of its unlockers. Each has a slot, in which scrypt and AES-256-GCM hold a random secret of
 * his own under his passphrase. For every set of `threshold` unlockers the data key is sealed once, under a key that HKDF
 * (RFC 5869) makes of all their secrets: fewer secrets are no part of it, so nothing but AES has to be believed and no
 * arithmetic of ours. Eight unlockers have at most KEY_QUORUMS such sets.
 */
const slotSchema = z.strictObject({ unlocker: label, kdf: kdfSchema, secret: sealedSchema });
const quorumSchema = z.strictObject({
  /** In the order of the slots. */
  unlockers: z.array(label).min(1).max(KEY_SLOTS),
  key: sealedSchema,
});
export const locks = {
  threshold: z.int().min(1).max(KEY_SLOTS),
  slots: z.array(slotSchema).min(1).max(KEY_SLOTS),
  quorums: z.array(quorumSchema).min(1).max(KEY_QUORUMS),
};
export interface Locks {
  readonly threshold: number;
  readonly slots: readonly z.infer<typeof slotSchema>[];
  readonly quorums: readonly z.infer<typeof quorumSchema>[];
}

/** An unlocker's own secret, 32 bytes. */
export interface HeldSecret {
  readonly unlocker: string;
  readonly secret: Buffer;
}

/** The name of the only unlocker of a file that one person opens. */
export const HOLDER = 'holder';

/** Code `key.unlockers.invalid`: no name, one twice, more than KEY_SLOTS, or more asked for than there are. */
export function checkUnlockers(unlockers: readonly string[], needed: number): Result<null> {
  const isNamed = unlockers.every((unlocker) => label.safeParse(unlocker).success);
  const isOnce = new Set(unlockers).size === unlockers.length;
  const isPossible = Number.isInteger(needed) && needed >= 1 && needed <= unlockers.length;
  return isNamed && isOnce && isPossible && unlockers.length <= KEY_SLOTS
    ? ok(null)
    : refuse('key.unlockers.invalid', { unlockers, needed, most: KEY_SLOTS });
}

function associated(part: Readonly<Record<string, unknown>>): string {
  return fromUtf8(canonicalBytes({ format: 'countersign-keys/2', ...part })) ?? '';
}

/** A slot of a new secret for a passphrase. */
export async function makeSlot(
  unlocker: string,
  passphrase: Uint8Array,
  cost: KeyCost,
): Promise<{ readonly slot: Locks['slots'][number]; readonly held: HeldSecret }> {
  const kdf = newKdf(cost);
  const key = await deriveKey(passphrase, kdf);
  const secret = randomBytes(32);
  try {
    const slot = { unlocker, kdf, secret: seal(key, secret, associated({ unlocker, kdf })) };
    return { slot, held: { unlocker, secret } };
  } finally {
    key.fill(0);
  }
}

/** Whether the passphrase is the one of a slot: his secret, or undefined. As dear as scrypt, and no other oracle. */
export async function openSlot(
  { unlocker, kdf, secret }: Locks['slots'][number],
  passphrase: Uint8Array,
): Promise<HeldSecret | undefined> {
  const key = await deriveKey(passphrase, kdf);
  const opened = unseal(key, secret, associated({ unlocker, kdf }));
  key.fill(0);
  return opened === undefined ? undefined : { unlocker, secret: opened };
}

/** The data key sealed for every set of `threshold` unlockers. Requires their secrets in the order of the slots. */
export function sealForQuorums(
  dataKey: Uint8Array,
  held: readonly HeldSecret[],
  threshold: number,
): Locks['quorums'] {
  return subsets(held, threshold).map((members) => {
    const unlockers = members.map(({ unlocker }) => unlocker);
    const key = quorumKey(members);
    try {
      return { unlockers, key: seal(key, dataKey, associated({ unlockers, threshold })) };
    } finally {
      key.fill(0);
    }
  });
}

/**
 * The data key, by `threshold` passphrases: each is tried at every slot that is not open yet. Codes:
 * `key.unlockers.few`; `key.locked` with the passphrase's number and those whose slot it does not open; `key.invalid`.
 */
export async function openLocks(
  { threshold, slots, quorums }: Locks,
  passphrases: readonly Uint8Array[],
): Promise<Result<Buffer>> {
  if (passphrases.length < threshold)
    return refuse('key.unlockers.few', { needed: threshold, given: passphrases.length });
  const opened: HeldSecret[] = [];
  try {
    for (const [at, passphrase] of passphrases.slice(0, threshold).entries()) {
      const left = slots.filter((slot) => opened.every((held) => held.unlocker !== slot.unlocker));
      const held = await openOneOf(left, passphrase);
      const unlockers = left.map(({ unlocker }) => unlocker);
      if (held === undefined) return refuse('key.locked', { passphrase: at + 1, unlockers });
      opened.push(held);
    }
    const inOrder = slots.flatMap((slot) =>
      opened.filter((held) => held.unlocker === slot.unlocker),
    );
    return openQuorum(inOrder, { threshold, quorums });
  } finally {
    for (const { secret } of opened) secret.fill(0);
  }
}

function openQuorum(
  members: readonly HeldSecret[],
  { threshold, quorums }: Pick<Locks, 'threshold' | 'quorums'>,
): Result<Buffer> {
  const unlockers = members.map(({ unlocker }) => unlocker);
  const quorum = quorums.find((one) => one.unlockers.join() === unlockers.join());
  if (quorum === undefined) return refuse('key.invalid', { reason: 'has no key for', unlockers });
  const key = quorumKey(members);
  const dataKey = unseal(key, quorum.key, associated({ unlockers, threshold }));
  key.fill(0);
  return dataKey === undefined
    ? refuse('key.invalid', { reason: 'edited', unlockers })
    : ok(dataKey);
}

async function openOneOf(
  slots: Locks['slots'],
  passphrase: Uint8Array,
): Promise<HeldSecret | undefined> {
  for (const slot of slots) {
    const held = await openSlot(slot, passphrase);
    if (held !== undefined) return held;
  }
  return undefined;
}

function quorumKey(members: readonly HeldSecret[]): Buffer {
  const secrets = Buffer.concat(members.map(({ secret }) => secret));
  const info = associated({ quorum: members.map(({ unlocker }) => unlocker) });
  try {
    return Buffer.from(hkdfSync('sha256', secrets, '', info, 32));
  } finally {
    secrets.fill(0);
  }
}

/** All sets of `size` of the items, each in their order. Requires 1 <= size <= items. */
function subsets<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  if (size === 0) return [[]];
  return items.flatMap((item, at) =>
    subsets(items.slice(at + 1), size - 1).map((rest) => [item, ...rest]),
  );
}
