import type { RefusalCode } from '../base/codes.ts';
import type { Refusal, Result } from '../base/result.ts';
import type { Seconds } from '../base/time.ts';
import type {
  ApprovalStatement,
  FreezeStatement,
  ProposalStatement,
} from '../approval/statement.ts';
import type { SignatureCheck } from '../approval/verify.ts';
import { verifyDeviceSignature } from '../approval/verify.ts';
import { assert, unreachable } from '../base/assert.ts';
import type {
  CharterMember,
  CountersignDocument,
  DocumentOf,
  WalletBody,
} from '../governance/document.ts';
import type { Nonces } from '../psbt/nonces.ts';
import type { PartialSignature } from '../psbt/signatures.ts';
import { verifyInputSignature } from '../psbt/signatures.ts';
import type { Coin, SpendView } from '../psbt/spend.ts';
import type { ScreeningRecord } from '../screening.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { admitDocument } from './admit-document.ts';
import type { AddressBook } from './addresses.ts';
import { admitFact } from './admit-fact.ts';
import type { ReceiptCheck } from './admit-receipt.ts';
import { admitReceipt, verifyReceipt } from './admit-receipt.ts';
import { admitStatement } from './admit-statement.ts';
import { admitVersion } from './admit-version.ts';
import type { Entry } from './entry.ts';
import { parseEntry } from './entry.ts';
import type { Ledger } from './ledger.ts';
import { leafHash, MerkleTree } from './merkle.ts';

/**
 * The fold: entries, in the order of the log, become the state. Server, signer, CLI and auditor run this same
 * code over the same leaves, so they agree on everything but the time of day, which is no part of it.
 * An entry that fails a check stands in the log without effect: it never poisons the fold nor blocks another.
 */

export interface DocumentRecord<D extends CountersignDocument = CountersignDocument> {
  readonly digest: string;
  readonly document: D;
  readonly index: number;
  /** Governors who signed it, and with which device. Whether they suffice is governance/steps.ts's question. */
  readonly approvals: Map<string, Signer>;
  /** Governors who vetoed it, and where that is heard. */
  readonly vetoes: Map<string, Hearing>;
  /** Recovery keys that signed it, by their id. */
  readonly recovered: Map<string, Signer>;
  /** Index of the entry by which it came in force at the first signer (version 1: by its signatures), or null. */
  headAt: number | null;
}

/**
 * The wallets at whose signers a "no" counts; null: at all. Who may say it by the newest charter is heard everywhere; who
 * may only by the charter that some signers hold to be in force still, by those: another signer's receipt takes nobody
 * his "no".
 */
export type Hearing = ReadonlySet<string> | null;

/** Who signed: the index of his entry, his device and its key. */
export interface Signer {
  readonly index: number;
  readonly device: string;
  readonly key: string;
}

export interface MemberRecord {
  readonly member: CharterMember;
  /** Devices that confirmed their entry in the charter: the others are inert. */
  readonly confirmed: ReadonlySet<string>;
}

export interface WalletRecord {
  readonly id: string;
  /** Its first version: what its signer was bound to. Network, descriptor and keys never change. */
  readonly root: DocumentRecord<DocumentOf<'wallet'>>;
  /** The newest version that came in force. */
  readonly record: DocumentRecord<DocumentOf<'wallet'>>;
  readonly body: WalletBody;
  readonly wallet: Wallet;
  /** Position of the hot key among the wallet's keys. */
  readonly hotKeyIndex: number;
  /** Key holders who confirmed the first address with their descriptor key: `member/key at 0/0`. */
  readonly confirmedBy: Set<string>;
}

export interface ApprovalRecord {
  readonly digest: string;
  readonly index: number;
  readonly member: string;
  readonly device: string;
  readonly statement: ApprovalStatement;
  readonly partialSignatures: readonly PartialSignature[] | null;
  /** Which key of the descriptor made them. */
  readonly cosignerIndex: number | null;
}

export interface ProposalRecord {
  readonly digest: string;
  readonly index: number;
  readonly name: string;
  readonly statement: ProposalStatement;
  /** Digest of its spend: what approvals name. */
  readonly spendDigest: string;
  readonly signature: string;
  readonly transaction: Uint8Array;
  /** As shown. Of a legacy spend that of the unsigned transaction until it is signed: its signatures are part of it. */
  txid: string;
  readonly coins: readonly Coin[];
  readonly view: SpendView;
  /** Approvals not withdrawn, in the order of the log. */
  approvals: readonly ApprovalRecord[];
  /** Members whose rejection or withdrawal is final. */
  readonly final: Set<string>;
  /** Last statement of each member on this proposal. */
  readonly last: Map<string, string>;
  /** Fee bumps inside the envelope, in order: the first is version 1. */
  versions: readonly VersionRecord[];
  /** Why it can never be signed, and by whose word. */
  ended: { readonly code: RefusalCode; readonly by: string; readonly index: number } | null;
}

