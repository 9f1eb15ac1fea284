import { Transaction } from 'bitcoinjs-lib';
import { equalBytes, reversed, toHex } from '../base/bytes.ts';
import { sha256 } from '../base/digest.ts';
import { SPEND_INPUTS } from '../base/limits.ts';
import type { Seconds } from '../base/time.ts';
import { bumpsOf, createLedger } from '../log/ledger.ts';
import type { AlertRecord, State } from '../log/state.ts';

/**
 * The watchman: of every transaction that spends a coin of a wallet he asks which receipt of its signer explains it. One
 * that none explains was signed by somebody who had the keys and not the policy. He only reads: server and sentinel run him,
 * each on a chain of its own.
 */

/** A transaction as a node showed it. */
export interface SeenTransaction {
  /** With or without its witness. */
  readonly raw: Uint8Array;
  /** The block that holds it; `time` is that of its header, null where it is not known. Null in the mempool. */
  readonly block: { readonly height: number; readonly time: Seconds | null } | null;
}

export interface UnexplainedSpend {
  readonly wallet: string;
  readonly txid: string;
  /** SHA-256 of the transaction without signatures: what a proposal would name. */
  readonly transaction: string;
  /** Coins of the wallet that it spends, in the order of its inputs; at most SPEND_INPUTS of them. */
  readonly outpoints: readonly string[];
  /** Null in the mempool. */
  readonly height: number | null;
}

/** What receipts say of a wallet. */
export interface Guard {
  /** Since when its signer has held it; null while it has not begun, and whatever happens is none of its business. */
  readonly since: (wallet: string) => Seconds | null;
  /** The proposal whose signature may exist and whose transaction, without signatures, has this SHA-256. */
  readonly explains: (wallet: string, transaction: string) => string | undefined;
}

/** What a signer said of itself that may not stand in the log yet. `version` is 0 for what the proposal itself names. */
export interface HandedIntent {
  readonly wallet: string;
  readonly proposal: string;
  readonly version: number;
}

/**
 * How far a block's time may lie before the time at which it was found: it is above the median of the eleven blocks before,
 * which lies an hour back on average. Twice that, so that a theft in the first hour is no history.
 */
const BLOCK_TIME_BEHIND_SECONDS = 7_200;

/**
 * What the receipts in the log explain, and those that signers handed over beside it, of proposals in the log. An intent
 * explains as well as a signature: it says that a signature may exist. The index of a wallet is made when it is first asked
 * for, so that a guard serves one look at many transactions.
 */
export function guardOf(state: State, handed: readonly HandedIntent[] = []): Guard {
  const indexes = new Map<string, ReadonlyMap<string, string>>();
  return {
    since: (wallet) => state.ledgers.get(wallet)?.forced.wallet[0]?.at ?? null,
    explains: (wallet, transaction) => {
      const index = indexes.get(wallet) ?? explainedBy(state, wallet, handed);
      indexes.set(wallet, index);
      return index.get(transaction);
    },
  };
}

/**
 * The spends of watched coins in a transaction that no receipt explains, one for each wallet. `coins` gives the wallet of an
 * outpoint (`txid:vout`). Blocks from before a signer held its wallet are history and pass. Null for bytes that are no
 * transaction.
 */
export function unexplainedSpends(
  { raw, block }: SeenTransaction,
  coins: ReadonlyMap<string, string>,
  guard: Guard,
): readonly UnexplainedSpend[] | null {
  const read = readSpend(raw);
  if (read === null) return null;
  const { txid, transaction } = read;
  const byWallet = new Map<string, string[]>();
  for (const outpoint of read.outpoints) {
    const wallet = coins.get(outpoint);
    if (wallet === undefined) continue;
    const known = byWallet.get(wallet);
    if (known === undefined) byWallet.set(wallet, [outpoint]);
    else if (known.length < SPEND_INPUTS) known.push(outpoint);
  }
  const height = block?.height ?? null;
  return [...byWallet]
    .filter(([wallet]) => isGuarded(guard.since(wallet), block))
    .filter(([wallet]) => guard.explains(wallet, transaction) === undefined)
    .map(([wallet, outpoints]) => ({ wallet, txid, transaction, outpoints, height }));
}

/** The alerts in the log that no receipt has explained since. */
export function standingAlerts(state: State): readonly AlertRecord[] {
  if (state.alerts.size === 0) return [];
  const guard = guardOf(state);
  return [...state.alerts.values()].filter(
    ({ wallet, transaction }) => guard.explains(wallet, transaction) === undefined,
  );
}

/**
 * Whether a wallet was guarded when a block was found, or now in the mempool; before it is history. A time that nobody knows
 * is taken for now: rather one alert too many.
 */
export function isGuarded(since: Seconds | null, block: SeenTransaction['block']): boolean {
  if (since === null) return false;
  const time = block?.time ?? null;
  return time === null || time + BLOCK_TIME_BEHIND_SECONDS >= since;
}

function explainedBy(
  state: State,
  wallet: string,
  handed: readonly HandedIntent[],
): ReadonlyMap<string, string> {
  const index = new Map<string, string>();
  const explain = (proposal: string, version: number): void => {
    const record = state.proposals.get(proposal);
    const view = version === 0 ? record?.view : record?.versions[version - 1]?.view;
    if (record?.statement.wallet.id === wallet && view !== undefined)
      index.set(view.spend.transaction, proposal);
  };
  const ledger = state.ledgers.get(wallet) ?? createLedger();
  for (const proposal of ledger.intents) {
    explain(proposal, 0);
    for (const version of bumpsOf(ledger, proposal).intended) explain(proposal, version);
  }
  for (const intent of handed)
    if (intent.wallet === wallet) explain(intent.proposal, intent.version);
  return index;
}

interface ReadSpend {
  readonly txid: string;
  readonly transaction: string;
  readonly outpoints: readonly string[];
}

/** SHA-256 of a transaction without its signatures, 64 hex digits: what a proposal names. Null for other bytes. */
export function unsignedDigest(raw: Uint8Array): string | null {
  return readSpend(raw)?.transaction ?? null;
}

/** Known by its bytes without signatures, not by its txid: that of a legacy input's spend anybody on the way may change. */
function readSpend(raw: Uint8Array): ReadSpend | null {
  const transaction = parse(raw);
  if (transaction === null) return null;
  const txid = transaction.getId();
  const outpoints = transaction.ins.map(
    ({ hash, index }) => `${toHex(reversed(hash))}:${String(index)}`,
  );
  transaction.stripWitnesses();
  for (const input of transaction.ins) input.script = new Uint8Array();
  return { txid, transaction: toHex(sha256(transaction.toBuffer())), outpoints };
}

function parse(raw: Uint8Array): Transaction | null {
  try {
    const transaction = Transaction.fromBuffer(raw);
    return equalBytes(transaction.toBuffer(), raw) ? transaction : null;
  } catch {
    return null; // the library says no by throwing
  }
}
