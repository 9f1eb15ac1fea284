import { Transaction } from 'bitcoinjs-lib';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProposalStatement } from '../../../src/core/approval/statement.ts';
import { fromUtf8, toHex } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import type { RefusalCode } from '../../../src/core/base/codes.ts';
import type { Result } from '../../../src/core/base/result.ts';
import type { CountersignDocument } from '../../../src/core/governance/document.ts';
import { documentDigest } from '../../../src/core/governance/document.ts';
import type { Ledger } from '../../../src/core/log/ledger.ts';
import { createLedger } from '../../../src/core/log/ledger.ts';
import type { ProposalRecord, State } from '../../../src/core/log/state.ts';
import { Journal } from '../../../src/signer/journal.ts';
import { passed } from '../../support/psbt.ts';
import type { Drill } from '../drill.ts';
import { Breach, must } from '../drill.ts';
import type { Crafted, Said, WalletCoin } from './desk.ts';
import { Desk } from './desk.ts';
import type { Ground } from './ground.ts';
import { until } from './ground.ts';
import { payeeOf } from './organisation.ts';
import type { Program } from './process.ts';

/** How long is waited for what must not happen: three rounds of a signer, and a broadcast. */
export const QUIET_MS = 1_500;

/** Where one drill plays: its own wallets and signers in a ground, and what it is allowed to have signed. */
export class Stage {
  readonly ground: Ground;
  readonly drill: Drill;
  readonly desk: Desk;
  readonly #signers = new Map<string, Program>();
  readonly #programs: Program[] = [];
  readonly #folders: string[] = [];
  #state: State;
  #paid = 0;

