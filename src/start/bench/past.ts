import type { KeyObject } from 'node:crypto';
import { createPrivateKey, sign } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { Transaction } from 'bitcoinjs-lib';
import { signSchnorr } from 'tiny-secp256k1';
import type {
  ApprovalStatement,
  ProposalStatement,
  Statement,
} from '../../core/approval/statement.ts';
import { statementDigest, textDigest } from '../../core/approval/statement.ts';
import { assert } from '../../core/base/assert.ts';
import { fromHex, toHex, utf8 } from '../../core/base/bytes.ts';
import { canonicalBytes } from '../../core/base/canonical.ts';
import { blobAddress, digest, sha256 } from '../../core/base/digest.ts';
import { sats } from '../../core/base/sats.ts';
import type { Seconds } from '../../core/base/time.ts';
import { formatTime } from '../../core/base/time.ts';
import { entryBytes } from '../../core/log/entry.ts';
import { leafHash } from '../../core/log/merkle.ts';
import type { PackageLine } from '../../core/log/package.ts';
import { formatPackageLine } from '../../core/log/package.ts';
import type { Receipt } from '../../core/log/receipt.ts';
import { receiptDigestBytes } from '../../core/log/receipt.ts';
import type { Ledger } from '../../core/log/ledger.ts';
import { applyReceipt, createLedger } from '../../core/log/ledger.ts';
import type { State, WalletRecord } from '../../core/log/state.ts';
import { admit, advance, createState } from '../../core/log/state.ts';
import { parsePolicyYaml } from '../../core/policy/yaml.ts';
import { buildTransaction } from '../../core/psbt/build.ts';
import { signInputs } from '../../core/psbt/signatures.ts';
import { readSpend } from '../../core/psbt/spend.ts';
import type { SpendView } from '../../core/psbt/spend.ts';
import { addressOfScript } from '../../core/wallet/network.ts';
import { emptyLog, frameOf } from '../../client/statements.ts';
import { zoneOf } from '../../client/time-zone.ts';
import { AccountSigner, accountKeyOf } from '../../keys/account-key.ts';
import { LogKey } from '../../server/log/log-key.ts';
import { decide } from '../../signer/decide.ts';
import { nobodysWord } from '../../signer/sentinels.ts';
import { receiptKeyOf } from '../../signer/receipt-key.ts';
import type { FoundingMember } from '../founding.ts';
import { foundOrganisation } from '../founding.ts';

/** An organisation with a past: what a replay is measured on. Its keys are worthless. */

const DAY = 86_400;
const APPROVERS = 4;
const OWNERS = 100;
const FEE = 2_000;
const START: Seconds = 1_780_000_000;
/** The span of the past, however many proposals lie in it. */
const SPAN = 90 * DAY;
/** Of a hundred proposals: refused by the policy, and rejected by a person. */
const REFUSED = 3;
const REJECTED = 2;
const LARGE = 150_000_000;

/** The policy of the past: one approval for small payments, two for larger ones. */
export const pastPolicy = `
policy: hot-1
timezone: Asia/Tokyo
limits:
  - { name: per payment, amount: 1 BTC, per: transaction }
  - { name: daily, amount: 20000 BTC, per: 24h }
  - { name: per customer, amount: 20000 BTC, per: 7d, of: destination }
  - { name: spends, count: 100000, per: 24h }
fees: { rate: 300 sat/vB, share: 10%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: payments
    when: { destinations: { all: [listed] } }
    require: { approvals: { from: treasury, atLeast: 1 } }
`;

/** What is asked about it: limits that bite on some, two approvals for what is large. */
export const askedPolicy = pastPolicy
  .replace('amount: 1 BTC', 'amount: 0.02 BTC')
  .replace('amount: 20000 BTC, per: 7d', 'amount: 3 BTC, per: 7d');

export interface Past {
  readonly genesis: string;
  readonly proposals: number;
  readonly entries: number;
}

const seed = (text: string): Uint8Array => sha256(utf8(`bench/past/${text}`));
const scriptOf = (owner: number): Uint8Array =>
  fromHex(`0014${toHex(seed(`owner ${String(owner)}`)).slice(0, 40)}`);

const member = (id: string, group: string): FoundingMember => ({
  id,
  groups: [group],
  operators: null,
  device: { id: 'cli', secretKey: seed(id) },
});
const operator = member('operator', 'operators');
const approvers = Array.from({ length: APPROVERS }, (_, i) =>
  member(`approver-${String(i)}`, 'treasury'),
);

/** Writes the package of a past with so many proposals. `say` is told how far it is. */
export async function writePast(
  file: string,
  proposals: number,
  say: (line: string) => void,
): Promise<Past> {
  const past = new Writer(file);
  for (let i = 0; i < proposals; i++) {
    await past.room();
    past.live(i, START + Math.floor((i * SPAN) / proposals));
    if ((i + 1) % 5_000 === 0) say(`${String(i + 1)} proposals written`);
  }
  return past.end(proposals);
}

