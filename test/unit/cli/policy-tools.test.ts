import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { fromUtf8 } from '../../../src/core/base/bytes.ts';
import {
  World,
  approveAll,
  listedAddress,
  policyOf,
  strangerAddress,
} from '../../support/world.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import { FakeServer } from '../../support/fake-server.ts';
import { Bench } from './bench.ts';

const charter = `
members:
  - { id: operator, groups: [operators] }
  - { id: alice, groups: [treasury] }
  - { id: bob, groups: [treasury] }
  - { id: carol, groups: [compliance] }
  - { id: dora, groups: [governors] }
initiators: [operators]
governance: { group: governors, clause: { from: governors, atLeast: 1 }, delay: 48h }
`;
const policy = policyOf('hot-1');

describe('the tools over policies', () => {
  let bench: Bench;
  const file = (name: string, text: string): string => {
    writeFileSync(join(bench.home, name), text);
    return name;
  };

  beforeAll(async () => {
    const world = new World();
    world.start();
    world.round();
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    approveAll({ world, proposal });
    world.round();
    world.now += 60;
    world.round();
    world.propose({ pays: [[listedAddress, 150_000_000]] });
    world.round();
    bench = await Bench.open(world, []);
    file('charter.yaml', charter);
    file('old.yaml', policy);
    file('bundle', bench.server.package());
  });

  afterAll(async () => {
    await bench.close();
  });

  describe('diff', () => {
    const diff = (after: string, ...more: readonly string[]) =>
      bench.json(
        'policy',
        'diff',
        'old.yaml',
        file('new.yaml', after),
        '--charter',
        'charter.yaml',
        ...more,
      );

    test('finds a policy the same as itself', async () => {
      const { status, json } = await diff(policy);
      expect(status).toBe(0);
      expect(json).toMatchObject({ verdict: 'same', easier: [], harder: [] });
    });

    test('names a spend that a higher limit lets pass, and the limit that did not', async () => {
      const { json } = await diff(policy.replace('amount: 1 BTC', 'amount: 1.5 BTC'));
      expect(json['verdict']).toBe('loosens');
      const [example] = json['easier'] as readonly {
        readonly spend: { readonly amountSats: number };
        readonly because: { readonly code: string; readonly facts: { readonly limit: string } };
      }[];
      expect(example?.because).toMatchObject({
        code: 'policy.limit.exceeded',
        facts: { limit: 'per payment' },
      });
      expect(example?.spend.amountSats).toBeGreaterThan(100_000_000);
      expect(example?.spend.amountSats).toBeLessThanOrEqual(150_000_000);
    });

    test('tells in words who pays whom how much, who approved and why not', async () => {
      const { status, out } = await bench.type(
        ...[
          'policy',
          'diff',
          'old.yaml',
          file('new.yaml', policy.replace('atLeast: 2', 'atLeast: 1')),
        ],
        ...['--charter', 'charter.yaml'],
      );
      expect(status).toBe(0);
      expect(out).toContain('operator pays ');
      expect(out).toMatch(/approved by (alice|bob) \(secp256k1\) and carol/);
      expect(out).toContain('The old policy refuses it: policy.quorum.missing');
    });

    test('takes an address book, and refuses one with a script twice', async () => {
      const entry = `  - { owner: acme, script: "0014${'11'.repeat(20)}" }\n`;
      const one = file('book.yaml', `entries:\n${entry}`);
      expect((await diff(policy, '--address-book', one)).json).toMatchObject({ verdict: 'same' });
      const two = file('book2.yaml', `entries:\n${entry}${entry}`);
      const refused = await diff(policy, '--address-book', two);
      expect(refused.json).toMatchObject({ refusal: { code: 'destinations.invalid' } });
    });

    test('needs a charter', async () => {
      expect((await bench.type('policy', 'diff', 'old.yaml', 'old.yaml')).status).toBe(64);
    });
  });

  describe('blast-radius', () => {
    const radius = (...more: readonly string[]) =>
      bench.json('policy', 'blast-radius', 'old.yaml', '--charter', 'charter.yaml', ...more);

    test('tells for 0, 1, 2, 3 people what can leave: nothing below the quorum', async () => {
      const { status, json } = await radius();
      expect(status).toBe(0);
      expect(json).toMatchObject({ window: 86_400 });
      const rows = json['rows'] as readonly {
        readonly compromised: number;
        readonly sats: number;
      }[];
      expect(rows.map(({ compromised, sats }) => [compromised, sats])).toEqual([
        [0, 0],
        [1, 0],
        [2, 0],
        [3, 0],
      ]);
    });

    test('four people fill quorum and initiator, and move what the limit holds and fees', async () => {
      const { json } = await radius('--upto', '4');
      const last = (
        json['rows'] as readonly { readonly sats: number; readonly who: string[] }[]
      )[4];
      expect(last?.who).toEqual(['alice', 'bob', 'carol', 'operator']);
      expect(last?.sats).toBeGreaterThanOrEqual(200_000_000);
    });

    test('one governor is enough where the delay fits the window, and one second less is not', async () => {
      const at = async (window: string) => {
        const { json } = await radius('--upto', '1', '--window', window);
        return (json['rows'] as readonly { readonly sats: unknown; readonly how: string }[])[1];
      };
      expect(await at('172800s')).toMatchObject({ sats: 'everything', how: 'governance' });
      expect(await at('172799s')).toMatchObject({ sats: 0 });
    });

    test('what is signed and not yet seen can leave with nobody compromised', async () => {
      const { json } = await radius('--upto', '0', '--unseen', '0.5 BTC');
      expect(json['rows']).toMatchObject([
        { compromised: 0, sats: 50_000_000, how: 'unseen', who: [] },
      ]);
      const { out } = await bench.type(
        ...['policy', 'blast-radius', 'old.yaml', '--charter', 'charter.yaml', '--upto', '0'],
        ...['--unseen', '50000000 sat'],
      );
      expect(out).toContain('0.50000000 BTC');
    });

    test.each([
      ['--window', '0s'],
      ['--window', '367d'],
      ['--upto', '6'],
      ['--upto', 'x'],
    ])('%s %s is wrong usage', async (option, value) => {
      expect((await radius(option, value)).status).toBe(64);
    });
  });

  describe('replay', () => {
    const replay = (text: string, ...more: readonly string[]) =>
      bench.json(
        ...['policy', 'replay', file('replayed.yaml', text), '--bundle', 'bundle'],
        ...['--genesis', bench.world.genesis, ...more],
      );

    test('finds nothing under the policy that was in force', async () => {
      const { status, json, said } = await replay(policy);
      expect(status).toBe(0);
      expect(json).toMatchObject({ wallet: 'hot-1', proposals: 2, agreeing: 2, differing: [] });
      expect(said).toContain('Folding and judging');
    });

    test('lists what a deny would have stopped, with code and rule and sum', async () => {
      const { json } = await replay(policy.replace(/ {4}require:[\s\S]*/, '    deny: true\n'));
      expect(json).toMatchObject({
        agreeing: 0,
        changes: { stopped: { proposals: 1, sats: 1_000_000 } },
        differing: [
          { change: 'stopped', instead: { code: 'policy.denied', rule: 'all payments' } },
          { change: 'otherwise', happened: { code: 'policy.limit.exceeded', rule: 'per payment' } },
        ],
      });
    });

    test('judges a wallet by a policy that was written for another', async () => {
      const other = policyOf('hot-9');
      expect((await replay(other)).json).toMatchObject({ refusal: { code: 'wallet.unknown' } });
      expect((await replay(other, '--wallet', 'hot-1')).json).toMatchObject({ agreeing: 2 });
    });

    test('checks the bundle: of another organisation, or with a byte changed, it is refused', async () => {
      const other = await bench.json(
        ...['policy', 'replay', 'old.yaml', '--bundle', 'bundle', '--genesis', 'ab'.repeat(32)],
      );
      expect(other.json).toMatchObject({ refusal: { code: 'document.genesis.mismatch' } });
      file('bent', bench.server.package().replace('"decision":"approve"', '"decision":"confirm"'));
      const bent = await bench.json(
        ...['policy', 'replay', 'old.yaml', '--bundle', 'bent', '--genesis', bench.world.genesis],
      );
      expect(bent.json).toMatchObject({ refusal: { code: 'log.proof.invalid' } });
    });

    test('counts no signature that is wrong, though it is looked at beside the fold', async () => {
      const world = new World();
      world.start();
      world.round();
      const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
      for (const member of ['alice', 'bob']) world.approve(member, proposal);
      const thief = world.members.get('alice')?.device.secretKey ?? new Uint8Array();
      expect(world.sayWith(world.approval('carol', proposal), thief)).toBe('statement.signature');
      world.round();
      const server = await FakeServer.start(world);
      file('forged', server.package());
      await server.stop();
      const { status, json } = await bench.json(
        ...['policy', 'replay', 'old.yaml', '--bundle', 'forged', '--genesis', world.genesis],
      );
      expect(status).toBe(0);
      expect(json).toMatchObject({ proposals: 1, agreeing: 1, signed: { proposals: 0 } });
    });

    test('takes nothing for signed by a hot key that signed something else', async () => {
      const world = new World();
      world.start();
      world.round();
      const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
      approveAll({ world, proposal });
      world.round();
      world.now += 60;
      world.journal({ record: 'intent', proposal: proposal.digest });
      const other = world.propose({ pays: [[strangerAddress, 2_000_000]] });
      const signatures = world.cosign(other, world.hot);
      const said = world.receipt({ record: 'signed', proposal: proposal.digest, signatures });
      expect(world.post(said)).toBe('psbt.signature.invalid');
      const server = await FakeServer.start(world);
      file('forged', server.package());
      await server.stop();
      const { status, json } = await bench.json(
        ...['policy', 'replay', 'old.yaml', '--bundle', 'forged', '--genesis', world.genesis],
      );
      expect(status).toBe(0);
      expect(json).toMatchObject({ proposals: 2, agreeing: 2, signed: { proposals: 0 } });
    });

    test('takes a receipt for nothing whose signature is wrong', async () => {
      const world = new World();
      world.start();
      world.round();
      const receipt = world.receipt({ record: 'sight', kind: 'approval', object: 'ab'.repeat(32) });
      const { signature } = world.receiptKey.sign({ ...receipt, position: 99 });
      world.append(entryBytes({ type: 'receipt', receipt, signature }));
      const server = await FakeServer.start(world);
      file('forged', server.package());
      await server.stop();
      const { status } = await bench.json(
        ...['policy', 'replay', 'old.yaml', '--bundle', 'forged', '--genesis', world.genesis],
      );
      // Believed, it would be a sight of something that the log does not hold.
      expect(status).toBe(0);
    });

    test('tells in words how each fared and would have', async () => {
      const { out } = await bench.type(
        ...['policy', 'replay', file('slow.yaml', policy.replace('60s', '2h'))],
        ...['--bundle', 'bundle', '--genesis', bench.world.genesis],
      );
      expect(out).toContain(
        '1 were signed and would have lacked approvals or had to wait: 0.01000000 BTC',
      );
      expect(out).toContain('What was spent and approved stays what really was');
    });
  });

  test('the charter may be the body of a charter document', async () => {
    const body = bench.world.state.charter?.document.body;
    file('charter.json', fromUtf8(canonicalBytes(body)) ?? '');
    const found = await bench.json(
      ...['policy', 'diff', 'old.yaml', 'old.yaml', '--charter', 'charter.json'],
    );
    expect(found.json).toMatchObject({ verdict: 'same' });
  });
});
