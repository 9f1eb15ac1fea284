import { describe, expect, test } from '@jest/globals';
import { statementDigest } from '../../../../src/core/approval/statement.ts';
import { documentDigest } from '../../../../src/core/governance/document.ts';
import { inForce } from '../../../../src/core/governance/in-force.ts';
import { replay } from '../../../../src/core/log/replay.ts';
import {
  change,
  documentStatement,
  forcedBy,
  newest,
  nextVersion,
  pass,
  policyBody,
  publish,
  recoverySign,
  sign,
  standing,
  timeIn,
} from '../../../support/governing.ts';
import { xOnlyPointFromScalar } from 'tiny-secp256k1';
import { toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { sha256 } from '../../../../src/core/base/digest.ts';
import { World, approveAll, proposed, strangerAddress } from '../../../support/world.ts';

const day = 86_400;
const delay = 3_600;

/** One of treasury and one of compliance, so that two of three governors are as many as the policy asks for. */
const twoPeople = (most = '1 BTC', wait = '60s', people = 1): string => `
policy: hot-1
timezone: Asia/Tokyo
limits:
  - { name: per payment, amount: ${most}, per: transaction }
  - { name: daily, amount: 2 BTC, per: 24h }
fees: { rate: 100 sat/vB, share: 50%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: all payments
    when: { destinations: { any: [listed, unlisted] } }
    require:
      approvals:
        all:
          - { from: treasury, atLeast: ${people} }
          - { from: compliance, atLeast: 1 }
      delay: ${wait}
`;

function settled(options: ConstructorParameters<typeof World>[0] = {}): World {
  const world = new World({
    delaySeconds: delay,
    governorsNeeded: 2,
    policy: twoPeople(),
    ...options,
  });
  world.start();
  pass(world, delay);
  return world;
}

function findings(world: World): readonly unknown[] {
  const leaf = (index: number) => world.leaves[index] ?? new Uint8Array();
  const found = replay(world.genesis, world.leaves.length, leaf, {
    blobs: (sha256) => world.store.get(sha256),
  });
  if ('code' in found) throw new Error(found.code);
  const receipts = found.findings.filter(({ kind }) => kind === 'receipt');
  return receipts.map(({ index, refusal }) => [index, refusal]);
}

describe('the first documents', () => {
  test('charter and wallet are in force at the first round, the policy after the delay', () => {
    const world = new World({ delaySeconds: delay, governorsNeeded: 2, policy: twoPeople() });
    world.start();
    world.round();
    expect(standing(world, newest(world, 'charter'))).toBe('in force');
    expect(standing(world, newest(world, 'wallet'))).toBe('in force');
    expect(standing(world, newest(world, 'policy'))).toBe('waiting');
    world.now += delay - 1;
    world.round();
    expect(standing(world, newest(world, 'policy'))).toBe('waiting');
    const early = world.propose({ pays: [[strangerAddress, 100_000]] });
    expect(world.verdict(early).refusal?.code).toBe('document.waiting');
    world.now += 1;
    world.round();
    expect(standing(world, newest(world, 'policy'))).toBe('in force');
    expect(world.verdict(early).refusal?.code).toBe('policy.quorum.missing');
    expect(findings(world)).toEqual([]);
  });
});

describe('a policy that loosens', () => {
  test('needs the quorum and then the delay, from the first sight of the quorum', () => {
    const world = settled();
    const looser = change(world, 'policy', ['governor-1'], () => policyBody(twoPeople('2 BTC')));
    pass(world, day);
    expect(standing(world, looser)).toBe('unsigned');
    sign(world, looser, ['governor-2']);
    pass(world, delay - 1);
    expect(standing(world, looser)).toBe('waiting');
    pass(world, 1);
    expect(standing(world, looser)).toBe('in force');
    expect(forcedBy(world, looser)).toBe('quorum');
    expect(findings(world)).toEqual([]);
  });

  test('is stopped by the veto of one governor, during the delay and before it', () => {
    for (const wait of [0, delay - 1]) {
      const world = settled();
      const looser = change(world, 'policy', ['governor-1', 'governor-2'], () =>
        policyBody(twoPeople('2 BTC')),
      );
      pass(world, wait);
      sign(world, looser, ['governor-3'], 'veto');
      pass(world, day);
      expect(standing(world, looser)).toBe('vetoed');
    }
  });

  test('cannot be vetoed once it is in force', () => {
    const world = settled();
    const looser = change(world, 'policy', ['governor-1', 'governor-2'], () =>
      policyBody(twoPeople('2 BTC')),
    );
    pass(world, delay);
    expect(standing(world, looser)).toBe('in force');
    const veto = documentStatement(world, 'governor-3', looser, 'veto');
    expect(world.say(veto)).toBe('document.inforce');
  });

  test('is not vetoed by who does not govern', () => {
    const world = settled();
    const looser = change(world, 'policy', ['governor-1', 'governor-2'], () =>
      policyBody(twoPeople('2 BTC')),
    );
    expect(world.say(documentStatement(world, 'alice', looser, 'veto'))).toBe('member.role');
  });

  test('no later version is taken before it is in force, and none older than that', () => {
    const world = settled();
    const first = newest(world, 'policy');
    const looser = change(world, 'policy', ['governor-1', 'governor-2'], () =>
      policyBody(twoPeople('2 BTC')),
    );
    const third = { ...looser, version: 3, previous: documentDigest(looser) };
    expect(publish(world, third)).toBe('document.stale');
    pass(world, delay);
    expect(publish(world, { ...first, version: 2, previous: documentDigest(first) })).toBe(
      'document.stale',
    );
    const skipped = { ...looser, version: 4, previous: documentDigest(looser) };
    expect(publish(world, skipped)).toBe('document.version');
    const receipt = world.receipt({
      record: 'force',
      kind: 'policy',
      document: documentDigest(first),
      by: 'quorum',
    });
    expect(world.post(receipt)).toBe('receipt.invalid');
  });

  test('of two that the quorum signed neither comes in force until one is vetoed', () => {
    const world = settled();
    const quorum = ['governor-1', 'governor-2'];
    const one = change(world, 'policy', quorum, () => policyBody(twoPeople('2 BTC')));
    world.round();
    const two = change(world, 'policy', quorum, () => policyBody(twoPeople('3 BTC')));
    pass(world, day);
    expect([one, two].map((document) => standing(world, document))).toEqual(['forked', 'forked']);
    sign(world, one, ['governor-3'], 'veto');
    pass(world, delay);
    expect([one, two].map((document) => standing(world, document))).toEqual(['stale', 'in force']);
    expect(findings(world)).toEqual([]);
  });
});

describe('a policy that tightens', () => {
  test('is in force at once with one governor', () => {
    const world = settled();
    const tighter = change(world, 'policy', ['governor-1'], () => policyBody(twoPeople('0.5 BTC')));
    world.round();
    expect(standing(world, tighter)).toBe('in force');
    expect(forcedBy(world, tighter)).toBe('one');
    expect(findings(world)).toEqual([]);
  });

  test.each([
    ['1 sat below', '0.99999999 BTC', 'in force'],
    ['1 sat above', '1.00000001 BTC', 'unsigned'],
  ])('a limit %s what it was is judged to the satoshi', (_, most, stands) => {
    const world = settled();
    const next = change(world, 'policy', ['governor-1'], () => policyBody(twoPeople(most)));
    world.round();
    expect(standing(world, next)).toBe(stands);
  });

  test('may require screening; to give it up takes the quorum and its delay', () => {
    const required = twoPeople().replace('rules:', 'screening: required\nrules:');
    const world = settled();
    const tighter = change(world, 'policy', ['governor-1'], () => policyBody(required));
    world.round();
    expect(standing(world, tighter)).toBe('in force');
    const strict = settled({ policy: required });
    const looser = change(strict, 'policy', ['governor-1'], () => policyBody(twoPeople()));
    strict.round();
    expect(standing(strict, looser)).toBe('unsigned');
    sign(strict, looser, ['governor-2']);
    strict.round();
    expect(standing(strict, looser)).toBe('waiting');
    pass(strict, delay);
    expect(standing(strict, looser)).toBe('in force');
    expect([...findings(world), ...findings(strict)]).toEqual([]);
  });

  test('is undone by the quorum without delay, and not by one governor', () => {
    const world = settled();
    const before = newest(world, 'policy');
    change(world, 'policy', ['governor-1'], () => policyBody(twoPeople('0.5 BTC')));
    world.round();
    change(world, 'policy', ['governor-3'], () => policyBody(twoPeople('0.4 BTC')));
    world.round();
    const back = change(world, 'policy', ['governor-2'], () => before.body);
    world.round();
    expect(standing(world, back)).toBe('unsigned');
    sign(world, back, ['governor-3']);
    world.round();
    expect(standing(world, back)).toBe('in force');
    expect(forcedBy(world, back)).toBe('undo');
    expect(findings(world)).toEqual([]);
  });

  test('what the quorum tightened is not undone without the delay', () => {
    const world = settled();
    const before = newest(world, 'policy');
    const quorum = ['governor-1', 'governor-2'];
    const tighter = change(world, 'policy', quorum, () => policyBody(twoPeople('0.5 BTC')));
    world.round();
    expect(forcedBy(world, tighter)).toBe('quorum');
    const back = change(world, 'policy', quorum, () => before.body);
    world.round();
    expect(standing(world, back)).toBe('waiting');
  });

  test('a tightening laid over a pending loosening takes its place and lets nothing of it through', () => {
    const world = settled();
    const looser = change(world, 'policy', ['governor-1', 'governor-2'], () =>
      policyBody(twoPeople('2 BTC')),
    );
    world.round();
    // Tighter than what waits, looser than what is in force: no tightening.
    const between = change(world, 'policy', ['governor-3'], () => policyBody(twoPeople('1.5 BTC')));
    world.round();
    expect(standing(world, between)).toBe('unsigned');
    const tighter = change(world, 'policy', ['governor-3'], () => policyBody(twoPeople('0.5 BTC')));
    world.round();
    expect(standing(world, tighter)).toBe('in force');
    pass(world, day);
    expect(standing(world, looser)).toBe('stale');
    expect(inForce(world.state, world.ledger)?.policy?.digest).toBe(documentDigest(tighter));
  });

  test('never asks for more than the members can fill', () => {
    const world = settled();
    const bricked = nextVersion(world, 'policy', () => policyBody(twoPeople('1 BTC', '60s', 3)));
    expect(publish(world, bricked)).toBe('policy.quorum.unsatisfiable');
  });

  test('nobody loses the right to reject by one governor alone', () => {
    const world = settled({ others: [{ id: 'erin', groups: ['audit'] }] });
    const withAudit = change(world, 'policy', ['governor-1', 'governor-2'], (body) => ({
      ...body,
      rules: [
        ...body.rules,
        {
          name: 'audit looks on',
          when: { ...(body.rules[0]?.when ?? never()), reference: 'present' as const },
          deny: false as const,
          require: {
            approvals: { from: 'audit', atLeast: 1, kinds: null },
            delaySeconds: 0,
          },
        },
      ],
    }));
    world.round();
    expect(standing(world, withAudit)).toBe('in force');
    const denied = change(world, 'policy', ['governor-1'], (body) => ({
      ...body,
      rules: body.rules.map((rule) =>
        rule.name === 'audit looks on'
          ? { name: rule.name, when: rule.when, deny: true as const, require: null }
          : rule,
      ),
    }));
    world.round();
    expect(standing(world, denied)).toBe('unsigned');
  });
});

function never(): never {
  throw new Error('the policy has a rule');
}

describe('the charter', () => {
  const suspend = (world: World, by: readonly string[], id: string) =>
    change(world, 'charter', by, (body) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === id ? { ...member, suspended: true } : member,
      ),
    }));

  test('one governor suspends a person at once; his no still counts and his yes no more', () => {
    const world = settled({ treasurers: ['alice', 'bob'] });
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    expect(world.approve('bob', proposal)).toBe('applied');
    const document = suspend(world, ['governor-1'], 'bob');
    world.round();
    expect(standing(world, document)).toBe('in force');
    expect(world.approve('bob', proposal)).toBe('member.suspended');
    expect(world.approve('carol', proposal)).toBe('applied');
    world.round();
    expect(world.verdict(proposal).refusal?.code).toBe('policy.quorum.missing');
    expect(world.say(world.approval('bob', proposal, { decision: 'reject' }))).toBe('applied');
    expect(world.verdict(proposal).refusal?.code).toBe('proposal.rejected');
    expect(findings(world)).toEqual([]);
  });

  test('one governor suspends a single device; what it says counts no more, its no does', () => {
    const world = settled();
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    const document = change(world, 'charter', ['governor-1'], (body) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === 'bob'
          ? { ...member, devices: member.devices.map((one) => ({ ...one, suspended: true })) }
          : member,
      ),
    }));
    world.round();
    expect(standing(world, document)).toBe('in force');
    expect(world.approve('bob', proposal)).toBe('device.suspended');
    expect(world.say(world.approval('bob', proposal, { decision: 'reject' }))).toBe('applied');
  });

  test('never gives the name of a device another key, nor the log or a signer one', () => {
    const world = settled();
    const other = 'ab'.repeat(32);
    const refused = (body: Parameters<typeof change<'charter'>>[3]) =>
      expect(publish(world, nextVersion(world, 'charter', body))).toBe('charter.changed');
    refused((body) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === 'bob'
          ? { ...member, devices: member.devices.map((one) => ({ ...one, key: other })) }
          : member,
      ),
    }));
    refused((body) => ({ ...body, log: { ...body.log, key: other } }));
    refused((body) => ({
      ...body,
      signers: body.signers.map((signer) => ({ ...signer, key: other })),
    }));
  });

  test('a lone governor suspends nobody whom the policy cannot do without', () => {
    const world = settled();
    const charter = nextVersion(world, 'charter', (body) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === 'carol' ? { ...member, suspended: true } : member,
      ),
    }));
    expect(publish(world, charter)).toBe('policy.quorum.unsatisfiable');
  });

  test('to take a suspension back needs the quorum and no delay', () => {
    const world = settled();
    const before = newest(world, 'charter');
    suspend(world, ['governor-1'], 'bob');
    world.round();
    const back = change(world, 'charter', ['governor-1'], () => before.body);
    world.round();
    expect(standing(world, back)).toBe('unsigned');
    sign(world, back, ['governor-2']);
    world.round();
    expect(standing(world, back)).toBe('in force');
  });

  test('a lone governor removes nobody, not even one who could veto', () => {
    const world = settled({ others: [{ id: 'governor-4', groups: ['governors'] }] });
    const removed = change(world, 'charter', ['governor-1'], (body) => ({
      ...body,
      members: body.members.filter(({ id }) => id !== 'governor-4'),
    }));
    pass(world, day);
    expect(standing(world, removed)).toBe('unsigned');
    sign(world, removed, ['governor-4'], 'veto');
    sign(world, removed, ['governor-2']);
    pass(world, delay);
    // His own entry is changed, so neither his yes nor his no counts; the others may veto.
    expect(standing(world, removed)).toBe('in force');
  });

  test('a governor has no say on a version that changes his own entry', () => {
    const world = settled();
    const document = change(world, 'charter', ['governor-1', 'governor-2'], (body) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === 'governor-1' ? { ...member, groups: ['governors', 'treasury'] } : member,
      ),
    }));
    pass(world, delay);
    expect(standing(world, document)).toBe('unsigned');
    sign(world, document, ['governor-3']);
    pass(world, delay);
    expect(standing(world, document)).toBe('in force');
  });

  test('a new device waits for delay and cool-down, and confirms its entry', () => {
    const coolDowns = { deviceSeconds: 2 * delay, destinationSeconds: delay };
    const world = new World({
      delaySeconds: delay,
      governorsNeeded: 2,
      policy: twoPeople(),
      coolDowns,
    });
    world.start();
    pass(world, 2 * delay);
    pass(world, delay);
    const key = toHex(xOnlyPointFromScalar(sha256(utf8('world/device/bob-2'))));
    const document = change(world, 'charter', ['governor-1', 'governor-2'], (body) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === 'bob'
          ? {
              ...member,
              devices: [
                ...member.devices,
                { id: 'second', kind: 'secp256k1' as const, key, suspended: false },
              ],
            }
          : member,
      ),
    }));
    world.round();
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    expect(world.say(world.approval('bob', proposal, { device: 'second' }))).toBe('device.unknown');
    pass(world, delay);
    expect(standing(world, document)).toBe('in force');
    const second = sha256(utf8('world/device/bob-2'));
    const bySecond = (outcome: string, over = {}) => {
      const statement = { ...world.approval('bob', proposal), device: 'second', ...over };
      expect(world.sayWith(statement, second)).toBe(outcome);
    };
    bySecond('device.unconfirmed');
    const confirmation = {
      ...documentStatement(world, 'bob', document, 'confirm'),
      device: 'second',
    };
    expect(world.sayWith(confirmation, second)).toBe('applied');
    bySecond('applied');
    expect(world.approve('carol', proposal)).toBe('applied');
    world.round();
    expect(world.verdict(proposal).refusal?.code).toBe('policy.quorum.missing');
    world.now += delay - 1;
    world.round();
    expect(world.verdict(proposal).refusal?.code).toBe('policy.quorum.missing');
    world.now += 1;
    world.round();
    expect(world.verdict(proposal).outcome).toBe('waiting');
    expect(findings(world)).toEqual([]);
  });

  test('a deputy fills the place of the absent person until his end, and not beside him', () => {
    const world = settled({ others: [{ id: 'dave', groups: ['audit'] }] });
    const until = timeIn(world, 2 * day);
    const document = change(world, 'charter', ['governor-1', 'governor-2'], (body) => ({
      ...body,
      deputies: [{ member: 'dave', for: 'carol', groups: ['compliance'], until }],
    }));
    pass(world, delay);
    expect(standing(world, document)).toBe('in force');
    const first = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    expect(world.approve('bob', first)).toBe('applied');
    expect(world.approve('carol', first)).toBe('applied');
    world.round();
    expect(world.verdict(first).refusal?.code).toBe('policy.quorum.missing');
    expect(world.approve('dave', first)).toBe('applied');
    world.round();
    expect(world.verdict(first).outcome).toBe('waiting');
    world.now += 2 * day;
    const second = world.propose({ pays: [[strangerAddress, 2_000_000]] });
    expect(world.approve('bob', second)).toBe('applied');
    expect(world.approve('dave', second)).toBe('applied');
    world.round();
    expect(world.verdict(second).refusal?.code).toBe('policy.quorum.missing');
    expect(world.approve('carol', second)).toBe('applied');
    world.round();
    expect(world.verdict(second).outcome).toBe('waiting');
    expect(findings(world)).toEqual([]);
  });
});

