import { equalBytes } from '../base/bytes.ts';
import { canonicalBytes } from '../base/canonical.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { PolicyBody } from '../policy/body.ts';
import { isIn, memberOf } from './charter.ts';
import { keyIdentity } from './distinct-keys.ts';
import type { CharterBody, CharterDevice, CountersignDocument, WalletBody } from './document.ts';

/** What may follow what in a chain of documents, and on what a governor has no say. */

/** Whether two JSON values are the same. */
export function isSame(one: unknown, other: unknown): boolean {
  return equalBytes(canonicalBytes(one), canonicalBytes(other));
}

/**
 * Whether a version may follow its predecessor: what never changes is the same. Codes: `charter.changed`,
 * `wallet.changed`. Not checked here: what the version says by itself (log/admit-document.ts), and whose its keys were
 * ({@link checkMovedKeys}).
 */
export function checkSuccessor(
  before: CountersignDocument,
  after: CountersignDocument,
): Result<null> {
  if (before.kind === 'charter' && after.kind === 'charter')
    return checkCharterSuccessor(before.body, after.body);
  if (before.kind === 'wallet' && after.kind === 'wallet')
    return checkWalletSuccessor(before.body, after.body);
  return ok(null);
}

/**
 * A device's name keeps its key for ever: another key is another device. Log and signers keep theirs in this
 * version; a signer may be added for a new wallet.
 */
function checkCharterSuccessor(before: CharterBody, after: CharterBody): Result<null> {
  for (const part of ['protocol', 'demonstration', 'log'] as const)
    if (!isSame(before[part], after[part])) return refuse('charter.changed', { part });
  for (const signer of before.signers)
    if (!after.signers.some((one) => isSame(one, signer)))
      return refuse('charter.changed', { part: 'signers', wallet: signer.wallet });
  for (const { id, devices, operators } of before.members) {
    const now = memberOf(after, id);
    if (now === undefined) continue;
    if ((now.operators === null) !== (operators === null))
      return refuse('charter.changed', { part: 'operators', member: id });
    for (const device of devices) {
      const same = now.devices.find((one) => one.id === device.id);
      if (same !== undefined && !isSameDevice(same, device))
        return refuse('charter.changed', { part: 'devices', member: id, device: device.id });
    }
  }
  return ok(null);
}

/** Whether two entries of one name are one device, suspended or not. */
export function isSameDevice(one: CharterDevice, other: CharterDevice): boolean {
  return isSame({ ...one, suspended: false }, { ...other, suspended: false });
}

/**
 * A key of one member's device never becomes another's: it is confirmed already, by him who had it. Asked of each charter that
 * was in force (content.ts). Code `charter.key.reused`.
 */
export function checkMovedKeys(before: CharterBody, after: CharterBody): Result<null> {
  const owner = new Map(
    before.members.flatMap(({ id, devices }) =>
      devices.map((device) => [keyIdentity(device), `${id}/${device.id}`] as const),
    ),
  );
  for (const { id, devices } of after.members)
    for (const device of devices)
      if ((owner.get(keyIdentity(device)) ?? `${id}/${device.id}`) !== `${id}/${device.id}`)
        return refuse('charter.key.reused', { member: id, device: device.id });
  return ok(null);
}

/** Other keys are another wallet: only how far it looks ahead and who holds a key may change. */
function checkWalletSuccessor(before: WalletBody, after: WalletBody): Result<null> {
  for (const part of ['network', 'genesisBlock', 'descriptor', 'hotKey', 'birth'] as const)
    if (before[part] !== after[part]) return refuse('wallet.changed', { part });
  const keys = (body: WalletBody) => body.holders.map(({ key }) => key).sort();
  return isSame(keys(before), keys(after)) ? ok(null) : refuse('wallet.changed', { part: 'keys' });
}

/**
 * Whether a version changes the member's own entry, groups or devices, or a limit that counts him or a service account of
 * his: then his word on it does not count, neither for nor against (design 3, "Asymmetric governance").
 */
export function concerns(
  charter: CharterBody,
  change: { readonly before: CountersignDocument | null; readonly after: CountersignDocument },
  member: string,
): boolean {
  const { before, after } = change;
  if (after.kind === 'charter' && before?.kind === 'charter')
    return !isSame(entryOf(before.body, member), entryOf(after.body, member));
  if (after.kind === 'policy' && before?.kind === 'policy')
    return !isSame(scopesOf(charter, before.body, member), scopesOf(charter, after.body, member));
  return false;
}

/** All that a charter says of one member by name. */
function entryOf(charter: CharterBody, id: string): unknown {
  return {
    member: memberOf(charter, id) ?? null,
    deputies: charter.deputies.filter((deputy) => deputy.member === id || deputy.for === id),
    behind: charter.members.filter(({ operators }) => operators?.includes(id)).map((one) => one.id),
  };
}

/**
 * All of a policy that singles out one who may propose, by himself or by a service account behind which he stands: limits
 * of an initiator, rules that name one of these or its group.
 */
function scopesOf(charter: CharterBody, policy: PolicyBody, id: string): unknown {
  const initiators = charter.members.filter(
    (member) =>
      (member.id === id || member.operators?.includes(id) === true) &&
      isIn(member, charter.initiators),
  );
  if (initiators.length === 0) return null;
  const terms = initiators.flatMap((member) => [
    `member:${member.id}`,
    ...member.groups.map((group) => `group:${group}`),
  ]);
  return {
    limits: policy.limits.filter(({ of }) => of === 'initiator'),
    rules: policy.rules.filter(
      ({ when }) =>
        when.amount?.of === 'initiator' || when.initiator?.any.some((term) => terms.includes(term)),
    ),
  };
}
