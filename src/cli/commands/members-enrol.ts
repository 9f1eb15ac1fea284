import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { CharterBody, CharterDevice } from '../../core/governance/document.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';
import { deviceEntry } from '../device-entry.ts';
import { proposeVersion } from '../govern.ts';
import { nextVersion } from '../version.ts';

/**
 * Proposes the charter with one more device of a member. It takes the governors' quorum; then the device confirms its entry
 * (documents confirm), a psbt device by the confirmation of its wallet.
 */
export const run: Run = async (call) => {
  const member = word(call, 0);
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  if (state.charter === null) return refuse('document.unknown', { kind: 'charter' });
  const holders = state.wallets.get(call.text('wallet') ?? '')?.body.holders ?? [];
  const held = holders.flatMap((one) => (one.member === member ? [one.key] : []));
  const device = deviceEntry(call, word(call, 1), held);
  if (!device.ok) return device;
  const { id, body } = state.charter.document;
  const changed = withDevice(body, member, device.value);
  if (!changed.ok) return changed;
  const version = nextVersion(state, { kind: 'charter', id }, changed.value);
  if (!version.ok) return version;
  return proposeVersion(call, desk, { followed: followed.value, version: version.value });
};

/** Code `member.unknown`; that a name occurs twice is the charter's own check. */
function withDevice(charter: CharterBody, id: string, device: CharterDevice): Result<CharterBody> {
  if (!charter.members.some((member) => member.id === id))
    return refuse('member.unknown', { member: id });
  const members = charter.members.map((member) =>
    member.id === id ? { ...member, devices: [...member.devices, device] } : member,
  );
  return ok({ ...charter, members });
}
