import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readDraft } from '../../src/cli/draft.ts';
import type { Api, DraftRequest } from '../../src/client/api.ts';
import { apiOf, openSession } from '../../src/client/session.ts';
import type { Device } from '../../src/client/statements.ts';
import { emptyLog, frameOf, saltText, signStatement } from '../../src/client/statements.ts';
import type { ApprovalStatement, ProposalStatement } from '../../src/core/approval/statement.ts';
import { toHex } from '../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../src/core/base/canonical.ts';
import { blobAddress, digest } from '../../src/core/base/digest.ts';
import type { Result } from '../../src/core/base/result.ts';
import { sats } from '../../src/core/base/sats.ts';
import { currentDocuments } from '../../src/core/governance/current.ts';
import { heldKeys } from '../../src/core/log/admit-approval.ts';
import { openVersion } from '../../src/core/log/admit-version.ts';
import { formatPackageLine } from '../../src/core/log/package.ts';
import type { ProposalRecord, State, WalletRecord } from '../../src/core/log/state.ts';
import type { ProvenSpend } from '../../src/core/psbt/sighash.ts';
import type { SpendView } from '../../src/core/psbt/spend.ts';
import type { PartialSignature } from '../../src/core/psbt/signatures.ts';
import { signInputs } from '../../src/core/psbt/signatures.ts';
import { keyIndexOfXpub } from '../../src/core/wallet/wallet.ts';
import type { AccountKey } from '../../src/keys/account-key.ts';
import { AccountSigner } from '../../src/keys/account-key.ts';
import type { RunningServer } from '../../src/server/app.ts';
import { startServer } from '../../src/server/app.ts';
import { ChainService } from '../../src/server/chain/chain.service.ts';
import { LogService } from '../../src/server/log/log.service.ts';
import { foundOrganisation } from '../../src/start/founding.ts';
import type { BitcoinNode } from './bitcoin-node.ts';
import type { TestDatabase } from './postgres.ts';
import { startTestDatabase } from './postgres.ts';
import { passed } from './psbt.ts';
import { SandboxSigner } from './sandbox-signer.ts';
import { configOf, worldLogSeed } from './sequencers.ts';
import type { WorldOptions } from './world.ts';
import { World } from './world.ts';

/** How long anything that comes by itself may take. */
const PATIENCE_MS = 60_000;

export interface LivingOptions extends WorldOptions {
  /** Without one: the sandbox. */
  readonly node?: BitcoinNode;
}

export type Envelope = NonNullable<ProposalStatement['envelope']>;

/** Signs a spend in the place of a member's own key. */
export type Cosigner = (
  wallet: WalletRecord,
  spend: ProvenSpend & { readonly view: SpendView },
) => readonly PartialSignature[] | Promise<readonly PartialSignature[]>;

/**
 * A world's organisation alive: a real server with its own PostgreSQL on the sandbox or on a real node, the real signer with a
 * journal on the disk, members who call the API with their devices' signatures.
 */
export class Living {
  readonly world: World;
  readonly genesis: string;
  readonly server: RunningServer;
  readonly node: BitcoinNode | null;
  readonly #signer: SandboxSigner;
  readonly #ends: readonly (() => unknown)[];
  readonly #apis = new Map<string, Api>();
  /** Who signs with another thing than the world's key. */
  readonly cosigners = new Map<string, Cosigner>();

  private constructor(parts: {
    readonly world: World;
    readonly genesis: string;
    readonly server: RunningServer;
    readonly node: BitcoinNode | null;
    readonly signer: SandboxSigner;
    readonly ends: readonly (() => unknown)[];
  }) {
    this.world = parts.world;
    this.genesis = parts.genesis;
    this.server = parts.server;
    this.node = parts.node;
    this.#signer = parts.signer;
    this.#ends = parts.ends;
  }

