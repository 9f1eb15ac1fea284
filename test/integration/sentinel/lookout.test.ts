import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ChainFault } from '../../../src/chain/chain-fault.ts';
import type { ChainView } from '../../../src/chain/chain-view.ts';
import type { Facts } from '../../../src/core/base/result.ts';
import type { HandedIntent } from '../../../src/core/watch/watchman.ts';
import type { AlarmKind } from '../../../src/sentinel/alarms.ts';
import { Lookout } from '../../../src/sentinel/lookout.ts';
import type { HandedSignature } from '../../../src/sentinel/watch-parts.ts';
import { WatchStore } from '../../../src/sentinel/watch-store.ts';
import { Sandbox } from '../../../src/server/chain/sandbox.ts';
import { startBitcoinNode } from '../../support/bitcoin-node.ts';
import type { ChainUnderTest } from '../../support/chain-contract.ts';
import { describeProgram } from '../../support/programs.ts';
import { txidOf } from '../../support/test-key.ts';
import { WatchedWorld } from '../../support/watched-world.ts';
import { startTestWork } from '../../support/work.ts';

interface Alarm {
  readonly kind: AlarmKind;
  readonly facts: Facts;
}

/** A lookout with a clock that a test moves, and what it said and did. */
class Post {
  readonly alarms: Alarm[] = [];
  readonly freezes: string[] = [];
  readonly watched: WatchedWorld;
  intents: HandedIntent[] = [];
  signatures: HandedSignature[] = [];
  elapsedMs = 1;
  now = 1_800_000_000;
  /** Thrown by the next freeze. */
  fault: Error | null = null;
  hasLog = true;
  lookout: Lookout;
  readonly #path: string;
  #store: WatchStore | null = null;

  constructor(watched: WatchedWorld, folder: string, view: ChainView) {
    this.watched = watched;
    this.#path = join(folder, `${String(Math.random())}.sqlite`);
    this.lookout = this.#made(view, () => this.elapsedMs);
  }

  /** Begins anew over the same file, as after a kill. */
  start(view: ChainView, elapsedMs = () => this.elapsedMs): void {
    this.lookout = this.#made(view, elapsedMs);
  }

  #made(view: ChainView, elapsedMs: () => number): Lookout {
    this.#store?.close();
    const store = WatchStore.open(this.#path);
    this.#store = store;
    return new Lookout({
      chain: view,
      store,
      log: () => (this.hasLog ? { state: this.watched.world.state, readAt: elapsedMs() } : null),
      intents: () => this.intents,
      signatures: () => this.signatures,
      alarm: (kind, _text, facts) => this.alarms.push({ kind, facts }),
      freeze: (wallet) => {
        const { fault } = this;
        this.fault = null;
        if (fault !== null) throw fault;
        this.freezes.push(wallet);
      },
      now: () => this.now,
      elapsedMs,
      tipAgeSeconds: 0,
    });
  }

  /** What others did to this wallet before is told and done with. */
  async settled(): Promise<this> {
    for (const ms of [0, 5_000, 5_000]) await this.after(ms);
    this.alarms.splice(0);
    this.freezes.splice(0);
    return this;
  }

  async after(ms: number): Promise<void> {
    this.elapsedMs += ms;
    while (!(await this.lookout.look()));
  }

  of(kind: AlarmKind): readonly Facts[] {
    return this.alarms.filter((one) => one.kind === kind).map(({ facts }) => facts);
  }

  close(): void {
    this.#store?.close();
  }
}