describe('recovery keys', () => {
  const keys = ['one', 'two'].map((id) => ({ id, secretKey: sha256(utf8(`recovery/${id}`)) }));
  const recovery = {
    keys: keys.map(({ id, secretKey }) => ({ id, key: toHex(xOnlyPointFromScalar(secretKey)) })),
    needed: 2,
    delaySeconds: 14 * day,
  };
  const replaced = (world: World) =>
    nextVersion(world, 'charter', (body) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === 'governor-1'
          ? {
              ...member,
              id: 'governor-9',
              devices: member.devices.map((device) => ({
                ...device,
                key: toHex(xOnlyPointFromScalar(sha256(utf8('nine')))),
              })),
            }
          : member,
      ),
    }));

  test('replace governors after fourteen days, and not a second before', () => {
    const world = settled({ recovery });
    const document = replaced(world);
    expect(publish(world, document)).toBe('applied');
    for (const key of keys) expect(recoverySign(world, document, key)).toBe('applied');
    pass(world, 14 * day - 1);
    expect(standing(world, document)).toBe('waiting');
    pass(world, 1);
    expect(standing(world, document)).toBe('in force');
    expect(forcedBy(world, document)).toBe('recovery');
    expect(findings(world)).toEqual([]);
  });

  test('one of two does not suffice, and any governor vetoes', () => {
    const world = settled({ recovery });
    const document = replaced(world);
    publish(world, document);
    const [first, second] = keys;
    if (first === undefined || second === undefined) throw new Error('two keys');
    expect(recoverySign(world, document, first)).toBe('applied');
    pass(world, 15 * day);
    expect(standing(world, document)).toBe('unsigned');
    expect(recoverySign(world, document, second)).toBe('applied');
    world.round();
    sign(world, document, ['governor-1'], 'veto');
    pass(world, 15 * day);
    expect(standing(world, document)).toBe('vetoed');
  });

  test('change nothing but governors', () => {
    const world = settled({ recovery });
    const document = nextVersion(world, 'charter', (body) => ({
      ...body,
      initiators: ['treasury'],
    }));
    publish(world, document);
    for (const key of keys) recoverySign(world, document, key);
    pass(world, 15 * day);
    expect(standing(world, document)).toBe('unsigned');
    const policy = nextVersion(world, 'policy', () => policyBody(twoPeople('2 BTC')));
    publish(world, policy);
    const [first] = keys;
    if (first === undefined) throw new Error('a key');
    expect(recoverySign(world, policy, first)).toBe('document.recovery');
  });
});

