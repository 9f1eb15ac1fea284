import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { CharterBody } from '../../core/governance/document.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';
import { proposeVersion } from '../govern.ts';
import { nextVersion } from '../version.ts';

/**
 * Proposes the charter with a member, or one of his devices, suspended. It acts at once; one governor is enough while the
 * others can govern without him.
 */
export const run: Run = async (call) => {
  const member = word(call, 0);
  const device = call.text('device');
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  if (state.charter === null) return refuse('document.unknown', { kind: 'charter' });
  const { id, body } = state.charter.document;
  const changed = suspended(body, member, device);
  if (!changed.ok) return changed;
  const version = nextVersion(state, { kind: 'charter', id }, changed.value);
  if (!version.ok) return version;
  return proposeVersion(call, desk, { followed: followed.value, version: version.value });
};

/** Codes: `member.unknown`, `device.unknown`. */
function suspended(
  charter: CharterBody,
  id: string,
  device: string | undefined,
): Result<CharterBody> {
  const found = charter.members.find((member) => member.id === id);
  if (found === undefined) return refuse('member.unknown', { member: id });
  if (device !== undefined && !found.devices.some((one) => one.id === device))
    return refuse('device.unknown', { member: id, device });
  const changed =
    device === undefined
      ? { ...found, suspended: true }
      : {
          ...found,
          devices: found.devices.map((one) =>
            one.id === device ? { ...one, suspended: true } : one,
          ),
        };
  const members = charter.members.map((member) => (member === found ? changed : member));
  return ok({ ...charter, members });
}
