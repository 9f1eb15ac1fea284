import { Transaction } from 'bitcoinjs-lib';
import { signSchnorr } from 'tiny-secp256k1';
import { digest } from '../../src/core/base/digest.ts';
import { blobAddress, sha256 } from '../../src/core/base/digest.ts';
import { canonicalBytes } from '../../src/core/base/canonical.ts';
import { fromHex, toHex, utf8 } from '../../src/core/base/bytes.ts';
import type { RefusalCode } from '../../src/core/base/codes.ts';
import { sats } from '../../src/core/base/sats.ts';
import type { Seconds } from '../../src/core/base/time.ts';
import { formatTime, parseTime } from '../../src/core/base/time.ts';
import type {
  ApprovalStatement,
  ProposalStatement,
  Statement,
} from '../../src/core/approval/statement.ts';
import { statementDigest, textDigest } from '../../src/core/approval/statement.ts';
import { authorise } from '../../src/core/authorise.ts';
import type { Verdict } from '../../src/core/authorise.ts';
import { heldKeys } from '../../src/core/log/admit-approval.ts';
import type { Entry } from '../../src/core/log/entry.ts';
import { entryBytes } from '../../src/core/log/entry.ts';
import type { Ledger } from '../../src/core/log/ledger.ts';
import { applyReceipt, createLedger } from '../../src/core/log/ledger.ts';
import type { Receipt } from '../../src/core/log/receipt.ts';
import type { ProposalRecord, State, WalletRecord } from '../../src/core/log/state.ts';
import { admit, advance, createState } from '../../src/core/log/state.ts';
import { parsePolicyYaml } from '../../src/core/policy/yaml.ts';
import { buildTransaction } from '../../src/core/psbt/build.ts';
import { signInputs } from '../../src/core/psbt/signatures.ts';
import type { ProvenSpend } from '../../src/core/psbt/sighash.ts';
import { readSpend } from '../../src/core/psbt/spend.ts';
import { scriptOfAddress } from '../../src/core/wallet/network.ts';
import type { AccountKey } from '../../src/keys/account-key.ts';
import type { HotKey } from '../../src/keys/account-key.ts';
import { accountKeyOf, AccountSigner } from '../../src/keys/account-key.ts';
import type { Action } from '../../src/signer/decide.ts';
import type { Word } from '../../src/signer/sentinels.ts';
import { nobodysWord } from '../../src/signer/sentinels.ts';
import { decide } from '../../src/signer/decide.ts';
import type { ReceiptKey } from '../../src/signer/receipt-key.ts';
import { receiptKeyOf } from '../../src/signer/receipt-key.ts';
import type { PolicyBody } from '../../src/core/policy/body.ts';
import type { FoundingMember, FoundingSpec, FoundingWallet } from '../../src/start/founding.ts';
import { foundOrganisation } from '../../src/start/founding.ts';
import { withChecksum } from './psbt.ts';
import { testZones } from './zones.ts';

/** A whole organisation in memory: a log, the devices that write to it and the signers that read it. Nothing is random. */

export const noon: Seconds = parseTime('2026-11-02T12:00:00Z') ?? 0;

/** Addresses of strangers and of the address book on regtest. */
export const listedAddress = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
export const strangerAddress = 'bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry';

export const policyOf = (wallet: string): string => `
policy: ${wallet}
timezone: Asia/Tokyo
limits:
  - { name: per payment, amount: 1 BTC, per: transaction }
  - { name: daily, amount: 2 BTC, per: 24h }
fees: { rate: 100 sat/vB, share: 50%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: all payments
    when: { destinations: { any: [listed, unlisted] } }
    require:
      approvals:
        all:
          - { from: treasury, atLeast: 2 }
          - { from: compliance, atLeast: 1 }
      delay: 60s
`;

export interface WorldOptions {
  /** Addresses and keys are those of regtest. */
  readonly network?: 'regtest' | 'sandbox';
  readonly policy?: string;
  /** Another wallet than 2 of 2: of key expressions, those of alice and bob beside the hot one. */
  readonly wallet?: (keys: {
    readonly hot: string;
    readonly alice: string;
    readonly bob: string;
  }) => {
    readonly body: string;
    readonly outside: readonly (readonly string[])[];
  };
  /** A hot key that is not the world's own, and stands in the descriptor as it is. */
  readonly hotKey?: HotKey;
  readonly treasurers?: readonly string[];
  /** Of the governance: how long a loosening waits, and how many of the three governors sign. */
  readonly delaySeconds?: number;
  readonly governorsNeeded?: number;
  readonly coolDowns?: FoundingSpec['coolDowns'];
  readonly recovery?: FoundingSpec['recovery'];
  /** Further members with their groups, or with the people behind a service account. */
  readonly others?: readonly FoundingMemberOf[];
  /** Sentinels, and how many of them must have answered. */
  readonly sentinels?: FoundingSpec['sentinels'];
  readonly sentinelsNeeded?: number;
  /** A wallet `hot-2` of the same policy, with a signer of its own. */
  readonly second?: boolean;
}

