import { describe, expect, test } from '@jest/globals';
import { checkCharter, checkCharterNetwork } from '../../../../src/core/governance/charter.ts';
import type { CharterBody, CharterMember } from '../../../../src/core/governance/document.ts';
import { World } from '../../../support/world.ts';

const charter = new World().state.charter?.document.body;
if (charter === undefined) throw new Error('a charter in force');
const body: CharterBody = charter;

const code = (parts: Partial<CharterBody>): string => {
  const checked = checkCharter({ ...body, ...parts });
  return checked.ok ? 'ok' : checked.refusal.code;
};
const withMember = (parts: Partial<CharterMember>): CharterMember[] =>
  body.members.map((member, at) => (at === 0 ? { ...member, ...parts } : member));

describe('a charter', () => {
  test('of unique labels, known groups and clauses that its members fill is one', () => {
    expect(code({})).toBe('ok');
  });

  test('names no member, device or wallet twice and no group without members', () => {
    const [first] = body.members;
    const device = first?.devices[0];
    const signer = body.signers[0];
    if (first === undefined || device === undefined || signer === undefined)
      throw new Error('a member with a device, and a signer');
    expect(code({ members: [...body.members, first] })).toBe('charter.invalid');
    expect(code({ members: withMember({ devices: [device, device] }) })).toBe('charter.invalid');
    expect(code({ members: withMember({ operators: ['nobody'] }) })).toBe('charter.invalid');
    const other = { ...signer, key: '12'.repeat(32) };
    expect(code({ signers: [signer, other] })).toBe('charter.invalid');
    expect(code({ officers: ['ghosts'] })).toBe('charter.invalid');
  });

  test('uses each key once, whatever for', () => {
    const device = body.members[1]?.devices[0];
    if (device === undefined) throw new Error('a second member with a device');
    expect(code({ members: withMember({ devices: [device] }) })).toBe('charter.key.reused');
    expect(code({ log: { ...body.log, key: device.key } })).toBe('charter.key.reused');
  });

  test('a device of a kind that is not supported yet is refused', () => {
    const device = {
      id: 'phone',
      kind: 'webauthn' as const,
      key: 'ef'.repeat(32),
      suspended: false,
    };
    expect(code({ members: withMember({ devices: [device] }) })).toBe('device.kind.unsupported');
  });

  test('whose governors are too few for its clause is refused', () => {
    const clause = { from: 'governors', atLeast: 4, kinds: null };
    expect(code({ governance: { ...body.governance, clause } })).toBe('charter.unsatisfiable');
    // Service accounts govern nothing.
    const members = body.members.map((member) =>
      member.groups.includes('governors') ? { ...member, operators: ['alice'] } : member,
    );
    expect(code({ members })).toBe('charter.unsatisfiable');
  });
});

describe('real coins', () => {
  const network = (parts: Partial<CharterBody>, name = 'mainnet'): string => {
    const checked = checkCharterNetwork({ ...body, ...parts }, name);
    return checked.ok ? 'ok' : checked.refusal.code;
  };
  const coolDowns = { deviceSeconds: 1, destinationSeconds: 1 };
  const governance = { ...body.governance, delaySeconds: 1 };
  const real = { demonstration: false, coolDowns, governance };

  test('want cool-downs and a delay of governance', () => {
    expect(network(real)).toBe('ok');
    expect(network({ ...real, coolDowns: { ...coolDowns, deviceSeconds: 0 } })).toBe(
      'charter.network',
    );
    expect(network({ ...real, coolDowns: { ...coolDowns, destinationSeconds: 0 } })).toBe(
      'charter.network',
    );
    expect(network({ ...real, governance: body.governance })).toBe('charter.network');
  });

  test('are not for a demonstration', () => {
    expect(network({ ...real, demonstration: true }, 'signet')).toBe('demonstration.network');
    expect(network({}, 'sandbox')).toBe('ok');
    expect(network({}, 'regtest')).toBe('ok');
  });
});
