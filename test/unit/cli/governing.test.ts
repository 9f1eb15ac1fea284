import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zoneOf } from '../../../src/client/time-zone.ts';
import { toHex } from '../../../src/core/base/bytes.ts';
import { formatTime } from '../../../src/core/base/time.ts';
import type { CharterBody } from '../../../src/core/governance/document.ts';
import { documentDigest } from '../../../src/core/governance/document.ts';
import { change, newest, nextVersion, policyBody, publish, sign } from '../../support/governing.ts';
import { World, strangerAddress } from '../../support/world.ts';
import { Bench } from './bench.ts';
import type { Typed } from './bench.ts';

const delay = 3_600;
const policy = `
policy: hot-1
timezone: Asia/Tokyo
limits:
  - { name: daily, amount: 2 BTC, per: 24h }
fees: { rate: 100 sat/vB, share: 50%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: all payments
    when: { destinations: { any: [listed, unlisted] } }
    require: { approvals: { all: [{ from: treasury, atLeast: 1 }, { from: compliance, atLeast: 1 }] } }
`;

let world: World;
let bench: Bench;

const opened = async (over: ConstructorParameters<typeof World>[0] = {}): Promise<void> => {
  world = new World({ policy, governorsNeeded: 2, delaySeconds: delay, ...over });
  world.start();
  world.round();
  world.now += delay;
  world.round();
  const members = ['operator', 'alice', 'officer', 'governor-1', 'governor-2', 'governor-3'];
  bench = await Bench.open(world, members);
};
beforeEach(() => opened());
afterEach(() => bench.close());

const as = (member: string, ...words: readonly string[]): Promise<Typed> =>
  bench.json(...words, '--as', member);
const standing = (typed: Typed): unknown => {
  const { standings } = typed.json as { standings?: readonly { stands: string }[] };
  return standings?.map(({ stands }) => stands);
};
const file = (name: string, text: string): string => {
  writeFileSync(join(bench.home, name), text);
  return name;
};