type ReceiptPart = Partial<Receipt> & Pick<Receipt, 'record'>;

/** Whose receipts: the world itself is the signer of its wallet `hot-1`. */
interface SignerOf {
  readonly wallet: string | WalletRecord;
  readonly ledger: Ledger;
  readonly receiptKey: ReceiptKey;
  readonly hot: AccountKey;
}

export interface FoundingMemberOf {
  readonly id: string;
  readonly groups: readonly string[];
  readonly operators?: readonly string[] | null;
}

const seed = (text: string): Uint8Array => sha256(utf8(`world/${text}`));

export class World {
  readonly state: State;
  readonly genesis: string;
  readonly leaves: Uint8Array[] = [];
  readonly store = new Map<string, Uint8Array>();
  readonly ledger: Ledger = createLedger();
  /** What it was founded by, for those who found a variant of it. */
  readonly spec: FoundingSpec;
  readonly members: ReadonlyMap<string, FoundingMember>;
  readonly cosigner: AccountKey = accountKeyOf(seed('cosigner'), 'wsh', 'regtest');
  readonly bobs: AccountKey = accountKeyOf(seed('bob'), 'wsh', 'regtest');
  readonly hot: AccountKey = accountKeyOf(seed('hot'), 'wsh', 'regtest');
  /** Signs for `hot-1`: `hot`, but where the options give another. */
  readonly hotKey: HotKey;
  readonly receiptKey: ReceiptKey = receiptKeyOf(seed('receipt'));
  /** The signer of the wallet `hot-2`. */
  readonly secondSigner = {
    wallet: 'hot-2',
    ledger: createLedger(),
    receiptKey: receiptKeyOf(seed('receipt/2')),
    hot: accountKeyOf(seed('hot/2'), 'wpkh', 'regtest'),
  };
  now: Seconds = noon;
  #coins = 0;