describe('proposals on their way', () => {
  test('are judged by the stricter of the policy named and the one in force', () => {
    const { world, proposal } = proposed(settled());
    change(world, 'policy', ['governor-1'], () => policyBody(twoPeople('0.005 BTC')));
    world.round();
    expect(world.verdict(proposal)).toMatchObject({
      outcome: 'invalidated',
      refusal: { code: 'policy.limit.exceeded' },
    });
    expect(findings(world)).toEqual([]);
  });

  test('a looser policy does not help one that named the stricter', () => {
    const world = settled();
    world.start();
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    change(world, 'policy', ['governor-1', 'governor-2'], () =>
      policyBody(twoPeople('1 BTC', '0s')),
    );
    pass(world, delay);
    approveAll({ world, proposal });
    world.round();
    expect(world.verdict(proposal).outcome).toBe('waiting');
    world.now += 59;
    expect(world.verdict(proposal).outcome).toBe('waiting');
    world.now += 1;
    expect(world.verdict(proposal).outcome).toBe('authorised');
  });

  test('a document replaced longer ago than an approval holds invalidates', () => {
    const world = settled();
    const { statement, coins } = world.draft({ pays: [[strangerAddress, 1_000_000]] });
    const lasting = { ...statement, expiresAt: timeIn(world, 9 * day) };
    expect(world.say(lasting, coins)).toBe('applied');
    const proposal = world.proposal(statementDigest(lasting));
    change(world, 'policy', ['governor-1'], () => policyBody(twoPeople('0.9 BTC')));
    world.round();
    world.now += 2 * day;
    expect(world.verdict(proposal).refusal?.code).toBe('policy.quorum.missing');
    world.now += 1;
    expect(world.verdict(proposal)).toMatchObject({
      outcome: 'invalidated',
      refusal: { code: 'document.stale' },
    });
  });

  test('whose quorum rested on a person who left are invalidated, with the cause', () => {
    const world = settled();
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    for (const member of ['bob', 'carol']) world.approve(member, proposal);
    world.round();
    expect(world.verdict(proposal).outcome).toBe('waiting');
    world.now += 1;
    const document = change(world, 'charter', ['governor-1'], (body) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === 'bob' ? { ...member, suspended: true } : member,
      ),
    }));
    world.round();
    expect(standing(world, document)).toBe('in force');
    expect(world.verdict(proposal)).toMatchObject({
      outcome: 'invalidated',
      refusal: {
        code: 'approval.lost',
        facts: { members: ['bob'], causes: ['member.suspended'] },
      },
    });
    expect(world.ledger.reservations.has(proposal.digest)).toBe(false);
    expect(findings(world)).toEqual([]);
  });

  test('of an initiator who may not propose any more are invalidated', () => {
    const world = settled({ others: [{ id: 'oscar', groups: ['operators'] }] });
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    change(world, 'charter', ['governor-1'], (body) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === 'operator' ? { ...member, suspended: true } : member,
      ),
    }));
    world.round();
    expect(world.verdict(proposal)).toMatchObject({
      outcome: 'invalidated',
      refusal: { code: 'proposal.initiator.gone' },
    });
  });
});

