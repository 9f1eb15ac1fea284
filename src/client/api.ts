import { toBase64 } from '../core/base/bytes.ts';
import type { Result } from '../core/base/result.ts';
import type { LabelRecord } from '../core/wallet/labels.ts';
import type { PolicyBody } from '../core/policy/body.ts';
import type { z } from 'zod';
import type {
  ApprovedAnswer,
  BumpedAnswer,
  DraftAnswer,
  FrozenAnswer,
  OrganisationAnswer,
  ProposalAnswer,
  ProposedAnswer,
  ReadinessAnswer,
  ReconciliationAnswer,
  ShadowAnswer,
  WalletAnswer,
} from './answers.ts';
import {
  acceptedAnswer,
  approvedAnswer,
  bumpedAnswer,
  draftAnswer,
  frozenAnswer,
  organisationAnswer,
  proposalAnswer,
  proposedAnswer,
  readinessAnswer,
  reconciliationAnswer,
  sessionAnswer,
  shadowAnswer,
  walletAnswer,
} from './answers.ts';
import type {
  BlastAnswer,
  CheckAnswer,
  DiffAnswer,
  ExplainAnswer,
  ReplayAnswer,
} from './analysis-answers.ts';
import {
  blastAnswer,
  checkAnswer,
  diffAnswer,
  explainAnswer,
  replayAnswer,
} from './analysis-answers.ts';
import type {
  CoinsAnswer,
  FrozenCoinAnswer,
  FrozenCoinsAnswer,
  LabelledAnswer,
  LabelsAnswer,
  RescanAnswer,
} from './coin-answers.ts';
import {
  coinsAnswer,
  frozenCoinAnswer,
  frozenCoinsAnswer,
  labelledAnswer,
  labelsAnswer,
  rescanAnswer,
} from './coin-answers.ts';
import type { AddressesAnswer, AskedAnswer, DepositsAnswer } from './deposit-answers.ts';
import { addressesAnswer, askedAnswer, depositsAnswer } from './deposit-answers.ts';
import type { Http } from './http.ts';
import type { LogReader } from './log-reader.ts';
import { httpLogReader } from './log-reader.ts';
import type { SaltedText, SignedStatement } from './statements.ts';

export type DraftRequest = {
  readonly wallet: string;
  readonly purpose: string;
  readonly reference?: string;
  /** The most fee of the proposal's envelope. */
  readonly feeSatsMax?: number;
} & (
  | { readonly cancels: string; readonly feeRate?: number }
  | { readonly childOf: string; readonly feeRate?: number }
  | {
      readonly payments: readonly { readonly address: string; readonly sats: number }[];
      /** Satoshi a virtual byte. */
      readonly feeRate?: number;
    }
  | {
      /** Merges small coins; what is left out the server fills in. */
      readonly consolidate: {
        readonly ceilingRate?: number;
        readonly mostInputs?: number;
        readonly mostCoinSats?: number;
        readonly refresh?: boolean;
      };
      readonly feeRate?: number;
    }
  | { readonly psbt: string }
);

/** A policy at a wallet; left out: the one in force there. */
export interface PolicyAsked {
  readonly wallet: string;
  readonly policy?: PolicyBody;
}

/** A receipt as it is posted: exact bytes, signature, and the blob that `signed` names. */
export interface PostedReceipt {
  readonly receipt: string;
  readonly signature: string;
  readonly blobs: readonly Uint8Array[];
}

/** The calls of the HTTP API. Every call returns the server's refusal as a value and throws faults. */
export class Api {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  log(): LogReader {
    return httpLogReader(this.#http);
  }

  openSession(signed: SignedStatement): Promise<Result<z.infer<typeof sessionAnswer>>> {
    return this.#post('/v1/sessions', bodyOf(signed), sessionAnswer);
  }

  organisation(): Promise<Result<OrganisationAnswer>> {
    return this.#get('/v1/organisation', organisationAnswer);
  }

  /** Open to anybody: it needs no session. Throws a fault while the server can write nothing down. */
  readiness(): Promise<Result<ReadinessAnswer>> {
    return this.#get('/readyz', readinessAnswer);
  }

  wallet(id: string): Promise<Result<WalletAnswer>> {
    return this.#get(walletPath(id), walletAnswer);
  }

  /**
   * Asks for a receive address. `request` is made up by this device; the same one again gets the same address. What comes
   * back must not be used before the log holds the signer's attestation.
   */
  askAddress(
    wallet: string,
    asked: { readonly request: string; readonly label?: string },
  ): Promise<Result<AskedAnswer>> {
    return this.#post(`${walletPath(wallet)}/addresses`, asked, askedAnswer);
  }