/** A fee bump of a signed proposal: the same coins, the same payments, less change. */
export interface VersionRecord {
  /** 1, 2, … */
  readonly version: number;
  readonly index: number;
  readonly transaction: Uint8Array;
  /** As shown; of a legacy spend learnt from its signatures, as the proposal's own. */
  txid: string;
  readonly coins: readonly Coin[];
  readonly view: SpendView;
  /** Digest of its spend: what cosigners name who sign it. */
  readonly spendDigest: string;
  /** Partial signatures of it. They approve nothing: that the proposal did. */
  cosignatures: readonly ApprovalRecord[];
}

export interface FreezeRecord {
  readonly digest: string;
  readonly index: number;
  readonly statement: FreezeStatement;
  readonly heard: Hearing;
  /** Governors who signed that it be lifted. A signer lifts it when they suffice (governance/steps.ts). */
  readonly lifts: Map<string, Signer>;
}

export interface FactRecord {
  /** Of the first version that was handed to the network. */
  readonly broadcastAt: Seconds | null;
  /** Txids handed to the network: of the proposal's own transaction and its versions. */
  readonly broadcasts: readonly string[];
  readonly confirmed: {
    readonly height: number;
    readonly block: string;
    readonly txid: string;
  } | null;
  readonly settledAt: Seconds | null;
}

/** A spend that no receipt explained when it was seen. A later receipt may explain it: ask watch/watchman.ts. */
export interface AlertRecord {
  readonly index: number;
  readonly at: Seconds;
  readonly wallet: string;
  readonly txid: string;
  /** SHA-256 of the transaction without signatures. */
  readonly transaction: string;
  readonly outpoints: readonly string[];
  /** Of the block that held it, or null while only the mempool did. */
  readonly height: number | null;
}

export interface State {
  /** Digest of the genesis charter: pinned, never learnt. */
  readonly genesis: string;
  readonly tree: MerkleTree;
  readonly documents: Map<string, DocumentRecord>;
  /**
   * The newest documents that came in force at any signer (version 1: that enough governors signed). Statements are
   * taken by them; what counts is decided by what is in force at the signer of a wallet (governance/in-force.ts).
   */
  members: ReadonlyMap<string, MemberRecord>;
  /** Keys of devices that confirmed their entry in a charter. */
  readonly confirmed: Set<string>;
  charter: DocumentRecord<DocumentOf<'charter'>> | null;
  destinations: DocumentRecord<DocumentOf<'destinations'>> | null;
  readonly wallets: Map<string, WalletRecord>;
  /** By wallet. */
  readonly policies: Map<string, DocumentRecord<DocumentOf<'policy'>>>;
  readonly proposals: Map<string, ProposalRecord>;
  /** Digests of every statement that took effect. */
  readonly statements: Set<string>;
  readonly freezes: FreezeRecord[];
  /** By wallet: its signer's receipts in the log. */
  readonly ledgers: Map<string, Ledger>;
  readonly facts: Map<string, FactRecord>;
  /** By proposal, the newest answer of the screening service. */
  readonly screenings: Map<string, ScreeningRecord>;
  /** By `wallet/txid`. */
  readonly alerts: Map<string, AlertRecord>;
  /** Of every signature by a key of a wallet that took effect. */
  readonly nonces: Nonces;
  /** Hot keys' signatures that share their nonce with an earlier one: the key is lost. */
  readonly leaks: LeakRecord[];
  /** By wallet: receive addresses that were asked for. */
  readonly addresses: Map<string, AddressBook>;
}

/** A blob by its SHA-256, or undefined. Who follows the log fetches and hashes blobs before the fold asks. */
export type BlobSource = (sha256: string) => Uint8Array | undefined;