class Writer {
  readonly #file: string;
  readonly #body;
  readonly #state: State;
  readonly #ledger: Ledger = createLedger();
  readonly #genesis: string;
  readonly #logKey = new LogKey(seed('log'));
  readonly #receiptKey: KeyObject;
  readonly #hot = accountKeyOf(seed('hot'), 'wpkh', 'sandbox');
  readonly #signer = new AccountSigner(this.#hot.xprv, 'sandbox');
  readonly #wallet: WalletRecord;
  #size = 0;

  constructor(file: string) {
    this.#file = file;
    this.#body = createWriteStream(`${file}.body`);
    const der = Buffer.from(`302e020100300506032b657004220420${toHex(seed('receipts'))}`, 'hex');
    this.#receiptKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const founded = found(this.#hot);
    this.#genesis = founded.genesis;
    this.#state = createState(founded.genesis);
    const blobs = new Map<string, Uint8Array>();
    for (const line of founded.lines) {
      if (line.type === 'blob') blobs.set(line.sha256, line.bytes);
      if (line.type === 'entry')
        advance(
          this.#state,
          line.bytes,
          admit(this.#state, line.bytes, { blobs: (name) => blobs.get(name) }),
        );
      if (line.type === 'entry') this.#size += 1;
      this.#line(line);
    }
    const wallet = this.#state.wallets.get('hot-1');
    assert(wallet !== undefined, 'the organisation has its wallet');
    this.#wallet = wallet;
    this.#startSigner();
  }

  /** Waits until what was written has room behind it. */
  async room(): Promise<void> {
    if (this.#body.writableNeedDrain) await once(this.#body, 'drain');
  }

  /** The life of one proposal. */
  live(number: number, at: Seconds): void {
    const kind = number % 100;
    const amount = kind < REFUSED ? LARGE + number : 1_000_000 + number * 37;
    const spend = this.#spend(number, amount);
    const statement = this.#proposal(spend.view, number, at);
    const proposal = this.#say(statement, operator, spend.coins);
    if (kind < REFUSED) {
      this.#journal({ record: 'refusal', proposal, code: 'policy.limit.exceeded' }, at);
      return;
    }
    const approver = approvers[number % APPROVERS] ?? operator;
    const isRejected = kind < REFUSED + REJECTED;
    const approval = this.#approval(statement, approver, isRejected ? 'reject' : 'approve', at);
    const object = this.#say(approval, approver, null);
    if (isRejected) {
      this.#journal({ record: 'refusal', proposal, code: 'proposal.rejected' }, at);
      return;
    }
    const log = this.#position();
    this.#journal({ record: 'sight', kind: 'approval', object }, at, log);
    const { amountSats, feeSats } = spend.view;
    const taken = { amountSats: Number(amountSats), feeSats: Number(feeSats) };
    this.#journal({ record: 'reserve', proposal, ...taken }, at, log);
    this.#journal({ record: 'intent', proposal }, at, log);
    const signatures = canonicalBytes(
      signInputs(
        this.#wallet.wallet,
        { transaction: spend.transaction, coins: spend.view.coins },
        { keyIndex: 0, sign: this.#signer.sign },
      ),
    );
    this.#blob(signatures);
    this.#journal({ record: 'signed', proposal, signatures: blobAddress(signatures) }, at, log);
  }

  /** Puts the checkpoint before what was written. */
  async end(proposals: number): Promise<Past> {
    this.#body.end();
    await finished(this.#body);
    const { origin } = this.#state.charter?.document.body.log ?? { origin: '' };
    const { size } = this.#state.tree;
    const note = this.#logKey.checkpoint({ origin, size, root: this.#state.tree.root() });
    const whole = createWriteStream(this.#file);
    whole.write(`${formatPackageLine({ type: 'checkpoint', note })}\n`);
    createReadStream(`${this.#file}.body`).pipe(whole);
    await finished(whole);
    return { genesis: this.#genesis, proposals, entries: size };
  }

  #startSigner(): void {
    const { digest: walletDigest } = this.#wallet.root;
    const firstAddress = this.#wallet.wallet.address(0, 0);
    const keyProof = this.#signer.proveKey(this.#genesis, walletDigest, firstAddress);
    this.#journal({ record: 'started', walletDigest, firstAddress, keyProof }, START - 60);
    const round = {
      ...{ state: this.#state, ledger: this.#ledger, wallet: 'hot-1', now: START - 60 },
      word: nobodysWord,
    };
    for (const action of decide(round)) {
      assert(action.record !== 'sign', 'nothing is proposed yet');
      this.#journal(action, START - 60);
    }
  }

  #line(line: PackageLine): void {
    this.#body.write(`${formatPackageLine(line)}\n`);
  }

  #blob(bytes: Uint8Array): void {
    this.#line({ type: 'blob', sha256: blobAddress(bytes), bytes });
  }

  #entry(bytes: Uint8Array): void {
    this.#state.tree.append(leafHash(bytes));
    this.#line({ type: 'entry', index: this.#size, bytes });
    this.#size += 1;
  }

  #position() {
    const { tree } = this.#state;
    return { size: tree.size, root: toHex(tree.root()) };
  }

  #say(statement: Statement, by: FoundingMember, coins: string | null): string {
    const signed = statementDigest(statement);
    const signature = toHex(signSchnorr(fromHex(signed), by.device.secretKey));
    this.#entry(entryBytes({ type: 'statement', statement, signature, coins }));
    return signed;
  }

  #journal(
    record: Record<string, unknown> & { readonly record: Receipt['record'] },
    at: Seconds,
    log = this.#position(),
  ): void {
    const { position, previous } = this.#ledger;
    const frame = { org: this.#genesis, wallet: 'hot-1', signer: receiptPublic, epoch: 1 };
    const receipt = { ...frame, position, previous, at: formatTime(at), log, ...record } as Receipt;
    applyReceipt(this.#ledger, receipt);
    const signature = toHex(
      new Uint8Array(sign(null, receiptDigestBytes(receipt), this.#receiptKey)),
    );
    this.#entry(entryBytes({ type: 'receipt', receipt, signature }));
  }

  #spend(number: number, amount: number) {
    const { wallet } = this.#wallet;
    const parent = new Transaction();
    parent.version = 2;
    parent.addInput(seed(`coin ${String(number)}`), 0);
    parent.addOutput(wallet.script(0, number % 500), BigInt(amount + FEE + 1_000_000));
    const stripped = new Uint8Array(parent.toBuffer());
    const transaction = buildTransaction({
      inputs: [{ outpoint: `${parent.getId()}:0` }],
      outputs: [
        { script: scriptOf(number % OWNERS), sats: sats(amount) },
        { script: wallet.script(1, number % 500), sats: sats(1_000_000) },
      ],
      lockTime: 0,
    });
    const coin = { parent: stripped, branch: 0 as const, index: number % 500 };
    const view = readSpend(wallet, transaction, [coin], { highestChange: 999 });
    assert(view.ok, 'a spend of the bench');
    const { branch, index } = coin;
    const claims = canonicalBytes([{ parent: blobAddress(stripped), branch, index }]);
    for (const bytes of [transaction, claims, stripped]) this.#blob(bytes);
    return { view: view.value, transaction, coins: blobAddress(claims) };
  }

  #proposal(view: SpendView, number: number, at: Seconds): ProposalStatement {
    const state = this.#state;
    return {
      type: 'proposal',
      ...frameOf({
        ...{ org: this.#genesis, device: { member: operator.id, device: 'cli' }, log: emptyLog },
        ...{ previous: null, now: at, validSeconds: DAY },
      }),
      network: this.#wallet.body.network,
      wallet: { id: 'hot-1', digest: this.#wallet.record.digest },
      policy: state.policies.get('hot-1')?.digest ?? '',
      charter: state.charter?.digest ?? '',
      destinations: state.destinations?.digest ?? '',
      kind: 'pay',
      spend: structuredClone(view.spend) as ProposalStatement['spend'],
      cancels: null,
      envelope: null,
      initiator: operator.id,
      purposeDigest: textDigest('00'.repeat(16), 'bench'),
      reference: `BENCH-${String(number)}`,
      repeats: null,
    };
  }

  #approval(
    proposal: ProposalStatement,
    by: FoundingMember,
    decision: 'approve' | 'reject',
    at: Seconds,
  ): ApprovalStatement {
    return {
      type: 'approval',
      ...frameOf({
        ...{ org: this.#genesis, device: { member: by.id, device: 'cli' } },
        ...{ log: this.#position(), previous: null, now: at, validSeconds: DAY },
      }),
      proposal: statementDigest(proposal),
      decision,
      spend: digest('spend', proposal.spend),
      partialSignatures: null,
      reasonDigest: decision === 'approve' ? null : textDigest('00'.repeat(16), 'no'),
    };
  }
}

const receiptPublic = receiptKeyOf(seed('receipts')).publicKey;

function found(hotKey: ReturnType<typeof accountKeyOf>) {
  const policy = parsePolicyYaml(pastPolicy, zoneOf);
  assert(policy.ok, 'the policy of the bench is one');
  const destinations = Array.from({ length: OWNERS }, (_, i) => ({
    id: `owner-${String(i)}`,
    owner: `owner-${String(i)}`,
    script: toHex(scriptOf(i)),
    address: addressOfScript(scriptOf(i), 'sandbox') ?? '',
    tags: [],
  }));
  const founded = foundOrganisation({
    network: 'sandbox',
    log: { origin: 'countersign.example/past', key: toHex(new LogKey(seed('log')).publicKey) },
    members: [
      operator,
      ...approvers,
      member('governor', 'governors'),
      member('officer', 'officers'),
    ],
    governance: { group: 'governors', atLeast: 1, delaySeconds: 0 },
    coolDowns: { deviceSeconds: 0, destinationSeconds: 0 },
    recovery: null,
    initiators: ['operators'],
    officers: ['officers'],
    wallets: [
      {
        ...{ id: 'hot-1', hotKey, cosigners: [], signerKey: receiptPublic, birth: 0 },
        policy: policy.value,
      },
    ],
    destinations,
    at: START - 3_600,
  });
  assert(founded.ok, 'the organisation of the bench folds');
  return founded.value;
}