  /** A page of the receive addresses that were asked for. */
  addresses(wallet: string, cursor: string | null): Promise<Result<AddressesAnswer>> {
    return this.#get(pagePath(wallet, 'addresses', cursor), addressesAnswer);
  }

  /** A page of what was paid to a wallet, the newest first. */
  deposits(wallet: string, cursor: string | null): Promise<Result<DepositsAnswer>> {
    return this.#get(pagePath(wallet, 'deposits', cursor), depositsAnswer);
  }

  /** A page of the coins that a draft may take, and of the frozen among them. */
  coins(wallet: string, cursor: string | null): Promise<Result<CoinsAnswer>> {
    return this.#get(pagePath(wallet, 'coins', cursor), coinsAnswer);
  }

  /** A page of the frozen coins, those that a proposal holds among them. */
  frozenCoins(wallet: string, cursor: string | null): Promise<Result<FrozenCoinsAnswer>> {
    return this.#get(pagePath(wallet, 'coins/frozen', cursor), frozenCoinsAnswer);
  }

  freezeCoin(
    wallet: string,
    word: { readonly outpoint: string; readonly frozen: boolean; readonly reason: string },
  ): Promise<Result<FrozenCoinAnswer>> {
    return this.#post(`${walletPath(wallet)}/coins/frozen`, word, frozenCoinAnswer);
  }

  rescan(
    wallet: string,
    next: { readonly receive: number; readonly change: number },
  ): Promise<Result<RescanAnswer>> {
    return this.#post(`${walletPath(wallet)}/rescan`, next, rescanAnswer);
  }

  labels(wallet: string, cursor: string | null): Promise<Result<LabelsAnswer>> {
    return this.#get(pagePath(wallet, 'labels', cursor), labelsAnswer);
  }

  /** LABELS_POSTED records at most. */
  putLabels(wallet: string, labels: readonly LabelRecord[]): Promise<Result<LabelledAnswer>> {
    return this.#post(`${walletPath(wallet)}/labels`, { labels }, labelledAnswer);
  }

  /** A wallet's day, `YYYY-MM-DD`; left out: today. */
  reconciliation(wallet: string, day?: string): Promise<Result<ReconciliationAnswer>> {
    const query = day === undefined ? '' : `?day=${encodeURIComponent(day)}`;
    const path = `/v1/wallets/${encodeURIComponent(wallet)}/reconciliation${query}`;
    return this.#get(path, reconciliationAnswer);
  }

  /** The policy that the server judges beside the one in force, and on what it says otherwise. */
  shadow(wallet: string): Promise<Result<ShadowAnswer>> {
    return this.#get(shadowPath(wallet), shadowAnswer);
  }

  attachShadow(wallet: string, policy: PolicyBody): Promise<Result<ShadowAnswer>> {
    return this.#post(shadowPath(wallet), { policy }, shadowAnswer);
  }

  clearShadow(wallet: string): Promise<Result<ShadowAnswer>> {
    return this.#http.json({ method: 'DELETE', path: shadowPath(wallet) }, shadowAnswer);
  }

  /** Analyses of policies by what is in force at a wallet's signer. */
  checkPolicy(asked: PolicyAsked): Promise<Result<CheckAnswer>> {
    return this.#post('/v1/policies/check', asked, checkAnswer);
  }

  explainPolicy(asked: PolicyAsked & { readonly spend: object }): Promise<Result<ExplainAnswer>> {
    return this.#post('/v1/policies/explain', asked, explainAnswer);
  }

  /** Without `before`, against the policy in force. */
  diffPolicies(asked: {
    readonly wallet: string;
    readonly before?: PolicyBody;
    readonly after: PolicyBody;
  }): Promise<Result<DiffAnswer>> {
    return this.#post('/v1/policies/diff', asked, diffAnswer);
  }

  blastRadius(
    asked: PolicyAsked & {
      readonly windowSeconds?: number;
      readonly upTo?: number;
      readonly unlockers?: readonly string[];
    },
  ): Promise<Result<BlastAnswer>> {
    return this.#post('/v1/policies/blast-radius', asked, blastAnswer);
  }

  /** How the past proposals of a wallet would have fared under a policy. */
  replayPolicy(asked: {
    readonly wallet: string;
    readonly policy: PolicyBody;
  }): Promise<Result<ReplayAnswer>> {
    return this.#post('/v1/policies/replay', asked, replayAnswer);
  }

  /** The server's selection of coins: a suggestion, decoded and compared before anything is signed. */
  draft(request: DraftRequest): Promise<Result<DraftAnswer>> {
    return this.#post('/v1/drafts', request, draftAnswer);
  }