export interface FoldTools {
  readonly blobs: BlobSource;
  /** Check of devices' signatures; a caller may pass a memo of {@link verifyDeviceSignature}, or put it off as below. */
  readonly verify?: SignatureCheck;
  /**
   * Ed25519 check of receipts. A caller may pass a faster one that says of any entry what {@link verifyReceipt} says, or put
   * it off where nothing comes of the fold before he has made sure.
   */
  readonly verifyReceipt?: ReceiptCheck;
  /** Check of a hot key's signature of an input, as {@link verifyInputSignature}; put off likewise. */
  readonly verifyInput?: SignatureCheck;
  /** How leaves are read; a caller may pass a shorter way where {@link parseEntry} has read the same leaves before. */
  readonly parse?: typeof parseEntry;
}

/** A signature of a hot key from which, with that of another proposal, its private key can be computed. */
export interface LeakRecord {
  readonly index: number;
  readonly wallet: string;
  readonly proposal: string;
  /** The proposal of the earlier signature. */
  readonly earlier: string;
}

/** What an entry would do. `skip` stands in a log without effect; a server refuses to number it. */
export type Admission =
  | { readonly kind: 'apply'; readonly entry: Entry; readonly effect: (index: number) => void }
  | { readonly kind: 'skip'; readonly refusal: Refusal }
  | { readonly kind: 'missing'; readonly blob: string };

/** The state before the first entry of the organisation whose genesis digest is given. */
export function createState(genesis: string): State {
  return {
    genesis,
    tree: new MerkleTree(),
    documents: new Map(),
    members: new Map(),
    confirmed: new Set(),
    charter: null,
    destinations: null,
    wallets: new Map(),
    policies: new Map(),
    proposals: new Map(),
    statements: new Set(),
    freezes: [],
    ledgers: new Map(),
    facts: new Map(),
    screenings: new Map(),
    alerts: new Map(),
    nonces: new Map(),
    leaks: [],
    addresses: new Map(),
  };
}

/**
 * What the leaf would do to the state, which stays as it is. A refusal's code is that of the first check that
 * failed. `missing` names a blob that the caller must bring before he asks again.
 */
export function admit(state: State, leaf: Uint8Array, tools: FoldTools): Admission {
  return admitParsed(state, (tools.parse ?? parseEntry)(leaf), tools);
}

/** As {@link admit}, of a leaf that was parsed already. */
export function admitParsed(state: State, parsed: Result<Entry>, tools: FoldTools): Admission {
  if (!parsed.ok) return { kind: 'skip', refusal: parsed.refusal };
  const entry = parsed.value;
  try {
    const admitted = admitEntry(state, entry, tools);
    if (!admitted.ok) return { kind: 'skip', refusal: admitted.refusal };
    return { kind: 'apply', entry, effect: admitted.value };
  } catch (error) {
    if (error instanceof MissingBlob) return { kind: 'missing', blob: error.sha256 };
    throw error;
  }
}

/** A blob is asked for where its content is read: an entry that fails before cannot stop a fold by naming one. */
function admitEntry(state: State, entry: Entry, tools: FoldTools): ReturnType<typeof admitFact> {
  const blobs: BlobSource = (sha256) => {
    const bytes = tools.blobs(sha256);
    if (bytes === undefined) throw new MissingBlob(sha256);
    return bytes;
  };
  switch (entry.type) {
    case 'document':
      return admitDocument(state, entry, blobs);
    case 'statement':
      return admitStatement(state, entry, { blobs, verify: tools.verify ?? verifyDeviceSignature });
    case 'receipt':
      return admitReceipt(state, entry, {
        blobs,
        verify: tools.verifyReceipt ?? verifyReceipt,
        verifyInput: tools.verifyInput ?? verifyInputSignature,
        verifyDevice: tools.verify ?? verifyDeviceSignature,
      });
    case 'version':
      return admitVersion(state, entry, blobs);
    case 'fact':
      return admitFact(state, entry.fact);
    default:
      return unreachable(entry);
  }
}

/** Not the entry's fault, so no refusal: the fold waits for the blob. */
class MissingBlob extends Error {
  constructor(readonly sha256: string) {
    super(`no blob ${sha256}`);
  }
}

/**
 * Adds the leaf to the tree and lets the admission take effect. Requires that `admission` was made by
 * {@link admit} of this leaf in this very state. Returns the index of the entry.
 */
export function advance(state: State, leaf: Uint8Array, admission: Admission): number {
  assert(admission.kind !== 'missing', 'a missing blob is fetched before the fold goes on');
  const index = state.tree.size;
  state.tree.append(leafHash(leaf));
  if (admission.kind === 'apply') admission.effect(index);
  return index;
}
