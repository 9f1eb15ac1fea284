import { Transaction } from 'bitcoinjs-lib';
import type { Device, SaltedText, SignedStatement } from '../../../src/client/statements.ts';
import { frameOf, saltText, signStatement } from '../../../src/client/statements.ts';
import type {
  ApprovalStatement,
  DocumentStatement,
  FreezeStatement,
  ProposalStatement,
  Statement,
} from '../../../src/core/approval/statement.ts';
import { fromHex, toHex } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { blobAddress } from '../../../src/core/base/digest.ts';
import { sats } from '../../../src/core/base/sats.ts';
import { currentDocuments } from '../../../src/core/governance/current.ts';
import type {
  CountersignDocument,
  DocumentKind,
  DocumentOf,
} from '../../../src/core/governance/document.ts';
import { documentDigest } from '../../../src/core/governance/document.ts';
import { heldKeys } from '../../../src/core/log/admit-approval.ts';
import { changeReach } from '../../../src/core/log/admit-proposal.ts';
import type { Entry } from '../../../src/core/log/entry.ts';
import type { ProposalRecord, State, WalletRecord } from '../../../src/core/log/state.ts';
import { buildTransaction } from '../../../src/core/psbt/build.ts';
import type { PartialSignature } from '../../../src/core/psbt/signatures.ts';
import { signInputs } from '../../../src/core/psbt/signatures.ts';
import type { SpendView } from '../../../src/core/psbt/spend.ts';
import { readSpend } from '../../../src/core/psbt/spend.ts';
import type { ProvenSpend } from '../../../src/core/psbt/sighash.ts';
import { scriptOfAddress } from '../../../src/core/wallet/network.ts';
import { keyIndexOfXpub } from '../../../src/core/wallet/wallet.ts';
import { AccountSigner } from '../../../src/keys/account-key.ts';
import { passed } from '../../support/psbt.ts';
import type { Organisation } from './organisation.ts';
import { NETWORK } from './organisation.ts';

/** A coin of a wallet: its previous transaction without witness. */
export interface WalletCoin {
  readonly parent: Uint8Array;
  readonly vout: number;
  readonly index: number;
}

export interface SpendPlan {
  readonly coins: readonly WalletCoin[];
  readonly pays: readonly (readonly [address: string, sats: number])[];
  readonly feeSats?: number;
  /** Change goes to this index of the change branch. */
  readonly change?: number;
}

/** A spend that was built without asking any server. */
export interface Crafted {
  readonly wallet: string;
  readonly transaction: Uint8Array;
  readonly view: SpendView;
  /** SHA-256 of the coins blob. */
  readonly coins: string;
  readonly blobs: readonly Uint8Array[];
}

/** What a device signed, as an entry of a log and as a body of the API. */
export interface Said<S extends Statement = Statement> {
  readonly statement: S;
  readonly entry: Extract<Entry, { type: 'statement' }>;
  readonly signed: SignedStatement;
  readonly blobs: readonly Uint8Array[];
  readonly text: SaltedText | null;
}

/** Writes and signs what members say over a state of the log, true or forged: whoever reads it signs what he read. */
export class Desk {
  readonly #organisation: Organisation;
  readonly #state: () => State;
  /** Seconds since 1970 that statements are issued at. */
  clock = (): number => Math.floor(Date.now() / 1000);

  constructor(organisation: Organisation, state: () => State) {
    this.#organisation = organisation;
    this.#state = state;
  }

  get state(): State {
    return this.#state();
  }

  device(member: string): Device {
    const found = this.#organisation.members.get(member)?.device;
    if (found === undefined) throw new Error(`no member ${member}`);
    return { member, device: found.id, secretKey: found.secretKey };
  }

  wallet(id: string): WalletRecord {
    const wallet = this.state.wallets.get(id);
    if (wallet === undefined) throw new Error(`no wallet ${id}`);
    return wallet;
  }

