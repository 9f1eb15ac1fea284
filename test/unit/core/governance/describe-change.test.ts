import { describe, expect, test } from '@jest/globals';
import { describeChange } from '../../../../src/core/governance/describe-change.ts';
import type {
  CharterBody,
  CountersignDocument,
  DestinationsBody,
  WalletBody,
} from '../../../../src/core/governance/document.ts';
import { newest, nextVersion } from '../../../support/governing.ts';
import { World, strangerAddress } from '../../../support/world.ts';

const world = new World();

type Change = readonly [string, CountersignDocument, CountersignDocument];

const charter = (name: string, change: (body: CharterBody) => CharterBody): Change => [
  name,
  newest(world, 'charter'),
  nextVersion(world, 'charter', change),
];
const book = (name: string, entries: DestinationsBody['entries']): Change => [
  name,
  newest(world, 'destinations'),
  nextVersion(world, 'destinations', () => ({ entries })),
];
const wallet = (name: string, over: Partial<WalletBody>): Change => [
  name,
  newest(world, 'wallet'),
  nextVersion(world, 'wallet', (body) => ({ ...body, ...over })),
];
const member =
  (
    id: string,
    change: (one: CharterBody['members'][number]) => Partial<CharterBody['members'][number]>,
  ) =>
  (body: CharterBody) => ({
    ...body,
    members: body.members.map((one) => (one.id === id ? { ...one, ...change(one) } : one)),
  });
const { entries } = newest(world, 'destinations').body;
const [exchange = { id: '', owner: '', script: '', address: '', tags: [] }] = entries;
const key = 'ab'.repeat(32);

describe('what a version changes, in words', () => {
  test.each([
    charter('+ member dora in treasury', (body) => ({
      ...body,
      members: [
        ...body.members,
        {
          id: 'dora',
          groups: ['treasury'],
          devices: [{ id: 'cli', kind: 'secp256k1', key, suspended: false }],
          operators: null,
          suspended: false,
        },
      ],
    })),
    charter('- member bob', (body) => ({
      ...body,
      members: body.members.filter(({ id }) => id !== 'bob'),
    })),
    charter(
      '~ member bob is SUSPENDED',
      member('bob', () => ({ suspended: true })),
    ),
    charter(
      '~ device cli of bob is SUSPENDED',
      member('bob', ({ devices }) => ({
        devices: devices.map((device) => ({ ...device, suspended: true })),
      })),
    ),
    charter(
      `+ device phone of bob, secp256k1, key ${key}`,
      member('bob', ({ devices }) => ({
        devices: [...devices, { id: 'phone', kind: 'secp256k1', key, suspended: false }],
      })),
    ),
    charter(
      '- bob leaves treasury',
      member('bob', () => ({ groups: ['compliance'] })),
    ),
    charter(
      '+ bob joins compliance',
      member('bob', () => ({ groups: ['treasury', 'compliance'] })),
    ),
    charter(
      '~ bob is run by alice',
      member('bob', () => ({ operators: ['alice'] })),
    ),
    charter('+ bob stands in for carol in compliance until 2027-01-01T00:00:00Z', (body) => ({
      ...body,
      deputies: [
        { member: 'bob', for: 'carol', groups: ['compliance'], until: '2027-01-01T00:00:00Z' },
      ],
    })),
    charter('~ governance: governors govern: a change needs 3 of governors', (body) => ({
      ...body,
      governance: { ...body.governance, delaySeconds: 3_600 },
    })),
    charter('~ initiators: operators becomes operators, treasury', (body) => ({
      ...body,
      initiators: ['operators', 'treasury'],
    })),
    charter('~ officers: security becomes treasury', (body) => ({
      ...body,
      officers: ['treasury'],
    })),
    charter('~ coolDowns: 0 seconds for a device', (body) => ({
      ...body,
      coolDowns: { deviceSeconds: 86_400, destinationSeconds: 0 },
    })),
    charter('~ signers:', (body) => ({ ...body, signers: [] })),
    charter('~ recovery: none becomes 1 of paper', (body) => ({
      ...body,
      recovery: { keys: [{ id: 'paper', key }], needed: 1, delaySeconds: 14 * 86_400 },
    })),
    charter('~ log:', (body) => ({ ...body, log: { ...body.log, origin: 'other.example/log' } })),
    charter('~ demonstration: true becomes false', (body) => ({ ...body, demonstration: false })),
    charter('~ the same in another order', (body) => ({
      ...body,
      members: body.members.toReversed(),
    })),
    book('- exchange of exchange, without tags: bcrt 1qw5', []),
    book('+ other of nobody, tagged new: bcrt 1qrp', [
      exchange,
      { id: 'other', owner: 'nobody', script: '00', address: strangerAddress, tags: ['new'] },
    ]),
    book('+ exchange of exchange, tagged blocked', [{ ...exchange, tags: ['blocked'] }]),
    book('+ exchange of nobody, without tags', [{ ...exchange, owner: 'nobody' }]),
    wallet('~ gapLimit: 20 becomes 30', { gapLimit: 30 }),
    wallet('~ custody: false becomes true', { custody: true }),
    wallet('~ outside: none becomes (a, b)', { outside: [['a', 'b']] }),
    wallet('~ holders:', { holders: [] }),
    wallet('~ birth: block 0 becomes block 1', { birth: 1 }),
  ])('%s', (expected, before, after) => {
    const lines = describeChange(before, after);
    expect(lines.filter((line) => line.startsWith(expected))).toHaveLength(1);
  });

  test('of a policy the sentences that go and those that come', () => {
    const before = newest(world, 'policy');
    const after = nextVersion(world, 'policy', (body) => ({
      ...body,
      limits: body.limits.map((limit) =>
        limit.name === 'daily' ? { ...limit, most: 300_000_000 } : limit,
      ),
    }));
    expect(describeChange(before, after)).toEqual([
      '- Limit "daily": at most 2.00000000 BTC in any 24 hours.',
      '+ Limit "daily": at most 3.00000000 BTC in any 24 hours.',
    ]);
  });

  test('nothing where nothing changes; everything where there was nothing before', () => {
    for (const kind of ['charter', 'wallet', 'policy', 'destinations'] as const) {
      const document = newest(world, kind);
      expect(
        describeChange(
          document,
          nextVersion(world, kind, (body) => body),
        ),
      ).toEqual([]);
      const lines = describeChange(null, document);
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.every((line) => line.startsWith('+ '))).toBe(true);
    }
  });
});
