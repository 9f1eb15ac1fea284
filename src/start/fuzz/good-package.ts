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
import { entryBytes } from '../../core/log/entry.ts';
import type { ProposalRecord, State, WalletRecord } from '../../core/log/state.ts';
import { admit, advance, createState } from '../../core/log/state.ts';
import { parsePolicyYaml } from '../../core/policy/yaml.ts';
import { buildTransaction } from '../../core/psbt/build.ts';
import { signInputs } from '../../core/psbt/signatures.ts';
import { readSpend } from '../../core/psbt/spend.ts';
import { addressOfScript } from '../../core/wallet/network.ts';
import { emptyLog, frameOf } from '../../client/statements.ts';
import { zoneOf } from '../../client/time-zone.ts';
import { accountKeyOf, AccountSigner } from '../../keys/account-key.ts';
import { receiptKeyOf } from '../../signer/receipt-key.ts';
import type { FoundingMember } from '../founding.ts';
import { foundOrganisation } from '../founding.ts';
import type { Parcel } from './mutate-parcel.ts';

/** The package that the mutation run changes: an organisation whose signer would sign one payment. Its keys are worthless. */

/** When the signer starts. */
export const START: Seconds = 1_790_000_000;
/** Of the policy. */
export const DELAY = 60;
const FEE = 2_000;
const seed = (text: string): Uint8Array => sha256(utf8(`fuzz/package/${text}`));

const policyText = `
policy: hot-1
timezone: Asia/Tokyo
limits:
  - { name: per payment, amount: 1 BTC, per: transaction }
  - { name: daily, amount: 2 BTC, per: 24h }
fees: { rate: 100 sat/vB, share: 50%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: payments
    when: { destinations: { any: [listed, unlisted] } }
    require:
      approvals: { all: [{ from: treasury, atLeast: 2 }, { from: compliance, atLeast: 1 }] }
      delay: ${String(DELAY)}s
`;

const member = (id: string, group: string): FoundingMember => ({
  id,
  groups: [group],
  operators: null,
  device: { id: 'cli', secretKey: seed(id) },
});
const people = {
  operator: member('operator', 'operators'),
  alice: member('alice', 'treasury'),
  bob: member('bob', 'treasury'),
  carol: member('carol', 'compliance'),
  first: member('governor-1', 'governors'),
  second: member('governor-2', 'governors'),
  third: member('governor-3', 'governors'),
  officer: member('officer', 'officers'),
};

/** The signer's key. */
export const receiptPublic = receiptKeyOf(seed('receipts')).publicKey;

/** What is approved in the good package, and who signs it. */
export interface Good {
  readonly genesis: string;
  readonly parcel: Parcel;
  readonly wallet: WalletRecord;
  readonly approved: ProposalRecord;
  readonly sign: AccountSigner;
}

/** Builds the good package: one payment that the whole quorum approved, one that half of it did. */
class Builder {
  readonly entries: Uint8Array[] = [];
  readonly blobs = new Map<string, Uint8Array>();
  readonly state: State;
  readonly genesis: string;
  readonly hot = accountKeyOf(seed('hot'), 'wsh', 'regtest');
  readonly #cosigner = accountKeyOf(seed('cosigner'), 'wsh', 'regtest');