  /** Gives the coins of an own draft back. */
  releaseDraft(draft: string): Promise<Result<unknown>> {
    const path = `/v1/drafts/${encodeURIComponent(draft)}`;
    return this.#http.json({ method: 'DELETE', path }, acceptedAnswer);
  }

  propose(
    signed: SignedStatement,
    rest: {
      readonly blobs: readonly Uint8Array[];
      /** SHA-256 of the coins blob. */
      readonly coins: string;
      readonly purpose: SaltedText;
    },
  ): Promise<Result<ProposedAnswer>> {
    const { salt, text } = rest.purpose;
    const body = { ...bodyOf(signed, rest.blobs), coins: rest.coins, purpose: { salt, text } };
    return this.#post('/v1/proposals', body, proposedAnswer);
  }

  /** Lays a fee bump of a signed proposal into the log. */
  bump(digest: string, feeRate: number | undefined): Promise<Result<BumpedAnswer>> {
    const body = feeRate === undefined ? {} : { feeRate };
    return this.#post(`/v1/proposals/${digest}/versions`, body, bumpedAnswer);
  }

  proposal(digest: string): Promise<Result<ProposalAnswer>> {
    return this.#get(`/v1/proposals/${digest}`, proposalAnswer);
  }

  /** Approves, rejects or withdraws, as the statement says. */
  approve(
    signed: SignedStatement,
    rest: { readonly blobs: readonly Uint8Array[]; readonly reason: SaltedText | null },
  ): Promise<Result<ApprovedAnswer>> {
    const body = { ...bodyOf(signed, rest.blobs), reason: textOf(rest.reason) };
    return this.#post('/v1/approvals', body, approvedAnswer);
  }

  freeze(signed: SignedStatement, reason: SaltedText): Promise<Result<FrozenAnswer>> {
    const body = { ...bodyOf(signed), reason: textOf(reason) };
    return this.#post('/v1/freezes', body, frozenAnswer);
  }

  /** A document of version 1, as exact canonical JSON; its signatures follow by {@link signDocument}. */
  publishDocument(document: string): Promise<Result<unknown>> {
    return this.#post('/v1/documents', { document }, acceptedAnswer);
  }

  signDocument(signed: SignedStatement): Promise<Result<unknown>> {
    return this.#post('/v1/statements', bodyOf(signed), acceptedAnswer);
  }

  broadcast(proposal: string): Promise<Result<unknown>> {
    return this.#post(`/v1/proposals/${proposal}/broadcast`, {}, acceptedAnswer);
  }

  postReceipts(receipts: readonly PostedReceipt[]): Promise<Result<unknown>> {
    const posted = receipts.map(({ receipt, signature, blobs }) => ({
      receipt,
      signature,
      blobs: blobs.map(toBase64),
    }));
    return this.#post('/v1/receipts', { receipts: posted }, acceptedAnswer);
  }

  /** The log with its blobs as a package, from an entry on, in chunks. */
  evidence(from = 0): Promise<Result<AsyncIterable<Uint8Array>>> {
    const query = from === 0 ? '' : `?from=${String(from)}`;
    return this.#http.stream({ method: 'GET', path: `/v1/evidence${query}` });
  }

  mineSandbox(blocks: number): Promise<Result<unknown>> {
    return this.#post('/v1/sandbox/blocks', { count: blocks }, acceptedAnswer);
  }

  fundSandbox(wallet: string, sats: number): Promise<Result<unknown>> {
    return this.#post('/v1/sandbox/funds', { wallet, sats }, acceptedAnswer);
  }

  #get<T>(path: string, schema: z.ZodType<T>): Promise<Result<T>> {
    return this.#http.json({ method: 'GET', path }, schema);
  }

  #post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<Result<T>> {
    return this.#http.json({ method: 'POST', path, body }, schema);
  }
}

function walletPath(wallet: string): string {
  return `/v1/wallets/${encodeURIComponent(wallet)}`;
}

function shadowPath(wallet: string): string {
  return `${walletPath(wallet)}/shadow`;
}

function pagePath(wallet: string, list: string, cursor: string | null): string {
  const from = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  return `${walletPath(wallet)}/${list}?limit=200${from}`;
}

function bodyOf(signed: SignedStatement, blobs: readonly Uint8Array[] = []) {
  const { statement, signature } = signed;
  return { statement, signature, blobs: blobs.map(toBase64) };
}

function textOf(text: SaltedText | null): SaltedText | null {
  return text === null ? null : { salt: text.salt, text: text.text };
}