  constructor(options: WorldOptions = {}) {
    this.hotKey = options.hotKey ?? new AccountSigner(this.hot.xprv, 'regtest');
    const treasurers = options.treasurers ?? ['alice', 'bob'];
    const groups: readonly (readonly [string, readonly string[]])[] = [
      ['operator', ['operators']],
      ...treasurers.map((id) => [id, ['treasury']] as const),
      ['carol', ['compliance']],
      ['governor-1', ['governors']],
      ['governor-2', ['governors']],
      ['governor-3', ['governors']],
      ['officer', ['security']],
    ];
    const policy = parsePolicyYaml(options.policy ?? policyOf('hot-1'), testZones);
    if (!policy.ok) throw new Error(JSON.stringify(policy.refusal));
    const listed = scriptOfAddress(listedAddress, 'regtest');
    if (!listed.ok) throw new Error('the listed address is one');
    const spec: FoundingSpec = {
      network: options.network ?? 'regtest',
      log: { origin: 'world.example/log', key: receiptKeyOf(seed('log')).publicKey },
      members: [
        ...groups.map(([id, list]) => ({ id, groups: list, operators: null })),
        ...(options.others ?? []),
      ].map(({ id, groups: list, operators = null }) => ({
        id,
        groups: list,
        operators,
        device: { id: 'cli', secretKey: seed(`device/${id}`) },
      })),
      governance: {
        group: 'governors',
        atLeast: options.governorsNeeded ?? 3,
        delaySeconds: options.delaySeconds ?? 0,
      },
      coolDowns: options.coolDowns ?? { deviceSeconds: 0, destinationSeconds: 0 },
      recovery: options.recovery ?? null,
      sentinels: options.sentinels ?? [],
      sentinelsNeeded: options.sentinelsNeeded ?? 0,
      initiators: ['operators'],
      officers: ['security'],
      wallets: [
        ...(options.second === true ? [this.#secondWallet(policy.value)] : []),
        {
          id: 'hot-1',
          hotKey: { ...this.hot, xpub: this.hotKey.xpub },
          ...this.#keysOf(options, treasurers[0] ?? 'alice'),
          signerKey: this.receiptKey.publicKey,
          birth: 0,
          policy: policy.value,
        },
      ],
      destinations: [
        {
          id: 'exchange',
          owner: 'exchange',
          script: toHex(listed.value),
          address: listedAddress,
          tags: [],
        },
      ],
      at: noon - 3600,
    };
    const founded = foundOrganisation(spec);
    if (!founded.ok) throw new Error(JSON.stringify(founded.refusal));
    this.spec = spec;
    this.members = new Map(spec.members.map((member) => [member.id, member]));
    this.genesis = founded.value.genesis;
    this.state = createState(this.genesis);
    for (const line of founded.value.lines) {
      if (line.type === 'blob') this.store.set(line.sha256, line.bytes);
      if (line.type === 'entry') this.append(line.bytes);
    }
  }

  get wallet(): WalletRecord {
    const wallet = this.state.wallets.get('hot-1');
    if (wallet === undefined) throw new Error('the wallet is in force');
    return wallet;
  }

  /** Appends a leaf; the code when it stands there without effect. */
  append(leaf: Uint8Array): RefusalCode | 'applied' | 'missing' {
    const admission = admit(this.state, leaf, { blobs: (sha256) => this.store.get(sha256) });
    if (admission.kind === 'missing') return 'missing';
    advance(this.state, leaf, admission);
    this.leaves.push(leaf);
    return admission.kind === 'apply' ? 'applied' : admission.refusal.code;
  }

  blob(bytes: Uint8Array): string {
    const address = blobAddress(bytes);
    this.store.set(address, bytes);
    return address;
  }

  /** Signs with the member's device and appends. */
  say(statement: Statement, coins: string | null = null): RefusalCode | 'applied' | 'missing' {
    return this.append(entryBytes(this.sign(statement, coins)));
  }

  /** Signs with another key than the member's first device. */
  sayWith(statement: Statement, secretKey: Uint8Array): RefusalCode | 'applied' | 'missing' {
    const signature = toHex(signSchnorr(fromHex(statementDigest(statement)), secretKey));
    return this.append(entryBytes({ type: 'statement', statement, signature, coins: null }));
  }

  sign(statement: Statement, coins: string | null = null): Entry {
    const member = this.members.get(statement.member);
    const secret = member?.device.secretKey ?? seed('nobody');
    const signature = toHex(signSchnorr(fromHex(statementDigest(statement)), secret));
    return { type: 'statement', statement, signature, coins };
  }

  common(member: string, lifetime = 86_400) {
    return {
      org: this.genesis,
      member,
      device: 'cli',
      previous: null,
      log: { size: this.state.tree.size, root: toHex(this.state.tree.root()) },
      issuedAt: formatTime(this.now),
      expiresAt: formatTime(this.now + lifetime),
    };
  }

  /** A coin of the wallet: its previous transaction, stripped, in the blobs. */
  coin(amount: number, index = 0): { parent: Uint8Array; branch: 0; index: number; vout: 0 } {
    this.#coins += 1;
    const transaction = new Transaction();
    transaction.version = 2;
    transaction.addInput(seed(`parent/${String(this.#coins)}`), 0);
    transaction.addOutput(this.wallet.wallet.script(0, index), BigInt(amount));
    const parent = new Uint8Array(transaction.toBuffer());
    this.blob(parent);
    return { parent, branch: 0, index, vout: 0 };
  }

  /** A proposal statement that pays from fresh (or given) coins, with change; its blobs are stored. */
  draft(spend: {
    readonly pays: readonly (readonly [string, number])[];
    readonly fee?: number;
    readonly coins?: readonly ReturnType<World['coin']>[];
  }): { statement: ProposalStatement; coins: string } {
    const { pays, fee = 1_000 } = spend;
    const total = pays.reduce((sum, [, amount]) => sum + amount, fee);
    const coins = spend.coins ?? [this.coin(total + 50_000)];
    const held = coins.reduce((sum, { parent }) => sum + valueOf(parent), 0);
    const outputs = pays.map(([address, amount]) => {
      const script = scriptOfAddress(address, 'regtest');
      if (!script.ok) throw new Error(`no address: ${address}`);
      return { script: script.value, sats: sats(amount) };
    });
    outputs.push({ script: this.wallet.wallet.script(1, 0), sats: sats(held - total) });
    const transaction = buildTransaction({
      inputs: coins.map(({ parent, vout }) => ({
        outpoint: `${txidOf(parent)}:${String(vout)}`,
      })),
      outputs,
      lockTime: 0,
    });
    const view = readSpend(this.wallet.wallet, transaction, coins, { highestChange: 20 });
    if (!view.ok) throw new Error(JSON.stringify(view.refusal));
    this.blob(transaction);
    const claims = coins.map(({ parent, branch, index }) => ({
      parent: blobAddress(parent),
      branch,
      index,
    }));
    const policy = this.state.policies.get('hot-1');
    const statement: ProposalStatement = {
      type: 'proposal',
      ...this.common('operator'),
      network: this.wallet.body.network,
      wallet: { id: 'hot-1', digest: this.wallet.record.digest },
      policy: policy?.digest ?? '',
      charter: this.state.charter?.digest ?? '',
      destinations: this.state.destinations?.digest ?? '',
      kind: 'pay',
      spend: structuredClone(view.value.spend) as ProposalStatement['spend'],
      cancels: null,
      envelope: null,
      initiator: 'operator',
      purposeDigest: textDigest('00'.repeat(16), 'rent'),
      reference: null,
      repeats: null,
    };
    return { statement, coins: this.blob(canonicalBytes(claims)) };
  }

  /** Proposes and returns the record. */
  propose(spend: Parameters<World['draft']>[0]): ProposalRecord {
    const { statement, coins } = this.draft(spend);
    const outcome = this.say(statement, coins);
    if (outcome !== 'applied') throw new Error(`the proposal was not taken: ${outcome}`);
    return this.proposal(statementDigest(statement));
  }

  proposal(found: string): ProposalRecord {
    const proposal = this.state.proposals.get(found);
    if (proposal === undefined) throw new Error('the proposal stands in the log');
    return proposal;
  }

  approval(member: string, proposal: ProposalRecord, over: Partial<ApprovalStatement> = {}) {
    const [holder] = heldKeys(this.wallet, member);
    const key = holder === this.bobs.xpub ? this.bobs : this.cosigner;
    const approve = (over.decision ?? 'approve') === 'approve';
    const statement: ApprovalStatement = {
      type: 'approval',
      ...this.common(member),
      previous: proposal.last.get(member) ?? null,
      proposal: proposal.digest,
      decision: 'approve',
      spend: digest('spend', proposal.statement.spend),
      partialSignatures: holder !== undefined && approve ? this.cosign(proposal, key) : null,
      reasonDigest: approve ? null : textDigest('00'.repeat(16), 'wrong payee'),
      ...over,
    };
    return statement;
  }

  approve(member: string, proposal: ProposalRecord): RefusalCode | 'applied' | 'missing' {
    return this.say(this.approval(member, proposal));
  }

  /** The cosigner's partial signatures as a stored blob. */
  cosign(spend: ProvenSpend, key: AccountKey = this.cosigner): string {
    const { wallet } = this.wallet;
    const keyIndex = wallet.keys.findIndex(({ xpub }) => xpub === key.xpub);
    const signer = new AccountSigner(key.xprv, 'regtest');
    const signatures = signInputs(wallet, spend, {
      keyIndex,
      sign: signer.sign,
    });
    return this.blob(canonicalBytes(signatures));
  }

  /** The next receipt of a signer. */
  receipt(record: ReceiptPart, signer: SignerOf = this): Receipt {
    const { ledger, receiptKey, wallet } = signer;
    const receipt = {
      org: this.genesis,
      wallet: typeof wallet === 'string' ? wallet : wallet.id,
      signer: receiptKey.publicKey,
      epoch: 1,
      position: ledger.position,
      previous: ledger.previous,
      at: formatTime(Math.max(this.now, ledger.at)),
      log: { size: this.state.tree.size, root: toHex(this.state.tree.root()) },
      ...record,
    } as Receipt;
    return receipt;
  }

  post(receipt: Receipt, signer: SignerOf = this): RefusalCode | 'applied' | 'missing' {
    return this.append(entryBytes(this.receiptEntry(receipt, signer)));
  }

  receiptEntry(receipt: Receipt, { receiptKey }: SignerOf = this): Entry {
    const { signature } = receiptKey.sign(receipt);
    return { type: 'receipt', receipt, signature };
  }

  journal(record: ReceiptPart, signer: SignerOf = this): void {
    const receipt = this.receipt(record, signer);
    applyReceipt(signer.ledger, receipt);
    const outcome = this.post(receipt, signer);
    if (outcome !== 'applied') throw new Error(`the receipt was not taken: ${outcome}`);
  }

  /** The signer starts: its first receipt, with the proof of the hot key. */
  start(signer: SignerOf = this): void {
    const id = typeof signer.wallet === 'string' ? signer.wallet : signer.wallet.id;
    const wallet = this.state.wallets.get(id);
    if (wallet === undefined) throw new Error('the wallet is in force');
    const firstAddress = wallet.wallet.address(0, 0);
    const account = new AccountSigner(signer.hot.xprv, 'regtest');
    const { digest: walletDigest } = wallet.root;
    this.journal(
      {
        record: 'started',
        walletDigest,
        firstAddress,
        keyProof: account.proveKey(this.genesis, walletDigest, firstAddress),
      },
      signer,
    );
  }

  /** One round of the second wallet's signer, which holds no coins. */
  secondRound(): void {
    const { state, now, secondSigner } = this;
    const { ledger, wallet } = secondSigner;
    for (const action of decide({ state, ledger, wallet, now, word: nobodysWord })) {
      if (action.record === 'sign') throw new Error('the second wallet signs nothing');
      this.journal(action, secondSigner);
    }
  }

  /** The cosigners of the first wallet, each in its descriptor, and that descriptor where it is another than usual. */
  #keysOf({ wallet }: WorldOptions, first: string): Pick<FoundingWallet, 'cosigners' | 'other'> {
    const alice = { member: first, key: this.cosigner };
    if (wallet === undefined) return { cosigners: [alice] };
    const other = this.#otherWallet(wallet);
    const cosigners = [alice, { member: 'bob', key: this.bobs }];
    return {
      cosigners: cosigners.filter(({ key }) => other.descriptor.includes(key.xpub)),
      other,
    };
  }

  #otherWallet(of: NonNullable<WorldOptions['wallet']>): NonNullable<FoundingWallet['other']> {
    const [hot, alice, bob] = [this.hot, this.cosigner, this.bobs].map(
      ({ expression }) => `${expression}/<0;1>/*`,
    );
    const { body, outside } = of({ hot: hot ?? '', alice: alice ?? '', bob: bob ?? '' });
    return { descriptor: withChecksum(body), outside: outside.map((keys) => [...keys]) };
  }