describe('a policy', () => {
  test('is printed, edited, proposed, signed by a second governor, and waits until it is in force', async () => {
    const body = await bench.type('documents', 'body', 'policy', '--wallet', 'hot-1');
    expect(body.out).toContain('limits:\n  - { name: daily, amount: 2 BTC, per: 24h');
    const edited = file('new.yaml', body.out.replace('2 BTC', '3 BTC'));
    const words = ['documents', 'propose', edited, '--kind', 'policy'];
    const proposed = await as('governor-1', ...words);
    expect(proposed.said).toContain('SIGN the policy of hot-1, version 2 as governor-1');
    expect(proposed.said).toContain('- Limit "daily": at most 2.00000000 BTC in any 24 hours.');
    expect(proposed.said).toContain('+ Limit "daily": at most 3.00000000 BTC in any 24 hours.');
    expect(proposed.said).toContain('The new policy loosens');
    expect(proposed.said).toContain(
      'It needs 2 of governors, then waits 60 minutes, in which any governor may veto it',
    );
    expect(proposed).toMatchObject({
      status: 0,
      json: { ok: true, delivered: true, kind: 'policy', version: 2, approvedBy: ['governor-1'] },
    });
    expect(standing(proposed)).toEqual(['unsigned']);
    const digest = String(proposed.json['document']);
    const approved = await as('governor-2', 'documents', 'approve', digest.slice(0, 12));
    expect(approved.json).toMatchObject({ approvedBy: ['governor-1', 'governor-2'] });
    world.round();
    const shown = await bench.type('documents', 'show', digest);
    const from = formatTime(world.now + delay);
    expect(shown.out).toContain(`in force from ${from} on by the quorum, unless a governor vetoes`);
    world.now += delay;
    world.round();
    const listed = await bench.type('documents', 'list', '--kind', 'policy');
    expect(listed.out).toBe(`${digest.slice(0, 12)}  the policy of hot-1, version 2  in force`);
    const all = await bench.json('documents', 'list', '--kind', 'policy', '--all');
    expect(all.json).toMatchObject({ documents: [{ version: 1 }, { version: 2, inForce: true }] });
    const budget = await bench.json('wallets', 'budget', 'hot-1');
    expect(budget.json).toMatchObject({
      policy: digest,
      limits: [{ name: 'daily', most: 300_000_000, free: 300_000_000, spent: 0, asked: 0 }],
    });
    expect((await bench.type('wallets', 'budget', 'hot-1')).out).toContain(
      'daily: free 3.00000000 BTC of 3.00000000 BTC in any 24 hours',
    );
  });

  test('with limits of initiators leaves everybody free who is not named', async () => {
    const limits = '  - { name: own, amount: 1 BTC, per: 24h, of: initiator }\nfees:';
    change(world, 'policy', ['governor-1', 'governor-2'], () =>
      policyBody(policy.replace('fees:', limits)),
    );
    world.round();
    const typed = await bench.type('wallets', 'budget', 'hot-1');
    expect(typed.out).toContain(
      'own (of everybody else): free 1.00000000 BTC of 1.00000000 BTC in any 24 hours',
    );
    const { json } = await bench.json('wallets', 'budget', 'hot-1');
    expect(json).toMatchObject({
      limits: [
        { name: 'daily', everybodyElse: false },
        { name: 'own', key: null, everybodyElse: true, free: 100_000_000 },
      ],
    });
  });

  test('that tightens acts at once by one governor', async () => {
    const tighter = file('tight.yaml', policy.replace('2 BTC', '1 BTC'));
    const proposed = await as('governor-1', 'documents', 'propose', tighter, '--kind', 'policy');
    expect(proposed.said).toContain('The new policy tightens');
    expect(proposed.said).toContain('one governor is enough, and it acts at once');
    expect(standing(proposed)).toEqual(['ready']);
    world.round();
    const shown = await bench.json('documents', 'show', String(proposed.json['document']));
    expect(standing(shown)).toEqual(['in-force']);
  });

  test('is vetoed by one word', async () => {
    const looser = file('loose.yaml', policy.replace('2 BTC', '5 BTC'));
    const { json } = await as('governor-1', 'documents', 'propose', looser, '--kind', 'policy');
    const digest = String(json['document']);
    const vetoed = await as('governor-3', 'documents', 'veto', digest);
    expect(vetoed.said).toContain('VETO the policy of hot-1, version 2 as governor-3');
    expect(vetoed.json).toMatchObject({ vetoedBy: ['governor-3'] });
    expect(standing(vetoed)).toEqual(['vetoed']);
    const tried = await as('alice', 'documents', 'veto', digest);
    expect(tried.json).toMatchObject({ refusal: { code: 'member.role' } });
    expect(tried.said).toContain('NOT DELIVERED');
  });

  test('is not proposed when it says nothing new, or cannot stand, or nobody says yes', async () => {
    const words = (name: string) => ['documents', 'propose', name, '--kind', 'policy'];
    const same = await as('governor-1', ...words(file('same.yaml', policy)));
    expect(same).toMatchObject({ status: 1 });
    expect(same.said).toContain('what is in force already');
    const empty = file('empty.yaml', policy.replace('treasury', 'nobody'));
    expect((await as('governor-1', ...words(empty))).json).toMatchObject({
      refusal: { code: 'policy.group.unknown' },
    });
    bench.answer = 'no';
    const declined = await as(
      'governor-1',
      ...words(file('x.yaml', policy.replace('2 BTC', '1 BTC'))),
    );
    expect(declined.json).toMatchObject({ refusal: { code: 'statement.declined' } });
    expect(bench.server.requests).not.toContain('POST /v1/documents');
  });

  test('whose hours are not those of its time zone is warned of', async () => {
    const { body: now } = newest(world, 'policy');
    const hours = { is: 'within', spans: [{ days: ['mon'], fromMinute: 540, toMinute: 1_080 }] };
    const warned = async (seconds: number): Promise<string> => {
      const zone = zoneOf('Asia/Tokyo');
      const rules = now.rules.map((rule) => ({ ...rule, when: { ...rule.when, hours } }));
      const offsets = [{ from: 0, seconds }];
      const body = file(
        'hours.json',
        JSON.stringify({ ...now, zone: { ...zone, offsets }, rules }),
      );
      bench.answer = 'no';
      const words = ['documents', 'propose', body, '--kind', 'policy', '--wallet', 'hot-1'];
      return (await as('governor-1', ...words)).said;
    };
    expect(await warned(32_400)).not.toContain('WARNING');
    expect(await warned(36_000)).toContain(
      'WARNING: the policy reads its hours by offsets that are not those of Asia/Tokyo',
    );
  });

  test('a second signed version in its place is warned of', async () => {
    const propose = async (most: string, member: string) => {
      const name = file(`${most}.yaml`, policy.replace('2 BTC', `${most} BTC`));
      return as(member, 'documents', 'propose', name, '--kind', 'policy');
    };
    const first = await propose('4', 'governor-1');
    const second = await propose('5', 'governor-2');
    expect(second.said).toContain(
      `WARNING: another version is signed in its place: ${String(first.json['document'])}`,
    );
  });
});

