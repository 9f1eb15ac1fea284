import { z } from 'zod';
import { GROUPS, MEMBERS } from '../base/limits.ts';
import type { Facts, Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { label, parseWith } from '../base/schema.ts';
import type { Seconds } from '../base/time.ts';
import { analysedMembers } from '../governance/charter.ts';
import type { CharterBody } from '../governance/document.ts';
import { charterBodySchema } from '../governance/document.ts';
import { deviceKinds } from './body.ts';
import type { Place } from './check.ts';
import { readDataFile } from './data-file.ts';
import { normaliseClause, toSeconds } from './yaml.ts';
import { clause, duration } from './yaml-form.ts';

/** What a policy is looked at with: people, who may propose, who governs, and the wallet. */
export interface CharterFile extends Pick<Place, 'members' | 'initiators' | 'custody'> {
  /** Null: not known. */
  readonly governance: CharterBody['governance'] | null;
  readonly wallet: {
    /** By key set that spends without the hot key (design 3), the members who hold its keys. */
    readonly outside: readonly (readonly string[])[];
    /** The members who together unlock the signer; none: not known. */
    readonly unlockers: readonly string[];
  };
}

const member = z.strictObject({
  id: label,
  groups: z.array(label).max(GROUPS),
  /** What his devices lend; left out: a device key, as `countersign keys create` makes. */
  kinds: z.array(z.enum(deviceKinds)).min(1).max(deviceKinds.length).default(['secp256k1']),
  operators: z.array(label).min(1).max(MEMBERS).optional(),
});

/** The fields of a charter file that people write by hand. */
export const charterFileShape = {
  members: z.array(member).min(1).max(MEMBERS),
  initiators: z.array(label).min(1).max(GROUPS),
  governance: z.strictObject({ group: label, clause, delay: duration }).optional(),
  wallet: z
    .strictObject({
      custody: z.boolean().default(false),
      outside: z.array(z.array(label).max(20)).max(20).default([]),
      unlockers: z.array(label).max(MEMBERS).default([]),
    })
    .optional(),
};
const charterFile = z.strictObject(charterFileShape);
type Written = z.infer<typeof charterFile>;

/**
 * The charter that the tools over policies are given: the body of a charter document, the document itself, or the
 * smaller file that people write by hand (policies/README.md). Of deputies those count who stand at the time `at`, of wallet
 * devices those of the wallet.
 * Refuses with `file.syntax`, `json.*`, `schema.mismatch`, `charter.invalid`. Not checked here: whether the organisation
 * could publish it (governance/charter.ts).
 */
export function parseCharterFile(
  text: string,
  { at, wallet }: { readonly at: Seconds; readonly wallet: string },
): Result<CharterFile> {
  const data = readDataFile(text);
  if (!data.ok) return data;
  const value = isDocument(data.value) ? data.value.body : data.value;
  if (hasKey(value, 'protocol')) {
    const body = parseWith(charterBodySchema, value);
    return body.ok ? ok(ofBody(body.value, at, wallet)) : body;
  }
  const written = parseWith(charterFile, value);
  return written.ok ? charterOf(written.value) : written;
}

function isDocument(value: unknown): value is { readonly body: unknown } {
  return hasKey(value, 'kind') && hasKey(value, 'body');
}

function hasKey<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key);
}

function ofBody(body: CharterBody, at: Seconds, wallet: string): CharterFile {
  return {
    members: analysedMembers(body, at, wallet),
    initiators: body.initiators,
    governance: body.governance,
    custody: false,
    wallet: { outside: [], unlockers: [] },
  };
}

/** The charter of a file written by hand. Refuses what contradicts itself with `charter.invalid`. */
export function charterOf({
  members,
  initiators,
  governance,
  wallet,
}: Written): Result<CharterFile> {
  const ids = members.map(({ id }) => id);
  if (new Set(ids).size !== ids.length) return invalid('a member twice');
  const unknown = (names: readonly string[], known: readonly string[]): readonly string[] => [
    ...new Set(names.filter((name) => !known.includes(name))),
  ];
  const strangers = unknown(
    [
      ...members.flatMap(({ operators = [] }) => operators),
      ...(wallet?.unlockers ?? []),
      ...(wallet?.outside.flat() ?? []),
    ],
    ids,
  );
  if (strangers.length > 0) return invalid('an unknown member', { members: strangers });
  const empty = unknown(
    [...initiators, ...(governance === undefined ? [] : [governance.group])],
    members.flatMap(({ groups }) => groups),
  );
  if (empty.length > 0) return invalid('an empty group', { groups: empty });
  return ok({
    members: members.map(({ operators = null, ...rest }) => ({ ...rest, operators })),
    initiators,
    governance:
      governance === undefined
        ? null
        : {
            group: governance.group,
            clause: normaliseClause(governance.clause),
            delaySeconds: toSeconds(governance.delay),
          },
    custody: wallet?.custody ?? false,
    wallet: { outside: wallet?.outside ?? [], unlockers: wallet?.unlockers ?? [] },
  });
}

function invalid(reason: string, facts: Facts = {}) {
  return refuse('charter.invalid', { reason, ...facts });
}
