import type { Result } from '../core/base/result.ts';
import { refuse } from '../core/base/result.ts';

/** What a node's reject text comes down to. The texts differ between Bitcoin Core, its versions and Knots. */
export type Rejection =
  | 'known-mempool'
  | 'known-confirmed'
  | 'inputs-missing'
  | 'conflict'
  | 'fee-low'
  | 'fee-high'
  | 'dust'
  | 'not-final'
  | 'immature'
  | 'amount'
  | 'script'
  | 'size'
  | 'cluster'
  | 'nonstandard'
  | 'malformed'
  | 'other';

// Matched by prefix, in this order, without case. Both the short reasons of testmempoolaccept and the sentences
// of sendrawtransaction occur.
const prefixes: readonly (readonly [string, Rejection])[] = [
  ['txn-already-in-mempool', 'known-mempool'],
  ['txn-same-nonwitness-data-in-mempool', 'known-mempool'],
  ['txn-already-known', 'known-confirmed'],
  ['transaction already in block chain', 'known-confirmed'],
  ['transaction outputs already in utxo set', 'known-confirmed'],
  ['missing-inputs', 'inputs-missing'],
  ['missing inputs', 'inputs-missing'],
  ['bad-txns-inputs-missingorspent', 'inputs-missing'],
  ['bad-txns-spends-conflicting-tx', 'conflict'],
  ['txn-mempool-conflict', 'conflict'],
  ['replacement-adds-unconfirmed', 'conflict'],
  ['replacement-failed', 'fee-low'],
  ['too many potential replacements', 'conflict'],
  ['insufficient fee', 'fee-low'],
  ['min relay fee not met', 'fee-low'],
  ['mempool min fee not met', 'fee-low'],
  ['mempool full', 'fee-low'],
  ['max-fee-exceeded', 'fee-high'],
  ['fee exceeds maximum', 'fee-high'],
  ['absurdly-high-fee', 'fee-high'],
  ['dust', 'dust'],
  ['non-final', 'not-final'],
  ['non-bip68-final', 'not-final'],
  ['bad-txns-premature-spend-of-coinbase', 'immature'],
  ['bad-txns-in-belowout', 'amount'],
  ['bad-txns-vout', 'amount'],
  ['bad-txns-txouttotal', 'amount'],
  ['bad-txns-inputvalues', 'amount'],
  ['bad-txns-fee', 'amount'],
  ['mempool-script-verify-flag-failed', 'script'],
  ['non-mandatory-script-verify-flag', 'script'],
  ['mandatory-script-verify-flag-failed', 'script'],
  ['block-script-verify-flag-failed', 'script'],
  ['bad-witness-nonstandard', 'nonstandard'],
  ['bad-txns-nonstandard-inputs', 'nonstandard'],
  ['tx-size', 'size'],
  ['bad-txns-oversize', 'size'],
  ['bad-txns-too-many-sigops', 'size'],
  ['too-large-cluster', 'cluster'],
  ['too-long-mempool-chain', 'cluster'],
  ['truc-violation', 'cluster'],
  ['datacarrier', 'nonstandard'],
  ['scriptpubkey', 'nonstandard'],
  ['scriptsig', 'nonstandard'],
  ['bare-multisig', 'nonstandard'],
  ['multi-op-return', 'nonstandard'],
  ['version', 'nonstandard'],
  ['unspendable output exceeds', 'nonstandard'],
  ['tx decode failed', 'malformed'],
  ['bad-txns', 'malformed'],
  ['coinbase', 'malformed'],
];

/** Sorts a node's reject text. What is not in the table is `other`, never a pass. */
export function rejectionOf(reason: string): Rejection {
  const text = reason.toLowerCase();
  return prefixes.find(([prefix]) => text.startsWith(prefix))?.[1] ?? 'other';
}

/** The refusal `chain.rejected` with the node's own text beside our reading of it. */
export function rejected(reason: string): Extract<Result<never>, { ok: false }> {
  return refuse('chain.rejected', { reason: reason.slice(0, 400), mapped: rejectionOf(reason) });
}