describe('the address book', () => {
  test('takes an address and gives it up again, each by the next version', async () => {
    const words = ['destinations', 'add', `bank=${strangerAddress}`, '--owner', 'bank-a'];
    const added = await as('governor-1', ...words, '--tag', 'bank');
    expect(added.said).toContain('+ bank of bank-a, tagged bank: bcrt 1qrp');
    await as('governor-2', 'documents', 'approve', String(added.json['document']));
    world.round();
    world.now += delay;
    world.round();
    const listed = await bench.json('destinations', 'list');
    expect(listed.json).toMatchObject({ destinations: [{ id: 'exchange' }, { id: 'bank' }] });
    const removed = await as('governor-1', 'destinations', 'remove', 'bank');
    expect(removed.said).toContain('- bank of bank-a');
    expect(removed.json).toMatchObject({ version: 3 });
    const unknown = await as('governor-1', 'destinations', 'remove', 'nobody');
    expect(unknown.json).toMatchObject({ refusal: { code: 'destination.unknown' } });
    const wrong = await as('governor-1', 'destinations', 'add', 'x=bc1q', '--owner', 'y');
    expect(wrong.json).toMatchObject({ refusal: { code: 'address.invalid' } });
    expect((await as('governor-1', 'destinations', 'add', 'x', '--owner', 'y')).status).toBe(64);
  });
});