  frame(device: Device, previous: string | null = null) {
    const { tree } = this.state;
    const log = { size: tree.size, root: toHex(tree.root()) };
    const { genesis: org } = this.#organisation;
    return frameOf({ org, device, log, previous, now: this.clock(), validSeconds: 86_400 });
  }

  craft(id: string, plan: SpendPlan): Crafted {
    const { wallet } = this.wallet(id);
    const { coins, pays, feeSats = 1_000, change = 0 } = plan;
    const held = coins.reduce((sum, { parent, vout }) => sum + valueOf(parent, vout), 0);
    const paid = pays.reduce((sum, [, amount]) => sum + amount, feeSats);
    const outputs = pays.map(([address, amount]) => ({
      script: passed(scriptOfAddress(address, NETWORK)),
      sats: sats(amount),
    }));
    if (held > paid) outputs.push({ script: wallet.script(1, change), sats: sats(held - paid) });
    const inputs = coins.map(({ parent, vout }) => ({
      outpoint: `${Transaction.fromBuffer(parent).getId()}:${String(vout)}`,
      sequence: 0xfffffffd, // replaceable, as the server builds them
    }));
    return this.read(id, buildTransaction({ inputs, outputs, lockTime: 0 }), coins);
  }

  /** Reads any transaction of these coins as the fold will. */
  read(id: string, transaction: Uint8Array, coins: readonly WalletCoin[]): Crafted {
    const record = this.wallet(id);
    const claims = coins.map(({ parent, index }) => ({ parent, branch: 0 as const, index }));
    const bounds = { highestChange: changeReach(this.state, record) };
    const view = passed(readSpend(record.wallet, transaction, claims, bounds));
    const list = canonicalBytes(
      claims.map(({ parent, branch, index }) => ({ parent: blobAddress(parent), branch, index })),
    );
    const blobs = [list, transaction, ...new Set(coins.map(({ parent }) => parent))];
    return { wallet: id, transaction, view, coins: blobAddress(list), blobs };
  }

  /** A proposal by the operator, or by whom `over` names as its member. */
  proposal(crafted: Crafted, over: Partial<ProposalStatement> = {}): Said<ProposalStatement> {
    const device = this.device(over.member ?? 'operator');
    const current = currentDocuments(this.state, crafted.wallet);
    const purpose = saltText('drill');
    const statement: ProposalStatement = {
      type: 'proposal',
      ...this.frame(device),
      network: NETWORK,
      wallet: { id: crafted.wallet, digest: current?.wallet.digest ?? '' },
      policy: current?.policy?.digest ?? '',
      charter: current?.charter.digest ?? '',
      destinations: current?.destinations?.digest ?? '',
      kind: 'pay',
      spend: structuredClone(crafted.view.spend) as ProposalStatement['spend'],
      cancels: null,
      envelope: null,
      initiator: device.member,
      purposeDigest: purpose.digest,
      reference: null,
      repeats: null,
      ...over,
    };
    const blobs = crafted.blobs;
    return this.sign(statement, { device, blobs, coins: crafted.coins, text: purpose });
  }

  /** An approval with the partial signatures that the member owes; `over` may make it a no. */
  approval(
    member: string,
    proposal: ProposalRecord,
    over: Partial<ApprovalStatement> & { readonly blob?: Uint8Array | null } = {},
  ): Said<ApprovalStatement> {
    const { blob: given, ...rest } = over;
    const device = this.device(member);
    const { id } = proposal.statement.wallet;
    const isYes = (rest.decision ?? 'approve') === 'approve';
    const owes = isYes && given === undefined && heldKeys(this.wallet(id), member).length > 0;
    const blob = owes ? canonicalBytes(this.cosign(member, proposal)) : (given ?? null);
    const reason = isYes ? null : saltText('drill');
    const statement: ApprovalStatement = {
      type: 'approval',
      ...this.frame(device, proposal.last.get(member) ?? null),
      proposal: proposal.digest,
      decision: 'approve',
      spend: proposal.spendDigest,
      partialSignatures: blob === null ? null : blobAddress(blob),
      reasonDigest: reason?.digest ?? null,
      ...rest,
    };
    return this.sign(statement, { device, blobs: blob === null ? [] : [blob], text: reason });
  }

