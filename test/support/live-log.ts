import { Transaction } from 'bitcoinjs-lib';
import { setTimeout as sleep } from 'node:timers/promises';
import { statementDigest } from '../../src/core/approval/statement.ts';
import { toHex } from '../../src/core/base/bytes.ts';
import { sats } from '../../src/core/base/sats.ts';
import type { Entry, Fact } from '../../src/core/log/entry.ts';
import { blobsOf, blobsOfCoins, entryBytes, parseEntry } from '../../src/core/log/entry.ts';
import { applyReceipt } from '../../src/core/log/ledger.ts';
import type { ProposalRecord } from '../../src/core/log/state.ts';
import type { RunningServer } from '../../src/server/app.ts';
import { startServer } from '../../src/server/app.ts';
import { ChainService } from '../../src/server/chain/chain.service.ts';
import type { Sandbox } from '../../src/server/chain/sandbox.ts';
import { LogService } from '../../src/server/log/log.service.ts';
import { SequencerService } from '../../src/server/log/sequencer.service.ts';
import { decide } from '../../src/signer/decide.ts';
import { nobodysWord } from '../../src/signer/sentinels.ts';
import type { TestDatabase } from './postgres.ts';
import { startTestDatabase } from './postgres.ts';
import type { FoundingFiles } from './sequencers.ts';
import { configOf, foundingFiles } from './sequencers.ts';
import { World, listedAddress } from './world.ts';

/** Waits for something that a server does by itself. */
export async function until<T>(what: string, probe: () => Promise<T | undefined> | T | undefined) {
  const end = performance.now() + 30_000;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
    await sleep(50);
  }
}

/**
 * A world that lives by the log of real server processes on the sandbox chain: it hands in what its people sign and its
 * signer decides, and reads back whatever stands there, the servers' own entries included.
 */
export class LiveLog {
  readonly world: World;
  readonly servers: RunningServer[] = [];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #database: TestDatabase;
  readonly #files: FoundingFiles;
  #paid = 100_000;

  private constructor(
    world: World,
    environment: Readonly<Record<string, string>>,
    parts: { readonly database: TestDatabase; readonly files: FoundingFiles },
  ) {
    this.world = world;
    this.#environment = environment;
    this.#database = parts.database;
    this.#files = parts.files;
  }

  static async start(
    policy: string,
    environment: Readonly<Record<string, string>>,
    processes = 1,
  ): Promise<LiveLog> {
    const world = new World({ network: 'sandbox', policy });
    world.now = Math.floor(Date.now() / 1000) - 600;
    world.start();
    world.round();
    const database = await startTestDatabase();
    const live = new LiveLog(world, environment, { database, files: foundingFiles(world) });
    for (let i = 0; i < processes; i++) await live.open();
    return live;
  }