  private constructor(ground: Ground, drill: Drill, state: State) {
    this.ground = ground;
    this.drill = drill;
    this.#state = state;
    this.desk = new Desk(ground.organisation, () => this.#state);
  }

  static async open(ground: Ground, drill: Drill): Promise<Stage> {
    return new Stage(ground, drill, await ground.sync());
  }

  /** The first wallet of the drill. */
  get wallet(): string {
    const [first] = this.drill.wallets;
    if (first === undefined) throw new Error(`drill ${String(this.drill.id)} has no wallet`);
    return first.id;
  }

  async sync(): Promise<State> {
    this.#state = await this.ground.sync();
    return this.#state;
  }

  /** Starts the real signer of a wallet and waits until its start stands in the log. */
  async startSigner(
    wallet = this.wallet,
    given: { readonly clock?: number } = {},
  ): Promise<Program> {
    const before = (await this.sync()).ledgers.get(wallet)?.position ?? 0;
    const signer = await this.ground.beginSigner(wallet, given);
    this.#signers.set(wallet, signer);
    this.#programs.push(signer);
    await signer.ready();
    await this.until('the signer started', (state) =>
      (state.ledgers.get(wallet)?.position ?? 0) > before ? true : undefined,
    );
    return signer;
  }

  /** A signer that may refuse to start. */
  async beginSigner(
    wallet: string,
    given: Parameters<Ground['beginSigner']>[1] = {},
  ): Promise<Program> {
    const signer = await this.ground.beginSigner(wallet, given);
    this.#programs.push(signer);
    if (given.folder !== undefined) this.#folders.push(given.folder);
    else if (this.#signers.get(wallet)?.hasEnded !== false) this.#signers.set(wallet, signer);
    return signer;
  }

  signer(wallet = this.wallet): Program {
    const signer = this.#signers.get(wallet);
    if (signer === undefined) throw new Error(`the signer of ${wallet} was started`);
    return signer;
  }

  async stopSigner(wallet = this.wallet): Promise<void> {
    await this.signer(wallet).stop();
  }

  /** What a signer's own journal says it did. The signer is stopped. */
  async journalOf(wallet = this.wallet, folder?: string): Promise<Ledger> {
    const path = join(folder ?? (await this.ground.signerFolder(wallet)), 'journal.sqlite');
    const journal = Journal.open(path);
    if (!journal.ok) return createLedger();
    const { ledger } = journal.value;
    journal.value.close();
    return ledger;
  }

  /** How many entries a signer has read, by its own journal. The signer is stopped. */
  async logSizeOf(wallet: string): Promise<number> {
    const path = join(await this.ground.signerFolder(wallet), 'journal.sqlite');
    const journal = passed(Journal.open(path));
    const { size } = journal.log.head() ?? { size: 0 };
    journal.close();
    return size;
  }

  /** Real coins of a wallet, each confirmed. */
  async coins(amounts: readonly number[], wallet = this.wallet): Promise<readonly WalletCoin[]> {
    const api = await this.ground.api('operator');
    const coins: WalletCoin[] = [];
    for (const amount of amounts) {
      const { outpoint } = passed(await api.fundSandbox(wallet, amount)) as { outpoint: string };
      const [txid = '', vout = '0'] = outpoint.split(':');
      coins.push(await this.coinAt(txid, Number(vout), wallet));
    }
    return coins;
  }

  async coinAt(txid: string, vout: number, wallet = this.wallet): Promise<WalletCoin> {
    const raw = await until(`transaction ${txid}`, async () => {
      const { rows } = await this.ground.owner.query<{ raw: Buffer }>(
        'SELECT raw FROM sandbox_transaction WHERE txid = $1',
        [txid],
      );
      return rows[0]?.raw;
    });
    const transaction = Transaction.fromBuffer(raw);
    transaction.stripWitnesses();
    const parent = new Uint8Array(transaction.toBuffer());
    const script = toHex(transaction.outs[vout]?.script ?? new Uint8Array());
    const record = this.desk.wallet(wallet);
    const index = Array.from({ length: 200 }, (_, at) => at).find(
      (at) => toHex(record.wallet.script(0, at)) === script,
    );
    if (index === undefined) throw new Error('the coin is of the wallet');
    return { parent, vout, index };
  }

  /** An amount that no other payment of this drill has, nor of another on the same wallet: the same again would be a repetition. */
  amount(near = 20_000): number {
    this.#paid += 1;
    return near + 50 * this.drill.id + this.#paid;
  }

  /** A spend of a fresh coin to somebody unlisted. */
  async craft(
    sats = this.amount(),
    to = payeeOf('somebody'),
    wallet = this.wallet,
  ): Promise<Crafted> {
    const coins = await this.coins([sats + 60_000], wallet);
    return this.desk.craft(wallet, { coins, pays: [[to, sats]] });
  }

  /** Posts what a member said as his own client does. */
  async post(said: Said): Promise<Result<unknown>> {
    const { statement, signed, blobs, text, entry } = said;
    const api = await this.ground.api(statement.member);
    const { salt = '', text: words = '' } = text ?? {};
    switch (statement.type) {
      case 'proposal':
        return api.propose(signed, {
          blobs,
          coins: entry.coins ?? '',
          purpose: { salt, text: words },
        });
      case 'approval':
        return api.approve(signed, { blobs, reason: text });
      case 'freeze':
        return api.freeze(signed, { salt, text: words });
      case 'document':
        return api.signDocument(signed);
      case 'session':
        throw new Error('sessions are opened by the ground');
    }
  }

  async propose(crafted: Crafted, over: Partial<ProposalStatement> = {}): Promise<ProposalRecord> {
    await this.sync();
    const said = this.desk.proposal(crafted, over);
    passed(await this.post(said));
    await this.sync();
    return this.proposal(said.signed.digest);
  }

  proposal(digest: string): ProposalRecord {
    const found = this.#state.proposals.get(digest);
    if (found === undefined) throw new Error(`${digest} stands in the log`);
    return found;
  }

  async approve(
    proposal: ProposalRecord,
    by: readonly string[] = ['alice', 'carol'],
  ): Promise<void> {
    for (const member of by) {
      await this.sync();
      passed(await this.post(this.desk.approval(member, this.proposal(proposal.digest))));
    }
    await this.sync();
  }

  /** Approvals that go into the log past the server's own checks. */
  async layApprovals(proposal: ProposalRecord, by: readonly string[]): Promise<void> {
    for (const member of by) {
      await this.sync();
      const { entry, blobs } = this.desk.approval(member, this.proposal(proposal.digest));
      const [outcome] = await this.ground.lay([entry], blobs);
      must(outcome === 'numbered', `the approval is well formed: ${outcome ?? ''}`);
    }
    await this.sync();
  }

  /** Lays a proposal into the log past the server's own checks. */
  async layProposal(
    crafted: Crafted,
    over: Partial<ProposalStatement> = {},
  ): Promise<ProposalRecord> {
    await this.sync();
    const { entry, blobs, signed } = this.desk.proposal(crafted, over);
    const [outcome] = await this.ground.lay([entry], blobs);
    must(outcome === 'numbered', `the proposal is well formed: ${outcome ?? ''}`);
    await this.sync();
    return this.proposal(signed.digest);
  }

  /** Publishes a document and has governors sign it. */
  async publish(document: CountersignDocument, by: readonly string[] = []): Promise<void> {
    const text = fromUtf8(canonicalBytes(document)) ?? '';
    passed(await (await this.ground.api(by[0] ?? 'governor-1')).publishDocument(text));
    for (const member of by) {
      await this.sync();
      passed(await this.post(this.desk.onDocument(member, document)));
    }
    await this.sync();
  }

  /** Waits until the signer of a wallet says that a document is in force for it. */
  async inForce(document: CountersignDocument, wallet = this.wallet): Promise<void> {
    const digest = documentDigest(document);
    await this.until(`the ${document.kind} is in force`, (state) =>
      isForced(state, wallet, document) ? true : undefined,
    );
    must(digest !== '', 'a document has a digest');
  }

  isForced(document: CountersignDocument, wallet = this.wallet): boolean {
    return isForced(this.#state, wallet, document);
  }

  /** This proposal may be signed and broadcast: it is what its approvers meant. */
  allow(proposal: ProposalRecord): void {
    this.ground.allowed.add(proposal.digest);
  }

  until<T>(what: string, probe: (state: State) => T | undefined, withinMs?: number): Promise<T> {
    return until(what, async () => probe(await this.sync()), withinMs);
  }

  /** The honest way: proposed, approved, signed, broadcast. */
  async pay(
    over: {
      readonly wallet?: string;
      readonly by?: readonly string[];
      readonly sats?: number;
    } = {},
  ): Promise<ProposalRecord> {
    const { wallet = this.wallet, by, sats = this.amount() } = over;
    const proposal = await this.propose(await this.craft(sats, payeeOf('somebody'), wallet));
    this.allow(proposal);
    await this.approve(proposal, by);
    await this.broadcast(proposal);
    return proposal;
  }

  /** Waits until a proposal is signed and handed to the network. */
  async broadcast(proposal: ProposalRecord): Promise<void> {
    const isOut = ({ facts }: State): boolean =>
      (facts.get(proposal.digest)?.broadcastAt ?? null) !== null;
    try {
      await this.until('it is broadcast', (state) => (isOut(state) ? true : undefined));
    } catch (error) {
      const asked = await (await this.ground.api('operator')).broadcast(proposal.digest);
      const why = asked.ok ? 'it was taken when it was asked for' : asked.refusal.code;
      throw new Error(`${proposal.name} is not broadcast: ${why}`, { cause: error });
    }
  }

  ledger(wallet = this.wallet): Ledger {
    return this.#state.ledgers.get(wallet) ?? createLedger();
  }

  /** Waits for the signer's receipt that refuses a proposal, by this code and no other. */
  async refusal(proposal: ProposalRecord, code: RefusalCode, wallet = this.wallet): Promise<void> {
    const said = await this.until(`a receipt refuses ${proposal.name}`, (state) =>
      state.ledgers.get(wallet)?.refusals.get(proposal.digest),
    );
    must(said === code, `refused by ${said}, not by ${code}`);
  }

  /** Waits a while, and makes sure that nothing of the wallet was signed meanwhile but what is allowed. */
  async quiet(wallet = this.wallet, forMs = QUIET_MS): Promise<void> {
    await pause(forMs);
    await this.sync();
    this.assertUnsigned(this.ledger(wallet));
  }

  /** That a proposal was not signed while it was attacked, though its approvers meant it. */
  assertNotYet(
    { signed, intents }: Pick<Ledger, 'signed' | 'intents'>,
    proposal: ProposalRecord,
  ): void {
    must(!signed.has(proposal.digest) && !intents.has(proposal.digest), 'it was signed');
  }

  assertUnsigned({ signed, intents }: Pick<Ledger, 'signed' | 'intents'>): void {
    for (const digest of [...signed.keys(), ...intents.keys()])
      if (!this.ground.allowed.has(digest)) throw new Breach(`${digest} was signed`);
  }

  /** Ends what the drill started, and holds its journals and the chain against what it was allowed to sign. */
  async close(): Promise<void> {
    for (const program of this.#programs) await program.stop();
    await this.sync();
    for (const { id } of this.drill.wallets) {
      this.assertUnsigned(this.ledger(id));
      if (this.#signers.has(id)) this.assertUnsigned(await this.journalOf(id));
      await this.#assertUnspent(id);
    }
    for (const folder of this.#folders) {
      this.assertUnsigned(await this.journalOf('', folder));
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Nothing in mempool or blocks spends a coin of the wallet but what was allowed. */
  async #assertUnspent(id: string): Promise<void> {
    const record = this.#state.wallets.get(id);
    if (record === undefined) return;
    const scripts = [0, 1].flatMap((branch) =>
      Array.from({ length: 30 }, (_, at) =>
        Buffer.from(record.wallet.script(branch === 0 ? 0 : 1, at)),
      ),
    );
    const { rows } = await this.ground.owner.query<{ spent_by: string }>(
      'SELECT DISTINCT spent_by FROM sandbox_coin WHERE spent_by IS NOT NULL AND script = ANY($1::bytea[])',
      [scripts],
    );
    const may = new Set(
      [...this.ground.allowed].flatMap((digest) => {
        const proposal = this.#state.proposals.get(digest);
        return proposal === undefined
          ? []
          : [proposal.txid, ...proposal.versions.map(({ txid }) => txid)];
      }),
    );
    for (const { spent_by: txid } of rows)
      if (!may.has(txid)) throw new Breach(`${txid} spends coins of ${id}`);
  }
}

function isForced(state: State, wallet: string, document: CountersignDocument): boolean {
  const digest = documentDigest(document);
  return (
    state.ledgers.get(wallet)?.forced[document.kind].some((one) => one.document === digest) ?? false
  );
}
