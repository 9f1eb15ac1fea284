import { ok, refuse } from '../../core/base/result.ts';
import type { CharterMember } from '../../core/governance/document.ts';
import type { State } from '../../core/log/state.ts';
import type { Run } from '../command.ts';
import { Desk } from '../desk.ts';

export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const charter = state.charter?.document.body;
  if (charter === undefined) return refuse('document.unknown', { kind: 'charter' });
  const members = charter.members.map((member) => memberJson(state, member));
  const { deputies, recovery } = charter;
  return ok({
    json: { document: state.charter?.digest ?? null, members, deputies, recovery },
    lines: [
      ...members.flatMap(({ id, groups, operators, suspended, devices }) => [
        `${id}  ${groups.join(', ')}${operators === null ? '' : `  run by ${operators.join(', ')}`}${suspended ? '  SUSPENDED' : ''}`,
        ...devices.map(
          (device) =>
            `  ${device.id}  ${device.kind}${device.kind === 'psbt' ? ` of ${device.wallet}` : ''}  ${device.key}${device.suspended ? '  SUSPENDED' : ''}${device.confirmed ? '' : '  not confirmed'}`,
        ),
      ]),
      ...deputies.map(
        (deputy) =>
          `${deputy.member} stands in for ${deputy.for} in ${deputy.groups.join(', ')} until ${deputy.until}`,
      ),
      ...(recovery?.keys ?? []).map(({ id, key }) => `Recovery key ${id}  ${key}`),
    ],
  });
};

function memberJson(state: State, member: CharterMember) {
  const devices = member.devices.map((device) => ({
    ...device,
    confirmed: state.confirmed.has(device.key),
  }));
  return { ...member, devices };
}
