import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Voice } from '../policy/quorum.ts';
import { solveClause } from '../policy/quorum.ts';
import type { CharterBody, CharterMember } from './document.ts';

/** The member of an id, or undefined. */
export function memberOf(charter: CharterBody, id: string): CharterMember | undefined {
  return charter.members.find((member) => member.id === id);
}

/** True when the member stands in one of the groups. */
export function isIn(member: CharterMember, groups: readonly string[]): boolean {
  return member.groups.some((group) => groups.includes(group));
}

/** A person, not a service account: only persons govern and approve. */
export function isPerson(member: CharterMember): boolean {
  return member.operators === null;
}

/** The voice of a member in a quorum, by the kinds of the devices that signed. */
export function voiceOf(member: CharterMember, kinds: Voice['kinds']): Voice {
  return { member: member.id, groups: member.groups, kinds };
}

/** Whether the governors who signed satisfy the governance clauses. */
export function governanceMet(charter: CharterBody, governors: readonly string[]): boolean {
  const voices = governors.flatMap((id) => {
    const member = memberOf(charter, id);
    return member !== undefined && isPerson(member) ? [voiceOf(member, ['secp256k1'])] : [];
  });
  return solveClause(charter.governance.clause, voices).met;
}

/**
 * Whether a charter can be one: unique labels and keys, known groups, clauses that its members can fill.
 * Codes: `charter.invalid`, `charter.key.reused`, `charter.unsatisfiable`.
 * Not checked here: the network of its wallets ({@link checkCharterNetwork}) and who signed it.
 */
export function checkCharter(charter: CharterBody): Result<null> {
  const ids = charter.members.map((member) => member.id);
  if (new Set(ids).size !== ids.length)
    return refuse('charter.invalid', { reason: 'a member twice' });
  const keys = [charter.log.key, ...charter.signers.map((signer) => signer.key)];
  for (const member of charter.members) {
    const devices = member.devices.map((device) => device.id);
    if (new Set(devices).size !== devices.length)
      return refuse('charter.invalid', { reason: 'a device twice', member: member.id });
    const other = member.devices.find((device) => device.kind !== 'secp256k1');
    if (other !== undefined)
      return refuse('device.kind.unsupported', { member: member.id, kind: other.kind });
    keys.push(...member.devices.map((device) => device.key));
    const strangers = (member.operators ?? []).filter((id) => !ids.includes(id));
    if (strangers.length > 0)
      return refuse('charter.invalid', { reason: 'an unknown operator', members: strangers });
  }
  if (new Set(keys).size !== keys.length) return refuse('charter.key.reused');
  const signed = charter.signers.map((signer) => signer.wallet);
  if (new Set(signed).size !== signed.length)
    return refuse('charter.invalid', { reason: 'two signers of one wallet' });
  const groups = new Set(charter.members.flatMap((member) => member.groups));
  const named = [charter.governance.group, ...charter.initiators, ...charter.officers];
  const unknown = named.filter((group) => !groups.has(group));
  if (unknown.length > 0)
    return refuse('charter.invalid', { reason: 'an empty group', groups: unknown });
  if (!governanceMet(charter, ids)) return refuse('charter.unsatisfiable');
  return ok(null);
}

/** Whether a charter may hold a wallet of a network: real coins want cool-downs, delay and no demonstration. Codes: `charter.network`, `demonstration.network`. */
export function checkCharterNetwork(charter: CharterBody, network: string): Result<null> {
  if (network === 'sandbox' || network === 'regtest') return ok(null);
  if (charter.demonstration) return refuse('demonstration.network', { network });
  const { deviceSeconds, destinationSeconds } = charter.coolDowns;
  if (deviceSeconds === 0 || destinationSeconds === 0 || charter.governance.delaySeconds === 0)
    return refuse('charter.network', { network });
  return ok(null);
}
