import { Transaction } from 'bitcoinjs-lib';
import { signSchnorr, xOnlyPointFromScalar } from 'tiny-secp256k1';
import type { PostedReceipt } from '../../client/api.ts';
import type { LogReader } from '../../client/log-reader.ts';
import { emptyLog, frameOf } from '../../client/statements.ts';
import { zoneOf } from '../../client/time-zone.ts';
import type {
  ApprovalStatement,
  ProposalStatement,
  Statement,
} from '../../core/approval/statement.ts';
import { statementDigest, textDigest } from '../../core/approval/statement.ts';
import { assert } from '../../core/base/assert.ts';
import { fromHex, toHex } from '../../core/base/bytes.ts';
import { canonicalBytes, parseCanonical } from '../../core/base/canonical.ts';
import { blobAddress, digest } from '../../core/base/digest.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { sats } from '../../core/base/sats.ts';
import { parseWith } from '../../core/base/schema.ts';
import type { Seconds } from '../../core/base/time.ts';
import { formatTime } from '../../core/base/time.ts';
import { documentDigest } from '../../core/governance/document.ts';
import { entryBytes } from '../../core/log/entry.ts';
import type { Ledger } from '../../core/log/ledger.ts';
import { applyReceipt, createLedger } from '../../core/log/ledger.ts';
import type { Receipt } from '../../core/log/receipt.ts';
import { receiptSchema } from '../../core/log/receipt.ts';
import type { ProposalRecord, State, WalletRecord } from '../../core/log/state.ts';
import { admit, advance, createState } from '../../core/log/state.ts';
import { TILE_WIDTH } from '../../core/log/tiles.ts';
import { parsePolicyYaml } from '../../core/policy/yaml.ts';
import { buildTransaction } from '../../core/psbt/build.ts';
import { signInputs } from '../../core/psbt/signatures.ts';
import { readSpend } from '../../core/psbt/spend.ts';
import { addressOfScript } from '../../core/wallet/network.ts';
import { accountKeyOf, AccountSigner } from '../../keys/account-key.ts';
import { LogKey } from '../../server/log/log-key.ts';
import { decide } from '../../signer/decide.ts';
import { nobodysWord } from '../../signer/sentinels.ts';
import type { FoundingMember } from '../founding.ts';
import { foundOrganisation } from '../founding.ts';
import {
  approvers,
  everybody,
  governors,
  held,
  operator,
  PEOPLE,
  policyOf,
  scriptOf,
  seed,
  START,
} from './treasury-people.ts';

const DAY = 86_400;
const FEE = 5_000;

/**
 * An organisation in memory with two wallets: `hot-1` (2 of 2) whose signer is measured, and `hot-2`, whose life fills the log.
 * It is the server, too: it serves the log and takes receipts. Its keys are worthless.
 */
export class Treasury implements LogReader {
  readonly state: State;
  readonly genesis: string;
  now: Seconds = START;
  readonly #first = held('hot-1', 'wsh');
  readonly #second = held('hot-2', 'wpkh');
  readonly #cosigner = accountKeyOf(seed('cosigner'), 'wsh', 'regtest');
  readonly #logKey = new LogKey(seed('log'));
  readonly #leaves: Uint8Array[] = [];
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #ledger: Ledger = createLedger();
  #payments = 0;