  /** Partial signatures of every input by a member's key of the proposal's wallet. */
  cosign(
    member: string,
    spend: ProvenSpend & { readonly statement: ProposalStatement },
  ): readonly PartialSignature[] {
    const { id } = spend.statement.wallet;
    return this.cosignBytes(member, id, spend);
  }

  cosignBytes(member: string, id: string, spend: ProvenSpend): readonly PartialSignature[] {
    const { wallet } = this.wallet(id);
    const key = this.#organisation.cosigners.get(`${id}/${member}`);
    const keyIndex = key === undefined ? null : keyIndexOfXpub(wallet, key.xpub);
    if (key === undefined || keyIndex === null) throw new Error(`${member} holds no key of ${id}`);
    const { sign } = new AccountSigner(key.xprv, NETWORK);
    return signInputs(wallet, spend, { keyIndex, sign });
  }

  freeze(
    member: string,
    wallet: string,
    over: Partial<FreezeStatement> = {},
  ): Said<FreezeStatement> {
    const device = this.device(member);
    const reason = saltText('drill');
    const statement: FreezeStatement = {
      type: 'freeze',
      ...this.frame(device),
      wallet,
      action: 'freeze',
      lifts: [],
      reasonDigest: reason.digest,
      ...over,
    };
    return this.sign(statement, { device, blobs: [], text: reason });
  }

  onDocument(
    member: string,
    document: CountersignDocument | string,
    decision: DocumentStatement['decision'] = 'approve',
    device = this.device(member),
  ): Said<DocumentStatement> {
    const statement: DocumentStatement = {
      type: 'document',
      ...this.frame(device),
      document: typeof document === 'string' ? document : documentDigest(document),
      decision,
      firstAddress: null,
      keyProof: null,
    };
    return this.sign(statement, { device, blobs: [], text: null });
  }

  /** The next version of what is in force at a wallet, or of the newest charter and address book. */
  next<K extends DocumentKind>(
    kind: K,
    wallet: string,
    change: (body: DocumentOf<K>['body']) => DocumentOf<K>['body'],
  ): CountersignDocument {
    const current = currentDocuments(this.state, wallet)?.[kind];
    if (current === undefined || current === null) throw new Error(`no ${kind} is in force`);
    const before = current.document as DocumentOf<K>;
    return {
      ...before,
      org: this.#organisation.genesis,
      version: before.version + 1,
      previous: documentDigest(before),
      body: change(structuredClone(before.body) as DocumentOf<K>['body']),
    };
  }

  /** Signs any statement by any device: also one that was changed since. */
  sign<S extends Statement>(
    statement: S,
    rest: {
      readonly device: Device;
      readonly blobs: readonly Uint8Array[];
      readonly text: SaltedText | null;
      readonly coins?: string;
    },
  ): Said<S> {
    const { device, blobs, text, coins = null } = rest;
    const signed = signStatement(statement, device.secretKey);
    const { signature } = signed;
    return {
      statement,
      signed,
      blobs,
      text,
      entry: { type: 'statement', statement, signature, coins },
    };
  }
}

export function valueOf(parent: Uint8Array, vout: number): number {
  return Number(Transaction.fromBuffer(parent).outs[vout]?.value ?? 0n);
}

/** A coin that a wallet never had: its previous transaction is made up. */
export function imaginedCoin(wallet: WalletRecord, number: number, amount: number): WalletCoin {
  const transaction = new Transaction();
  transaction.version = 2;
  transaction.addInput(fromHex(number.toString(16).padStart(64, '0')), 0);
  transaction.addOutput(wallet.wallet.script(0, 0), BigInt(amount));
  return { parent: new Uint8Array(transaction.toBuffer()), vout: 0, index: 0 };
}