function lookoutContract(name: string, open: () => Promise<ChainUnderTest>): void {
  describe(`the lookout over ${name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-lookout-'));
    let chain: ChainUnderTest;
    let watched: WatchedWorld;
    const posts: Post[] = [];
    const post = async (view: ChainView = chain.view): Promise<Post> => {
      const made = new Post(watched, folder, view);
      posts.push(made);
      return made.settled();
    };

    beforeAll(async () => {
      chain = await open();
      await chain.mine(12);
      watched = new WatchedWorld(chain);
    }, 120_000);
    afterEach(() => {
      for (const one of posts.splice(0)) one.close();
    });
    afterAll(async () => {
      await chain.stop();
      rmSync(folder, { recursive: true });
    });

    test('a spend that the signer signed by the rules is no alarm, in the mempool or in a block', async () => {
      const one = await post();
      const proposal = await one.watched.proposed();
      await one.after(0);
      one.watched.sign(proposal);
      await chain.view.broadcast(one.watched.final(proposal));
      for (const ms of [4_000, 6_000, 30_000]) await one.after(ms);
      await chain.mine(1);
      for (const ms of [4_000, 6_000, 30_000]) await one.after(ms);
      expect(one.alarms).toEqual([]);
      expect(one.freezes).toEqual([]);
    }, 60_000);

    test('a watched coin that is spent without a receipt is an alarm and a freeze, once, after the time of grace', async () => {
      const one = await post();
      const raw = await one.watched.theft();
      await one.after(0);
      await chain.view.broadcast(raw);
      await one.after(4_000);
      await one.after(4_999);
      expect(one.alarms).toEqual([]);
      await one.after(1);
      expect(one.of('spend')).toMatchObject([{ wallet: 'hot-1', txid: txidOf(raw) }]);
      expect(one.freezes).toEqual(['hot-1']);
      await chain.mine(2);
      for (const ms of [4_000, 6_000]) await one.after(ms);
      one.start(chain.view);
      for (const ms of [4_000, 6_000, 30_000]) await one.after(ms);
      expect(one.alarms).toHaveLength(1);
      expect(one.freezes).toHaveLength(1);
    }, 60_000);

    test('a theft in a block is found by who was away meanwhile; a freeze that fails is made again', async () => {
      const one = await post();
      await chain.view.broadcast(await one.watched.theft());
      await chain.mine(3);
      one.fault = new Error('the disk is full');
      await one.after(0);
      await one.after(5_000);
      expect(one.of('spend')).toHaveLength(1);
      expect(one.freezes).toEqual([]);
      expect(one.lookout.status.trouble).not.toBeNull();
      await one.after(1_000);
      expect(one.of('spend')).toHaveLength(1);
      expect(one.freezes).toEqual(['hot-1']);
      expect(one.lookout.status.trouble).toBeNull();
    }, 60_000);

    test('before the log was read nobody is judged; what a signer hands over explains ahead of the log', async () => {
      const one = await post();
      one.hasLog = false;
      const proposal = await one.watched.proposed();
      approve(one, proposal.digest);
      await chain.view.broadcast(one.watched.final(proposal));
      await chain.mine(1);
      for (const ms of [0, 30_000, 30_000]) await one.after(ms);
      expect(one.alarms).toEqual([]);
      one.hasLog = true;
      one.intents = [{ wallet: 'hot-1', proposal: proposal.digest, version: 0 }];
      for (const ms of [0, 5_000, 30_000]) await one.after(ms);
      expect(one.alarms).toEqual([]);
    }, 60_000);

    test('without that word the same spend is a theft, although it was approved', async () => {
      const one = await post();
      const proposal = await one.watched.proposed();
      approve(one, proposal.digest);
      await chain.view.broadcast(one.watched.final(proposal));
      for (const ms of [4_000, 5_000]) await one.after(ms);
      expect(one.of('spend')).toHaveLength(1);
    }, 60_000);

    test('what the server sits on for a minute is broadcast from here, and told once', async () => {
      const one = await post();
      const proposal = await one.watched.proposed();
      await one.after(0);
      one.watched.sign(proposal);
      const signatures = one.watched.signatures(proposal);
      one.signatures = [{ wallet: 'hot-1', proposal: proposal.digest, version: 0, signatures }];
      const txid = txidOf(one.watched.final(proposal));
      await one.after(4_000);
      await one.after(59_999);
      expect(await chain.view.transaction(txid)).toBeNull();
      await one.after(4_000);
      expect((await chain.view.transaction(txid))?.confirmations).toBe(0);
      expect(one.of('unsent')).toMatchObject([{ proposal: proposal.digest, txid }]);
      await chain.mine(1);
      for (const ms of [4_000, 60_000, 60_000]) await one.after(ms);
      expect(one.alarms).toHaveLength(1);
    }, 60_000);

    test('signatures that are none are not sent, and that is told once', async () => {
      const one = await post();
      const proposal = await one.watched.proposed();
      await one.after(0);
      one.watched.sign(proposal);
      const other = await one.watched.proposed();
      const signatures = one.watched.signatures(other);
      one.signatures = [{ wallet: 'hot-1', proposal: proposal.digest, version: 0, signatures }];
      for (const ms of [4_000, 60_000, 60_000]) await one.after(ms);
      expect(one.of('unsent')).toMatchObject([
        { code: expect.stringMatching(/^psbt\.signature/) },
        {},
      ]);
      expect(await chain.view.transaction(txidOf(one.watched.final(proposal)))).toBeNull();
    }, 60_000);

    test('a chain that is away or another one is trouble by its code, told after a minute and when it ends', async () => {
      let fault: ChainFault | null = null;
      const view = new Proxy(chain.view, {
        get(target, name) {
          const found: unknown = Reflect.get(target, name, target);
          if (typeof found !== 'function') return found;
          return (...given: unknown[]): unknown => {
            if (fault !== null) return Promise.reject(fault);
            return Reflect.apply(found, target, given);
          };
        },
      });
      const one = await post(view);
      await one.after(0);
      expect(one.lookout.status.trouble).toBeNull();
      fault = new ChainFault('chain.unreachable', { reason: 'test' });
      await one.after(0);
      expect(one.lookout.status.trouble?.code).toBe('chain.unreachable');
      one.now += 59;
      await one.after(0);
      expect(one.alarms).toEqual([]);
      one.now += 1;
      for (const ms of [0, 1_000]) await one.after(ms);
      expect(one.of('chain')).toMatchObject([{ code: 'chain.unreachable' }]);
      fault = null;
      await one.after(0);
      expect(one.of('chain')).toMatchObject([{}, { code: null }]);
      fault = new ChainFault('chain.network', {});
      await one.after(0);
      expect(one.of('chain')).toMatchObject([{}, {}, { code: 'chain.network' }]);
      expect(one.lookout.status.trouble?.code).toBe('chain.network');
    }, 60_000);

    test('what is of a frozen wallet is not sent from here', async () => {
      const one = await post();
      const { world } = one.watched;
      const proposal = await one.watched.proposed();
      await one.after(0);
      one.watched.sign(proposal);
      const signatures = one.watched.signatures(proposal);
      one.signatures = [{ wallet: 'hot-1', proposal: proposal.digest, version: 0, signatures }];
      expect(
        world.say({
          ...{ type: 'freeze', ...world.common('officer'), wallet: 'hot-1', action: 'freeze' },
          ...{ lifts: [], reasonDigest: '00'.repeat(32) },
        }),
      ).toBe('applied');
      for (const ms of [4_000, 60_000, 60_000]) await one.after(ms);
      expect(await chain.view.transaction(txidOf(one.watched.final(proposal)))).toBeNull();
      expect(one.alarms).toEqual([]);
    }, 60_000);
  });
}

/** The whole quorum approves, and the signer does not sign. */
function approve({ watched: { world } }: Post, digest: string): void {
  for (const member of ['alice', 'bob', 'carol']) world.approve(member, world.proposal(digest));
}

lookoutContract('the sandbox', async () => {
  const database = await startTestWork();
  const sandbox = await Sandbox.open(database.work);
  return {
    view: sandbox,
    mine: (blocks) => sandbox.mine(blocks),
    fund: (script, amount) => sandbox.fund(script, amount),
    reorganise: (depth) => sandbox.reorganise(depth),
    async stop() {
      await sandbox.close();
      await database.stop();
    },
  };
});

describeProgram('bitcoind', 'the sentinel on a node of its own', (program) => {
  lookoutContract('a real Bitcoin node', () => startBitcoinNode(program));

  test('by the real clock a theft is told and its wallet frozen within a minute, a signed spend is not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-lookout-'));
    const node = await startBitcoinNode(program);
    const one = new Post(new WatchedWorld(node), folder, node.view);
    one.start(node.view, () => performance.now());
    const ending = new AbortController();
    const running = one.lookout.run(ending.signal);
    try {
      const proposal = await one.watched.proposed();
      const theft = await one.watched.theft();
      one.watched.sign(proposal);
      await node.view.broadcast(one.watched.final(proposal));
      await pause(12_000);
      expect(one.alarms).toEqual([]);
      const began = performance.now();
      await node.view.broadcast(theft);
      while (one.freezes.length === 0 && performance.now() - began < 60_000) await pause(100);
      expect(performance.now() - began).toBeLessThan(60_000);
      expect(one.freezes).toEqual(['hot-1']);
      expect(one.of('spend')).toMatchObject([{ wallet: 'hot-1', txid: txidOf(theft) }]);
    } finally {
      ending.abort();
      await running;
      one.close();
      await node.stop();
      rmSync(folder, { recursive: true });
    }
  }, 120_000);
});