describe('what a policy asserts', () => {
  const asserting = (most: string) =>
    `${twoPeople()}assert: [{ compromised: 1, movesAtMost: ${most} }]\n`;

  test('is proven when it is published, and again when the charter changes', () => {
    const world = settled();
    const proven = change(world, 'policy', ['governor-1', 'governor-2'], () =>
      policyBody(asserting('0 BTC')),
    );
    pass(world, delay);
    expect(standing(world, proven)).toBe('in force');
    const service = nextVersion(world, 'charter', (body) => ({
      ...body,
      governance: { ...body.governance, clause: { from: 'governors', atLeast: 1, kinds: null } },
    }));
    // One governor would then move everything; that his governance is weaker than the policy is told first.
    expect(publish(world, service)).toBe('policy.governance.weaker');
  });

  test('is proven for deputies, too: across rules one of them may count for two people', () => {
    const rule = (group: string) => `
  - name: ${group}
    when: { destinations: { any: [listed, unlisted] } }
    require: { approvals: { from: ${group}, atLeast: 1 } }`;
    const [head = ''] = twoPeople().split('rules:');
    const claim = 'assert: [{ compromised: 2, per: 1h, movesAtMost: 0 BTC }]';
    const text = `${head}rules:${rule('treasury')}${rule('compliance')}\n${claim}\n`;
    const world = settled({
      policy: text.replace('selfSats: 100000', 'selfSats: 0'),
      delaySeconds: 2 * delay,
      others: [{ id: 'dave', groups: ['audit'] }],
    });
    const deputised = (member: string) =>
      nextVersion(world, 'charter', (body) => ({
        ...body,
        deputies: [{ member, for: 'carol', groups: ['compliance'], until: timeIn(world, day) }],
      }));
    expect(publish(world, deputised('alice'))).toBe('policy.assertion.failed');
    expect(publish(world, deputised('dave'))).toBe('applied');
  });

  test('is refused with a counterexample where it is not so', () => {
    const world = settled();
    const three = asserting('1 BTC').replace('compromised: 1,', 'compromised: 3, per: 24h,');
    const document = nextVersion(world, 'policy', () => policyBody(three));
    expect(publish(world, document)).toBe('policy.assertion.failed');
    // Three people may be two governors, whose delay of an hour fits into the day.
    const enough = policyBody(three.replace('movesAtMost: 1 BTC', 'movesAtMost: 21000000 BTC'));
    expect(
      publish(
        world,
        nextVersion(world, 'policy', () => enough),
      ),
    ).toBe('policy.assertion.failed');
  });
});