  #secondWallet(policy: PolicyBody): FoundingWallet {
    const { wallet: id, hot, receiptKey } = this.secondSigner;
    return {
      id,
      hotKey: hot,
      cosigners: [],
      signerKey: receiptKey.publicKey,
      birth: 0,
      policy: { ...policy, wallet: id },
    };
  }

  /** One round of the signer at the world's time. Returns what it did. */
  round(word: Word = nobodysWord): readonly Action[] {
    const done: Action[] = [];
    const { state, ledger, now } = this;
    for (const action of decide({ state, ledger, wallet: 'hot-1', now, word })) {
      done.push(action);
      if (action.record !== 'sign') {
        this.journal(action);
        continue;
      }
      const { record: _, witnesses, ...about } = action;
      const proposal = this.proposal(about.proposal);
      const spend = about.version === undefined ? proposal : proposal.versions[about.version - 1];
      if (spend === undefined) throw new Error('the version stands in the log');
      this.journal({
        record: 'intent',
        ...about,
        ...(witnesses === undefined ? {} : { witnesses }),
      });
      this.journal({ record: 'signed', ...about, signatures: this.cosign(spend, this.hot) });
    }
    return done;
  }

  verdict(proposal: ProposalRecord): Verdict {
    return authorise(this.state, this.ledger, proposal.digest, this.now);
  }
}

function txidOf(parent: Uint8Array): string {
  return Transaction.fromBuffer(parent).getId();
}

function valueOf(parent: Uint8Array): number {
  return Number(Transaction.fromBuffer(parent).outs[0]?.value ?? 0n);
}

/** A world whose signer has started and that holds one proposal of 0.01 BTC. */
export function proposed(world = new World()): {
  readonly world: World;
  readonly proposal: ProposalRecord;
} {
  world.start();
  world.round();
  return { world, proposal: world.propose({ pays: [[strangerAddress, 1_000_000]] }) };
}

/** The whole quorum of the world's policy approves. Throws where an approval is not taken. */
export function approveAll({ world, proposal }: ReturnType<typeof proposed>): void {
  for (const member of ['alice', 'bob', 'carol']) {
    const outcome = world.approve(member, proposal);
    if (outcome !== 'applied') throw new Error(`${member} was not taken: ${outcome}`);
  }
}