  static async start({ node, ...options }: LivingOptions = {}): Promise<Living> {
    const world = new World(options);
    const network = node === undefined ? 'sandbox' : 'regtest';
    const at = Math.floor(Date.now() / 1000) - 3_600;
    const founded = passed(foundOrganisation({ ...world.spec, network, at }));
    const { genesis, lines } = founded;
    const folder = mkdtempSync(join(tmpdir(), 'countersign-living-'));
    const [founding, key] = [join(folder, 'founding.jsonl'), join(folder, 'log-key')];
    writeFileSync(founding, lines.map((line) => `${formatPackageLine(line)}\n`).join(''));
    writeFileSync(key, `${toHex(worldLogSeed)}\n`);
    const database: TestDatabase = await startTestDatabase();
    const chain: Record<string, string> =
      node === undefined
        ? { CHAIN: 'sandbox' }
        : {
            CHAIN: 'bitcoind',
            BITCOIN_RPC_URL: node.options.url,
            BITCOIN_RPC_COOKIE: node.options.cookieFile,
          };
    const server = await startServer(
      configOf({
        ...{ NETWORK: network, ...chain, GENESIS: genesis, FOUNDING: founding, PORT: '0' },
        ...{ LOG_KEY_FILE: key, DATABASE_URL: database.runtimeUrl },
        ...{ RATE_PER_SECOND: '100000', LOG_LEVEL: 'error' },
      }),
    );
    const wallet = server.app.get(LogService).state().wallets.get('hot-1');
    if (wallet === undefined) throw new Error('the wallet is in force');
    const signer = new SandboxSigner({ url: server.url, genesis, wallet }, world);
    const ends = [
      () => {
        signer.close();
      },
      () => server.close(),
      () => database.stop(),
      () => {
        rmSync(folder, { recursive: true, force: true });
      },
    ];
    const living = new Living({ world, genesis, server, node: node ?? null, signer, ends });
    await living.tick();
    return living;
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) await end();
  }

  /** As the server folded it. */
  get state(): State {
    return this.server.app.get(LogService).state();
  }

  get wallet(): WalletRecord {
    const wallet = this.state.wallets.get('hot-1');
    if (wallet === undefined) throw new Error('the wallet is in force');
    return wallet;
  }

  get chain(): ChainService {
    return this.server.app.get(ChainService);
  }

  proposal(found: string): ProposalRecord {
    const proposal = this.state.proposals.get(found);
    if (proposal === undefined) throw new Error('the proposal stands in the log');
    return proposal;
  }

  async api(member: string): Promise<Api> {
    const known = this.#apis.get(member);
    if (known !== undefined) return known;
    const device = deviceOf(this.world, member);
    const api = apiOf(this.server.url, await sessionKey(this.server.url, this.genesis, device));
    this.#apis.set(member, api);
    return api;
  }

  /** The signer reads, decides and posts; then once more, so that its receipts stand in the log. */
  async tick(): Promise<void> {
    for (let round = 0; round < 2; round++) await this.#signer.tick();
  }

  /** A confirmed coin of the wallet that the server knows. */
  async fund(amount: number, index = 0): Promise<void> {
    const script = this.wallet.wallet.script(0, index);
    if (this.node === null) {
      await this.chain.fund(script, sats(amount));
      return;
    }
    await this.node.fund(script, sats(amount));
    await this.mine(1);
  }

  /** Blocks with what waits, read by the server. */
  async mine(blocks: number): Promise<void> {
    if (this.node === null) await this.chain.sandbox?.mine(blocks);
    else await this.node.mine(blocks);
    await this.chain.catchUp();
  }

  /** Drafts, decodes, signs and proposes. */
  async propose(
    ask: Omit<DraftRequest, 'wallet' | 'purpose'> & Readonly<Record<string, unknown>>,
    over: Partial<ProposalStatement> = {},
  ): Promise<ProposalRecord> {
    const api = await this.api('operator');
    const request = { wallet: 'hot-1', purpose: 'test', ...ask } as DraftRequest;
    const drafted = passed(await api.draft(request));
    const draft = passed(readDraft(this.state, this.wallet, drafted));
    const purpose = saltText('test');
    const current = currentDocuments(this.state, 'hot-1');
    const device = deviceOf(this.world, 'operator');
    const statement: ProposalStatement = {
      type: 'proposal',
      ...this.#frame(device, null),
      network: this.wallet.body.network,
      wallet: { id: 'hot-1', digest: current?.wallet.digest ?? '' },
      policy: current?.policy?.digest ?? '',
      charter: current?.charter.digest ?? '',
      destinations: current?.destinations?.digest ?? '',
      kind: 'pay',
      spend: structuredClone(draft.view.spend) as ProposalStatement['spend'],
      cancels: null,
      envelope: null,
      initiator: 'operator',
      purposeDigest: purpose.digest,
      reference: null,
      repeats: null,
      ...over,
    };
    const signed = signStatement(statement, device.secretKey);
    const { blobs, coins } = draft;
    return this.proposal(passed(await api.propose(signed, { blobs, coins, purpose })).proposal);
  }

  /** The member approves; where he holds a key that signs, it signs what waits: the newest fee bump, else the proposal. */
  async approve(member: string, proposal: ProposalRecord): Promise<Result<unknown>> {
    const { wallet } = this;
    const version = openVersion(this.state, proposal);
    const spend = version ?? proposal;
    const cosign = heldKeys(wallet, member).length > 0 ? this.#cosigner(member) : null;
    const blob = cosign === null ? null : canonicalBytes(await cosign(wallet, spend));
    const device = deviceOf(this.world, member);
    const statement: ApprovalStatement = {
      type: 'approval',
      ...this.#frame(device, proposal.last.get(member) ?? null),
      proposal: proposal.digest,
      decision: 'approve',
      spend: digest('spend', spend.view.spend),
      partialSignatures: blob === null ? null : blobAddress(blob),
      reasonDigest: null,
    };
    const api = await this.api(member);
    const blobs = blob === null ? [] : [blob];
    return api.approve(signStatement(statement, device.secretKey), { blobs, reason: null });
  }

  /** Everybody whom the world's policy asks approves, and the signer signs. */
  async sign(proposal: ProposalRecord, members = ['alice', 'bob', 'carol']): Promise<void> {
    for (const member of members) passed(await this.approve(member, proposal));
    await this.tick();
    const ledger = this.state.ledgers.get('hot-1');
    if (ledger?.signed.has(proposal.digest) === true) return;
    throw new Error(
      `not signed: ${ledger?.refusals.get(proposal.digest) ?? 'no receipt says why'}`,
    );
  }

  /** Waits for what the server does by itself. */
  async until<T>(what: string, probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = await probe();
      if (found !== undefined) return found;
      if (performance.now() > end) throw new Error(`not in time: ${what}`);
      this.chain.wake();
      await pause(100);
    }
  }

  /** Waits until this transaction waits in the node's mempool. */
  waiting(txid: string): Promise<true> {
    return this.until(`${txid} in the mempool`, async () => {
      const found = await this.chain.view.transaction(txid);
      return found?.confirmations === 0 ? true : undefined;
    });
  }

  #cosigner(member: string): Cosigner {
    return (
      this.cosigners.get(member) ??
      withKey(member === 'bob' ? this.world.bobs : this.world.cosigner)
    );
  }

  #frame(device: Device, previous: string | null) {
    const { tree } = this.state;
    const log = { size: tree.size, root: toHex(tree.root()) };
    const now = Math.floor(Date.now() / 1000);
    return frameOf({ org: this.genesis, device, log, previous, now, validSeconds: 86_400 });
  }
}

function withKey({ xpub, xprv }: AccountKey): Cosigner {
  return ({ wallet }, spend) => {
    const keyIndex = keyIndexOfXpub(wallet, xpub);
    if (keyIndex === null) throw new Error('the key stands in the descriptor');
    const { sign } = new AccountSigner(xprv, 'regtest');
    return signInputs(wallet, spend, { keyIndex, sign });
  };
}

function deviceOf(world: World, member: string): Device {
  const found = world.members.get(member)?.device;
  if (found === undefined) throw new Error(`no member ${member}`);
  return { member, device: found.id, secretKey: found.secretKey };
}

async function sessionKey(server: string, org: string, device: Device) {
  const now = Math.floor(Date.now() / 1000);
  return passed(await openSession({ server, org, device, log: emptyLog, now })).key;
}