  /** Another process on the same database. */
  async open(environment: Readonly<Record<string, string>> = this.#environment): Promise<void> {
    const config = configOf({
      ...{ ...this.#files.environment, NETWORK: 'sandbox', CHAIN: 'sandbox' },
      ...{ DATABASE_URL: this.#database.runtimeUrl, PORT: '0', LOG_LEVEL: 'info' },
      ...environment,
    });
    this.servers.push(await startServer(config));
  }

  async stop(): Promise<void> {
    for (const server of this.servers) await server.close();
    await this.#database.stop();
    this.#files.remove();
  }

  server(at = 0): RunningServer {
    const found = this.servers[at];
    if (found === undefined) throw new Error('it runs');
    return found;
  }

  get log(): LogService {
    return this.server().app.get(LogService);
  }

  get chain(): Sandbox {
    const { sandbox } = this.server().app.get(ChainService);
    if (sandbox === null) throw new Error('it is the sandbox');
    return sandbox;
  }

  /** Reads whatever stands in the log, until every process and the world know the same. */
  async sync(): Promise<void> {
    const { world } = this;
    await until('the world has read the log', async () => {
      const { size, root } = this.log.head('organisation');
      const from = world.leaves.length;
      for (const { leaf } of await this.log.leaves(from, size - from)) world.append(leaf);
      const mine = toHex(world.state.tree.root());
      const heads = this.servers.map((one) => one.app.get(LogService).head('organisation'));
      return [root, ...heads.map((head) => head.root)].every((one) => toHex(one) === mine)
        ? true
        : undefined;
    });
  }

  /** Hands entries in, all at once, and reads them back. */
  async submit(...entries: readonly Entry[]): Promise<void> {
    const { store } = this.world;
    const blobOf = (sha256: string) => store.get(sha256) ?? new Uint8Array();
    const outcomes = entries.map((entry) => {
      const named = new Set(blobsOf(entry));
      for (const sha256 of [...named])
        for (const parent of blobsOfCoins(blobOf(sha256))) named.add(parent);
      const blobs = [...named].map((sha256) => ({ sha256, bytes: blobOf(sha256) }));
      const submission = { leaf: entryBytes(entry), blobs, texts: [] };
      const sequencer = this.server().app.get(SequencerService);
      return sequencer.submit({ kind: 'organisation', ...submission });
    });
    for (const outcome of await Promise.all(outcomes))
      if (!outcome.ok) throw new Error(outcome.refusal.code);
    await this.sync();
  }

  /** The entry of the signer's next receipt, which its ledger holds from now on. */
  receipt(record: Parameters<World['receipt']>[0]): Entry {
    const receipt = this.world.receipt(record);
    applyReceipt(this.world.ledger, receipt);
    return this.world.receiptEntry(receipt);
  }

  /** What the signer does until it has nothing to do; but it does not sign itself. Returns the proposals that it would. */
  async prepare(): Promise<readonly string[]> {
    const { world } = this;
    for (;;) {
      await this.sync();
      const { state, ledger, now } = world;
      const [action] = decide({ state, ledger, wallet: 'hot-1', now, word: nobodysWord });
      if (action === undefined) return [];
      if (action.record === 'sign') return [action.proposal];
      await this.submit(this.receipt(action));
    }
  }

  /** The same, and it signs. */
  async round(): Promise<void> {
    for (;;) {
      const [digest] = await this.prepare();
      if (digest === undefined) return;
      await this.submit(...this.signatures(digest));
    }
  }

  /** The two receipts of a signature. */
  signatures(digest: string): readonly Entry[] {
    const { world } = this;
    const intent = this.receipt({ record: 'intent', proposal: digest });
    const signatures = world.cosign(world.proposal(digest), world.hot);
    return [intent, this.receipt({ record: 'signed', proposal: digest, signatures })];
  }

  /** A payment of a real coin, proposed. */
  async propose(): Promise<ProposalRecord> {
    const { world, chain } = this;
    const { txid } = await chain.fund(world.wallet.wallet.script(0, 0), sats(10_000_000));
    await chain.mine(1);
    const funding = await chain.transaction(txid);
    const parent = Transaction.fromBuffer(funding?.raw ?? new Uint8Array());
    parent.stripWitnesses();
    const bytes = new Uint8Array(parent.toBuffer());
    world.blob(bytes);
    await this.sync();
    this.#paid += 1_000;
    const { statement, coins } = world.draft({
      pays: [[listedAddress, this.#paid]],
      coins: [{ parent: bytes, branch: 0, index: 0, vout: 0 }],
    });
    statement.reference = `INV-${String(this.#paid)}`;
    await this.submit(world.sign(statement, coins));
    return world.proposal(statementDigest(statement));
  }

  async approve(proposal: ProposalRecord): Promise<void> {
    const { world } = this;
    for (const member of ['alice', 'bob', 'carol'])
      await this.submit(world.sign(world.approval(member, proposal)));
  }

  /** Every fact about a proposal, in the order of the log. */
  async factsOf(digest: string): Promise<readonly Fact[]> {
    const leaves = await this.log.leaves(0, this.log.head('organisation').size);
    return leaves.flatMap(({ leaf }) => {
      const entry = parseEntry(leaf);
      if (!entry.ok || entry.value.type !== 'fact') return [];
      const { fact } = entry.value;
      return 'proposal' in fact && fact.proposal === digest ? [fact] : [];
    });
  }
}
