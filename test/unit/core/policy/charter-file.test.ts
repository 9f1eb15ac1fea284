import { describe, expect, test } from '@jest/globals';
import { formatTime } from '../../../../src/core/base/time.ts';
import { parseCharterFile } from '../../../../src/core/policy/charter-file.ts';
import { coldcard, withDevices } from '../../../support/wallet-device.ts';
import { noon, World } from '../../../support/world.ts';

const whole = `
members:
  - { id: olga, groups: [operations] }
  - { id: aiko, groups: [treasury, governors], kinds: [psbt, webauthn] }
  - { id: robot, groups: [robots], operators: [olga] }
initiators: [operations, robots]
governance: { group: governors, clause: { from: governors, atLeast: 1 }, delay: 48h }
wallet: { custody: true, outside: [[aiko, olga]], unlockers: [olga] }
`;

const asked = { at: noon, wallet: 'hot-1' };

function code(text: string): string | null {
  const found = parseCharterFile(text, asked);
  return found.ok ? null : found.refusal.code;
}

describe('a charter file', () => {
  test('written by hand says who is there, who governs and what the wallet is', () => {
    expect(parseCharterFile(whole, asked)).toEqual({
      ok: true,
      value: {
        members: [
          { id: 'olga', groups: ['operations'], kinds: ['secp256k1'], operators: null },
          {
            id: 'aiko',
            groups: ['treasury', 'governors'],
            kinds: ['psbt', 'webauthn'],
            operators: null,
          },
          { id: 'robot', groups: ['robots'], kinds: ['secp256k1'], operators: ['olga'] },
        ],
        initiators: ['operations', 'robots'],
        governance: {
          group: 'governors',
          clause: { from: 'governors', atLeast: 1, kinds: null },
          delaySeconds: 172_800,
        },
        custody: true,
        wallet: { outside: [['aiko', 'olga']], unlockers: ['olga'] },
      },
    });
  });

  test('need not say who governs, nor anything of the wallet', () => {
    const found = parseCharterFile(whole.slice(0, whole.indexOf('governance')), asked);
    expect(found).toMatchObject({
      ok: true,
      value: { governance: null, custody: false, wallet: { outside: [], unlockers: [] } },
    });
  });

  test('may be a charter document or its body', () => {
    const charter = new World().state.charter?.document;
    if (charter === undefined) throw new Error('no charter');
    const { members, initiators, governance } = charter.body;
    const expected = {
      ok: true,
      value: {
        members: members.map(({ id, groups }) => ({ id, groups, kinds: ['secp256k1'] })),
        initiators,
        governance,
        custody: false,
      },
    };
    expect(parseCharterFile(JSON.stringify(charter.body, null, 2), asked)).toMatchObject(expected);
    expect(parseCharterFile(JSON.stringify(charter), asked)).toMatchObject(expected);
  });

  test('counts the wallet devices of a body at their wallet, beside a device that signs statements', () => {
    const world = new World();
    const body = world.state.charter?.document.body;
    if (body === undefined) throw new Error('no charter');
    const changed = withDevices(body, { alice: [coldcard(world)] });
    const kindsAt = (wallet: string) => {
      const found = parseCharterFile(JSON.stringify(changed), { at: noon, wallet });
      return found.ok ? found.value.members.find(({ id }) => id === 'alice')?.kinds : undefined;
    };
    expect(kindsAt('hot-1')).toEqual(['secp256k1', 'psbt']);
    expect(kindsAt('hot-2')).toEqual(['secp256k1']);
  });

  test('leaves out of a body who is suspended, and counts deputies until their time ends', () => {
    const body = new World().state.charter?.document.body;
    if (body === undefined) throw new Error('no charter');
    const until = formatTime(noon + 1);
    const changed = {
      ...body,
      members: body.members.map((one) => ({ ...one, suspended: one.id === 'bob' })),
      deputies: [{ member: 'carol', for: 'alice', groups: ['treasury'], until }],
    };
    const groupsAt = (at: number) => {
      const found = parseCharterFile(JSON.stringify(changed), { at, wallet: 'hot-1' });
      if (!found.ok) throw new Error(found.refusal.code);
      return Object.fromEntries(found.value.members.map(({ id, groups }) => [id, groups]));
    };
    expect(groupsAt(noon)).toMatchObject({ alice: [], carol: ['compliance', 'treasury'] });
    expect(groupsAt(noon + 1)).toMatchObject({ alice: ['treasury'], carol: ['compliance'] });
    expect(groupsAt(noon)).not.toHaveProperty('bob');
  });

  test.each([
    ['file.syntax', 'members: ['],
    ['schema.mismatch', '{}'],
    ['schema.mismatch', `${whole}colour: red`],
    ['schema.mismatch', '{"protocol":1}'],
    ['schema.mismatch', whole.replace('psbt', 'paper')],
    ['charter.invalid', whole.replace('id: robot', 'id: olga')],
    ['charter.invalid', whole.replace('operators: [olga]', 'operators: [nobody]')],
    ['charter.invalid', whole.replace('unlockers: [olga]', 'unlockers: [nobody]')],
    ['charter.invalid', whole.replace('[[aiko, olga]]', '[[nobody]]')],
    ['charter.invalid', whole.replace('initiators: [operations', 'initiators: [nobody')],
    ['charter.invalid', whole.replace('group: governors', 'group: nobody')],
  ])('is refused with %s', (expected, text) => {
    expect(code(text)).toBe(expected);
  });
});