  constructor() {
    const policy = parsePolicyYaml(policyText, zoneOf);
    assert(policy.ok, 'the policy is one');
    const listed = fromHex(`0014${'5a'.repeat(20)}`);
    const founded = foundOrganisation({
      network: 'regtest',
      log: { origin: 'countersign.example/fuzz', key: receiptKeyOf(seed('log')).publicKey },
      members: Object.values(people),
      governance: { group: 'governors', atLeast: 3, delaySeconds: 0 },
      coolDowns: { deviceSeconds: 0, destinationSeconds: 0 },
      recovery: null,
      initiators: ['operators'],
      officers: ['officers'],
      wallets: [
        {
          ...{ id: 'hot-1', hotKey: this.hot, signerKey: receiptPublic, birth: 0 },
          cosigners: [{ member: 'alice', key: this.#cosigner }],
          policy: policy.value,
        },
      ],
      destinations: [
        {
          ...{ id: 'exchange', owner: 'exchange', tags: [] },
          script: toHex(listed),
          address: addressOfScript(listed, 'regtest') ?? '',
        },
      ],
      at: START - 3_600,
    });
    assert(founded.ok, `the organisation folds: ${founded.ok ? '' : founded.refusal.code}`);
    this.genesis = founded.value.genesis;
    this.state = createState(this.genesis);
    for (const line of founded.value.lines) {
      if (line.type === 'blob') this.blobs.set(line.sha256, line.bytes);
      if (line.type === 'entry') this.#append(line.bytes);
    }
  }

  get wallet(): WalletRecord {
    const wallet = this.state.wallets.get('hot-1');
    assert(wallet !== undefined, 'the wallet is in force');
    return wallet;
  }

  propose(number: number, amount: number, approvers: readonly FoundingMember[]): ProposalRecord {
    const { view, coins } = this.#spend(number, amount);
    const head = (name: 'charter' | 'destinations') => this.state[name]?.digest ?? '';
    const statement: ProposalStatement = {
      type: 'proposal',
      ...this.#frame(people.operator),
      network: 'regtest',
      wallet: { id: 'hot-1', digest: this.wallet.record.digest },
      policy: this.state.policies.get('hot-1')?.digest ?? '',
      charter: head('charter'),
      destinations: head('destinations'),
      kind: 'pay',
      spend: structuredClone(view.spend) as ProposalStatement['spend'],
      cancels: null,
      envelope: null,
      initiator: 'operator',
      purposeDigest: textDigest('00'.repeat(16), 'rent'),
      reference: `FUZZ-${String(number)}`,
      repeats: null,
    };
    this.#say(statement, people.operator, coins);
    const proposal = this.state.proposals.get(statementDigest(statement));
    assert(proposal !== undefined, 'the proposal stands');
    for (const by of approvers) this.#approve(proposal, by);
    return proposal;
  }

  #approve(proposal: ProposalRecord, by: FoundingMember): void {
    const cosigns = by.id === 'alice';
    const { wallet } = this.wallet;
    const keyIndex = wallet.keys.findIndex(({ xpub }) => xpub === this.#cosigner.xpub);
    const signer = new AccountSigner(this.#cosigner.xprv, 'regtest');
    const blob = cosigns
      ? this.#blob(canonicalBytes(signInputs(wallet, proposal, { keyIndex, sign: signer.sign })))
      : null;
    const statement: ApprovalStatement = {
      type: 'approval',
      ...this.#frame(by),
      proposal: proposal.digest,
      decision: 'approve',
      spend: digest('spend', proposal.statement.spend),
      partialSignatures: blob,
      reasonDigest: null,
    };
    this.#say(statement, by, null);
  }

  #frame(by: FoundingMember) {
    const { tree } = this.state;
    const log = tree.size === 0 ? emptyLog : { size: tree.size, root: toHex(tree.root()) };
    return frameOf({
      ...{ org: this.genesis, device: { member: by.id, device: 'cli' }, log },
      ...{ previous: null, now: START - 600, validSeconds: 86_400 },
    });
  }

  #spend(number: number, amount: number) {
    const { wallet } = this.wallet;
    const coin = (vout: number) => {
      const parent = new Transaction();
      parent.version = 2;
      parent.addInput(seed(`coin ${String(number)}/${String(vout)}`), 0);
      parent.addOutput(wallet.script(0, vout), BigInt(amount / 2 + FEE + 500_000));
      const bytes = new Uint8Array(parent.toBuffer());
      this.#blob(bytes);
      return { parent: bytes, branch: 0 as const, index: vout, txid: parent.getId() };
    };
    const coins = [coin(0), coin(1)];
    const transaction = buildTransaction({
      inputs: coins.map(({ txid }) => ({ outpoint: `${txid}:0` })),
      outputs: [
        { script: fromHex(`0014${'5a'.repeat(20)}`), sats: sats(amount) },
        { script: wallet.script(1, number), sats: sats(1_000_000) },
      ],
      lockTime: 0,
    });
    const view = readSpend(wallet, transaction, coins, { highestChange: 20 });
    assert(view.ok, 'a spend of the wallet');
    this.#blob(transaction);
    const claims = coins.map(({ parent, branch, index }) => ({
      ...{ parent: blobAddress(parent), branch, index },
    }));
    return { view: view.value, coins: this.#blob(canonicalBytes(claims)) };
  }

  #say(statement: Statement, by: FoundingMember, coins: string | null): void {
    const signature = toHex(signSchnorr(fromHex(statementDigest(statement)), by.device.secretKey));
    this.#append(entryBytes({ type: 'statement', statement, signature, coins }));
  }

  #blob(bytes: Uint8Array): string {
    const name = blobAddress(bytes);
    this.blobs.set(name, bytes);
    return name;
  }

  #append(leaf: Uint8Array): void {
    const admission = admit(this.state, leaf, { blobs: (name) => this.blobs.get(name) });
    assert(admission.kind === 'apply', 'the good package has no entry without effect');
    advance(this.state, leaf, admission);
    this.entries.push(leaf);
  }
}

/** The same package each time. */
export function makeGood(): Good {
  const builder = new Builder();
  const { alice, bob, carol } = people;
  const approved = builder.propose(1, 10_000_000, [alice, bob, carol]);
  builder.propose(2, 30_000_000, [alice, bob]);
  return {
    genesis: builder.genesis,
    parcel: { entries: builder.entries, blobs: builder.blobs },
    wallet: builder.wallet,
    approved,
    sign: new AccountSigner(builder.hot.xprv, 'regtest'),
  };
}