describe('members', () => {
  test('a lost device is suspended at once by one governor', async () => {
    const typed = await as('governor-1', 'members', 'suspend', 'alice', '--device', 'cli');
    expect(typed.said).toContain('~ device cli of alice is SUSPENDED');
    world.round();
    const listed = await bench.type('members', 'list');
    expect(listed.out).toMatch(/ {2}cli {2}secp256k1 {2}[0-9a-f]{64} {2}SUSPENDED/);
    const members = (await bench.json('members', 'list')).json['members'] as CharterBody['members'];
    expect(members.find(({ id }) => id === 'alice')).toMatchObject({
      suspended: false,
      devices: [{ id: 'cli', suspended: true, confirmed: true }],
    });
    for (const [member, device, code] of [
      ['nobody', 'cli', 'member.unknown'],
      ['bob', 'phone', 'device.unknown'],
    ] as const) {
      const refused = await as('governor-1', 'members', 'suspend', member, '--device', device);
      expect(refused.json).toMatchObject({ refusal: { code } });
    }
  });

  test('of a suspension is told who may bring it in force alone', async () => {
    const alone = await as('governor-1', 'members', 'suspend', 'governor-2');
    expect(alone.said).toContain(
      'It only tightens, but nobody may alone: it needs 2 of governors, and acts at once',
    );
    expect(standing(alone)).toEqual(['unsigned']);
    await bench.close();
    await opened({ others: [{ id: 'governor-4', groups: ['governors', 'special'] }] });
    const { body } = newest(world, 'charter');
    const { clause } = body.governance;
    const asked = { all: [clause, { from: 'special', atLeast: 1, kinds: null }] };
    const charter = { ...body, governance: { ...body.governance, clause: asked } };
    const name = file('captured.json', JSON.stringify(charter));
    const words = ['documents', 'propose', name, '--kind', 'charter'];
    const captured = await as('governor-1', ...words);
    expect(captured.said).toContain(
      'It only tightens: governor-1 or governor-2 or governor-3 alone is enough, and it acts at once; else it needs 2 of governors',
    );
    expect(standing(captured)).toEqual(['ready']);
  });

  test('a new device confirms its entry in the charter', async () => {
    const made = await bench.json(
      ...['keys', 'create', '--as', 'bob', '--device', 'phone', '--key', 'phone.json'],
    );
    const key = String(made.json['key']);
    change(world, 'charter', ['governor-1', 'governor-2'], (body) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === 'bob'
          ? {
              ...member,
              devices: [
                ...member.devices,
                { id: 'phone', kind: 'secp256k1' as const, key, suspended: false },
              ],
            }
          : member,
      ),
    }));
    world.round();
    world.now += delay;
    world.round();
    expect((await bench.type('members', 'list')).out).toContain(`${key}  not confirmed`);
    const confirmed = await as('bob', 'documents', 'confirm', '--key', 'phone.json');
    expect(confirmed.said).toContain('CONFIRM the charter, version 2 as bob, device phone');
    expect(confirmed.said).toContain(`This device's key there: ${key}`);
    expect(confirmed.json).toMatchObject({ delivered: true });
    expect(world.state.confirmed.has(key)).toBe(true);
  });

  test('a key holder confirms a wallet with his key of it', async () => {
    const wider = nextVersion(world, 'wallet', (body) => ({ ...body, gapLimit: 30 }));
    publish(world, wider);
    sign(world, wider, ['governor-1', 'governor-2']);
    world.round();
    world.now += delay;
    world.round();
    const confirmed = await as('alice', 'documents', 'confirm', documentDigest(wider));
    expect(confirmed.said).toContain('First address');
    expect(confirmed.json).toMatchObject({ delivered: true, inForce: true });
    const other = await as('officer', 'documents', 'confirm', documentDigest(wider));
    expect(other.json).toMatchObject({ refusal: { code: 'approval.signatures.missing' } });
  });
});

describe('freezes', () => {
  test('are listed and lifted by as many governors as the clauses ask for', async () => {
    const freeze = ['freeze', '--wallet', 'hot-1', '--reason', 'alarm'];
    const { json } = await as('officer', ...freeze);
    const digest = String(json['freeze']);
    const lift = ['unfreeze', '--wallet', 'hot-1', '--reason', 'false alarm'];
    const first = await as('governor-1', ...lift);
    expect(first.said).toContain('UNFREEZE wallet hot-1 as governor-1');
    expect(first.said).toContain(`the freeze by officer of ${formatTime(world.now)}: ${digest}`);
    expect(first.json).toMatchObject({ lifts: [digest], delivered: true });
    world.round();
    const listed = await bench.json('freezes', 'list');
    expect(listed.json).toMatchObject({
      freezes: [
        {
          freeze: digest,
          liftedBy: ['governor-1'],
          stops: [{ wallet: 'hot-1', missing: [{ count: 1, may: ['governor-2', 'governor-3'] }] }],
        },
      ],
    });
    const again = await as('governor-1', ...lift);
    expect(again.json).toMatchObject({ refusal: { code: 'freeze.unknown' } });
    await as('governor-2', ...lift);
    expect((await bench.type('freezes', 'list')).out).toContain('lifts it in its next round');
    world.round();
    expect((await bench.type('freezes', 'list')).out).toBe('Nothing is frozen.');
    expect((await bench.json('wallets', 'list')).json).toMatchObject({
      wallets: [{ standing: 'open' }],
    });
  });
});