  constructor() {
    const founded = foundOrganisation({
      network: 'regtest',
      log: { origin: 'countersign.example/bench', key: toHex(this.#logKey.publicKey) },
      members: everybody,
      governance: { group: 'governors', atLeast: PEOPLE, delaySeconds: 0 },
      coolDowns: { deviceSeconds: 0, destinationSeconds: 0 },
      recovery: null,
      initiators: ['operators'],
      officers: ['officers'],
      wallets: [this.#first, this.#second].map(({ id, hot, receiptKey }, i) => {
        const policy = parsePolicyYaml(policyOf(id), zoneOf);
        assert(policy.ok, 'the policy of the bench is one');
        return {
          ...{ id, hotKey: hot, signerKey: receiptKey.publicKey, birth: 0, policy: policy.value },
          cosigners: i === 0 ? [{ member: 'approver-0', key: this.#cosigner }] : [],
        };
      }),
      destinations: [this.#entry(0)],
      at: START - 3_600,
    });
    assert(founded.ok, `the organisation folds: ${founded.ok ? '' : founded.refusal.code}`);
    this.genesis = founded.value.genesis;
    this.state = createState(this.genesis);
    for (const line of founded.value.lines) {
      if (line.type === 'blob') this.#blobs.set(line.sha256, line.bytes);
      if (line.type === 'entry') this.#append(line.bytes);
    }
    this.#startSecond();
  }

  get identity() {
    const { receiptKey } = this.#first;
    return {
      ...{ id: 'ab'.repeat(32), wallet: 'hot-1', genesis: this.genesis },
      ...{ walletDigest: this.#wallet('hot-1').record.digest, signer: receiptKey.publicKey },
    };
  }

  get receiptKey() {
    return this.#first.receiptKey;
  }

  get account(): AccountSigner {
    return this.#first.account;
  }

  get size(): number {
    return this.#leaves.length;
  }

  leaves(from: number, to: number): readonly Uint8Array[] {
    return this.#leaves.slice(from, to);
  }

  bytes(sha256Hex: string): Uint8Array | undefined {
    return this.#blobs.get(sha256Hex);
  }

  /** The public key of a member's device. */
  keyOf(id: string): string {
    const found = everybody.find((one) => one.id === id);
    assert(found !== undefined, 'a member of the bench');
    return toHex(xOnlyPointFromScalar(found.device.secretKey));
  }

  /** The next version of the address book, signed by all governors. */
  listAnother(version: number): void {
    const before = this.state.destinations;
    assert(before !== null, 'there is an address book');
    const document = {
      ...before.document,
      ...{ org: this.genesis, version, previous: documentDigest(before.document) },
      body: { entries: [...before.document.body.entries, this.#entry(version)] },
    };
    const name = this.#blob(canonicalBytes(document));
    this.#append(entryBytes({ type: 'document', document: name }));
    for (const governor of governors)
      this.#say(
        {
          type: 'document',
          ...this.#frame(governor),
          ...{ document: documentDigest(document), decision: 'approve' },
          ...{ firstAddress: null, keyProof: null },
        },
        governor,
        null,
      );
    this.#round();
  }

  /** Small payments of the measured wallet, each with one approval. */
  pay(count: number): void {
    this.now += count;
    for (let i = 0; i < count; i++) {
      const proposal = this.#propose('hot-1', 1_000_000 + this.#payments, 1);
      const [first] = approvers;
      assert(first !== undefined, 'there are approvers');
      this.#approve(proposal, first);
    }
  }

  /** A payment of ten coins with five approvals. Returns its digest. */
  payOfTen(): string {
    this.now += 10;
    const proposal = this.#propose('hot-1', 20_000_000 + this.#payments, 10);
    for (const approver of approvers) this.#approve(proposal, approver);
    return proposal.digest;
  }

  /** So many entries of the other wallet's life. */
  others(count: number): void {
    const end = this.size + count;
    while (this.size < end) {
      const proposal = this.#propose('hot-2', 1_000_000 + this.#payments, 1);
      const [, second] = approvers;
      assert(second !== undefined, 'there are approvers');
      if (this.size < end) this.#approve(proposal, second);
      this.#round(end);
    }
  }

  checkpoint(): Promise<Result<string>> {
    const { tree } = this.state;
    const origin = this.state.charter?.document.body.log.origin ?? '';
    const head = { origin, size: tree.size, root: tree.root() };
    return Promise.resolve(ok(this.#logKey.checkpoint(head)));
  }

  entries(bundle: Parameters<LogReader['entries']>[0]): Promise<Result<readonly Uint8Array[]>> {
    const from = bundle.index * TILE_WIDTH;
    return Promise.resolve(ok(this.#leaves.slice(from, from + bundle.width)));
  }

  blob(name: string): Promise<Result<Uint8Array>> {
    const bytes = this.#blobs.get(name);
    return Promise.resolve(
      bytes === undefined ? refuse('log.blob.missing', { sha256: name }) : ok(bytes),
    );
  }

  postReceipts(receipts: readonly PostedReceipt[]): Promise<Result<unknown>> {
    for (const { receipt, signature, blobs } of receipts) {
      for (const bytes of blobs) this.#blob(bytes);
      const json = parseCanonical(receipt);
      assert(json.ok, 'receipts are canonical');
      const parsed = parseWith(receiptSchema, json.value);
      assert(parsed.ok, 'receipts have their form');
      this.#append(entryBytes({ type: 'receipt', receipt: parsed.value, signature }));
    }
    return Promise.resolve(ok(null));
  }

  #entry(version: number) {
    const script = scriptOf(version);
    const id = `owner-${String(version)}`;
    const address = addressOfScript(script, 'regtest') ?? '';
    return { id, owner: id, script: toHex(script), address, tags: [] };
  }

  #wallet(id: string): WalletRecord {
    const wallet = this.state.wallets.get(id);
    assert(wallet !== undefined, 'the wallet is in force');
    return wallet;
  }

  #startSecond(): void {
    const { account } = this.#second;
    const { root, wallet } = this.#wallet('hot-2');
    const firstAddress = wallet.address(0, 0);
    const keyProof = account.proveKey(this.genesis, root.digest, firstAddress);
    this.#journal({ record: 'started', walletDigest: root.digest, firstAddress, keyProof });
    this.#round();
  }

  /** A round of the other wallet's signer, as far as the log may grow. */
  #round(end = Number.MAX_SAFE_INTEGER): void {
    const { state, now } = this;
    const round = decide({ state, ledger: this.#ledger, wallet: 'hot-2', now, word: nobodysWord });
    for (const action of round) {
      if (this.size >= end) return;
      if (action.record !== 'sign') {
        this.#journal(action);
        continue;
      }
      const proposal = state.proposals.get(action.proposal);
      assert(proposal !== undefined, 'what was judged is there');
      const { wallet, hotKeyIndex: keyIndex } = this.#wallet('hot-2');
      const { sign } = this.#second.account;
      this.#journal({ record: 'intent', proposal: action.proposal });
      if (this.size >= end) return;
      const signatures = this.#blob(
        canonicalBytes(signInputs(wallet, proposal, { keyIndex, sign })),
      );
      this.#journal({ record: 'signed', proposal: action.proposal, signatures });
    }
  }

  #journal(
    record: Readonly<Record<string, unknown>> & { readonly record: Receipt['record'] },
  ): void {
    const { position, previous } = this.#ledger;
    const { tree } = this.state;
    const { receiptKey } = this.#second;
    const receipt = {
      ...{ org: this.genesis, wallet: 'hot-2', signer: receiptKey.publicKey, epoch: 1 },
      ...{ position, previous, at: formatTime(this.now) },
      log: { size: tree.size, root: toHex(tree.root()) },
      ...record,
    } as Receipt;
    applyReceipt(this.#ledger, receipt);
    this.#append(entryBytes({ type: 'receipt', ...receiptKey.sign(receipt) }));
  }

  #propose(wallet: string, amount: number, coins: number): ProposalRecord {
    this.#payments += 1;
    const { view, claims } = this.#spend(wallet, amount, coins);
    const statement: ProposalStatement = {
      type: 'proposal',
      ...this.#frame(operator),
      network: 'regtest',
      wallet: { id: wallet, digest: this.#wallet(wallet).record.digest },
      policy: this.state.policies.get(wallet)?.digest ?? '',
      charter: this.state.charter?.digest ?? '',
      destinations: this.state.destinations?.digest ?? '',
      kind: 'pay',
      spend: structuredClone(view.spend) as ProposalStatement['spend'],
      cancels: null,
      envelope: null,
      initiator: operator.id,
      purposeDigest: textDigest('00'.repeat(16), 'bench'),
      reference: `BENCH-${String(this.#payments)}`,
      repeats: null,
    };
    this.#say(statement, operator, claims);
    const proposal = this.state.proposals.get(statementDigest(statement));
    assert(proposal !== undefined, 'the proposal stands');
    return proposal;
  }

  #spend(id: string, amount: number, count: number) {
    const { wallet } = this.#wallet(id);
    const each = Math.ceil((amount + FEE) / count) + 100_000;
    const coins = Array.from({ length: count }, (_, i) => {
      const parent = new Transaction();
      parent.version = 2;
      parent.addInput(seed(`coin ${String(this.#payments)}/${String(i)}`), 0);
      parent.addOutput(wallet.script(0, i), BigInt(each));
      const bytes = new Uint8Array(parent.toBuffer());
      return { parent: bytes, branch: 0 as const, index: i, txid: parent.getId() };
    });
    const transaction = buildTransaction({
      inputs: coins.map(({ txid }) => ({ outpoint: `${txid}:0` })),
      outputs: [
        { script: scriptOf(0), sats: sats(amount) },
        { script: wallet.script(1, this.#payments % 20), sats: sats(each * count - amount - FEE) },
      ],
      lockTime: 0,
    });
    const view = readSpend(wallet, transaction, coins, { highestChange: 30 });
    assert(view.ok, `a spend of the wallet: ${view.ok ? '' : view.refusal.code}`);
    for (const bytes of [transaction, ...coins.map(({ parent }) => parent)]) this.#blob(bytes);
    const claims = coins.map(({ parent, branch, index }) => ({
      ...{ parent: blobAddress(parent), branch, index },
    }));
    return { view: view.value, claims: this.#blob(canonicalBytes(claims)) };
  }

  #approve(proposal: ProposalRecord, by: FoundingMember): void {
    const { wallet } = this.#wallet(proposal.statement.wallet.id);
    const keyIndex = wallet.keys.findIndex(({ xpub }) => xpub === this.#cosigner.xpub);
    const { sign } = new AccountSigner(this.#cosigner.xprv, 'regtest');
    const cosigns = by.id === 'approver-0' && keyIndex >= 0;
    const statement: ApprovalStatement = {
      type: 'approval',
      ...this.#frame(by),
      proposal: proposal.digest,
      decision: 'approve',
      spend: digest('spend', proposal.statement.spend),
      partialSignatures: cosigns
        ? this.#blob(canonicalBytes(signInputs(wallet, proposal, { keyIndex, sign })))
        : null,
      reasonDigest: null,
    };
    this.#say(statement, by, null);
  }

  #frame(by: FoundingMember) {
    const { tree } = this.state;
    const log = tree.size === 0 ? emptyLog : { size: tree.size, root: toHex(tree.root()) };
    return frameOf({
      ...{ org: this.genesis, device: { member: by.id, device: 'cli' }, log },
      ...{ previous: null, now: this.now, validSeconds: DAY },
    });
  }

  #say(statement: Statement, by: FoundingMember, coins: string | null): void {
    const signature = toHex(signSchnorr(fromHex(statementDigest(statement)), by.device.secretKey));
    this.#append(entryBytes({ type: 'statement', statement, signature, coins }));
  }

  #blob(bytes: Uint8Array): string {
    const name = blobAddress(bytes);
    this.#blobs.set(name, bytes);
    return name;
  }

  #append(leaf: Uint8Array): void {
    // What is made here is right: it is verified by the signer that is measured.
    const admission = admit(this.state, leaf, {
      blobs: (name) => this.#blobs.get(name),
      verify: () => true,
      verifyReceipt: () => true,
      verifyInput: () => true,
    });
    assert(admission.kind === 'apply', 'the bench writes no entry without effect');
    advance(this.state, leaf, admission);
    this.#leaves.push(leaf);
  }
}