describe('recovery', () => {
  test("a recovery key is made, named in the charter, and signs a charter by an officer's session", async () => {
    const made = await bench.json('keys', 'create', '--recovery', 'paper-1');
    expect(made.json).toMatchObject({ member: 'recovery', device: 'paper-1' });
    const key = String(made.json['key']);
    const keys = [{ id: 'paper-1', key }];
    change(world, 'charter', ['governor-1', 'governor-2'], (body) => ({
      ...body,
      recovery: { keys, needed: 1, delaySeconds: 14 * 86_400 },
    }));
    world.round();
    world.now += delay;
    world.round();
    const { out } = await bench.type('documents', 'body', 'charter');
    const body = JSON.parse(out) as CharterBody;
    const fresh = toHex(new Uint8Array(32).fill(7));
    const members = body.members.map((member) =>
      member.id === 'governor-1'
        ? {
            ...member,
            devices: [{ id: 'new', kind: 'secp256k1', key: fresh, suspended: false }],
          }
        : member,
    );
    const name = file('charter.json', JSON.stringify({ ...body, members }));
    const words = ['documents', 'propose', name, '--kind', 'charter', '--unsigned'];
    const published = await as('officer', ...words);
    expect(published.said).toContain('PUBLISH the charter, version 3, signed by nobody yet');
    expect(published.json).toMatchObject({ delivered: true, statement: null, approvedBy: [] });
    const digest = String(published.json['document']);
    const signing = ['recovery', 'sign', digest, '--key', 'keys/recovery-paper-1.json'];
    const signed = await as('officer', ...signing);
    expect(signed.said).toContain('SIGN the charter, version 3 as recovery, device paper-1');
    expect(signed.said).toContain('; or 1 of 1 recovery keys, then it waits 14 days');
    expect(signed.json).toMatchObject({ delivered: true, recoveredBy: ['paper-1'] });
    expect(standing(signed)).toEqual(['waiting']);
    const wrong = await as('officer', 'recovery', 'sign', digest, '--key', 'keys/officer.json');
    expect(wrong.json).toMatchObject({ refusal: { code: 'key.invalid' } });
    expect(readFileSync(join(bench.home, 'keys', 'recovery-paper-1.json'), 'utf8')).toContain(key);
  });

  test("a recovery key is nobody's device", async () => {
    const typed = await bench.type('keys', 'create', '--recovery', 'x', '--as', 'bob');
    expect(typed.status).toBe(64);
  });
});

describe('what was typed', () => {
  test.each([
    [['documents', 'propose', 'x.json', '--kind', 'law']],
    [['documents', 'propose', 'x.json']],
    [['documents', 'body', 'policy']],
    [['documents', 'body', 'charter', '--wallet', 'hot-1']],
    [['documents', 'list', '--kind', 'law']],
    [['documents', 'confirm', 'a', 'b']],
    [['unfreeze', '--wallet', 'hot-1']],
    [['recovery', 'sign', 'x']],
  ])('%j is no call', async (words) => {
    expect((await bench.type(...words)).status).toBe(64);
  });

  test('a document is found by its beginning, and an unknown one is not', async () => {
    const charter = world.state.charter?.digest ?? '';
    expect((await bench.json('documents', 'show', charter.slice(0, 8))).json).toMatchObject({
      document: charter,
    });
    expect((await bench.json('documents', 'show', 'ffffffff')).json).toMatchObject({
      refusal: { code: 'document.unknown' },
    });
  });
});
