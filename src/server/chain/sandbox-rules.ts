import { Transaction } from 'bitcoinjs-lib';
import { MAX_MONEY_SATS, TRANSACTION_WEIGHT } from '../../core/base/limits.ts';
import { shownHash } from '../../chain/block.ts';
import type { StoredCoin, StoredTransaction } from './sandbox.store.ts';

// The mempool's rules, with the reject texts of Bitcoin Core (src/validation.cpp, src/policy/policy.cpp), so that
// what is learnt on the sandbox holds on a node. Each function returns the text, or null when the rule is kept.

/** BIP 65: below it a lock time is a height, from it on a time. */
const LOCKTIME_THRESHOLD = 500_000_000;
/** BIP 68: a sequence with this bit asks nothing of the coin's age. */
const SEQUENCE_DISABLE = 0x80000000;
const SEQUENCE_SECONDS = 0x00400000;
const SEQUENCE_MASK = 0xffff;
/** BIP 125: an input below it signals that the transaction may be replaced. */
const SEQUENCE_FINAL_REPLACEABLE = 0xfffffffe;
/** Satoshi a virtual byte: below 1 not relayed, above 10,000 (0.1 BTC a thousand) taken for a mistake. */
const RELAY_RATE = 1n;
const MOST_RATE = 10_000n;
/** Transactions that one replacement may throw out (BIP 125, rule 5). */
const MOST_REPLACED = 100;

export function outpointsOf(transaction: Transaction): readonly (readonly [string, number])[] {
  return transaction.ins.map((input) => [shownHash(input.hash), input.index] as const);
}

/** What can be told from the transaction alone. */
export function checkForm(transaction: Transaction): string | null {
  const { ins, outs, version } = transaction;
  if (ins.length === 0) return 'bad-txns-vin-empty';
  if (outs.length === 0) return 'bad-txns-vout-empty';
  if (transaction.isCoinbase()) return 'coinbase';
  let paid = 0n;
  for (const out of outs) {
    if (out.value < 0n) return 'bad-txns-vout-negative';
    if (out.value > MAX_MONEY_SATS) return 'bad-txns-vout-toolarge';
    paid += out.value;
  }
  if (paid > MAX_MONEY_SATS) return 'bad-txns-txouttotal-toolarge';
  const named = new Set(outpointsOf(transaction).map(([txid, vout]) => `${txid}:${vout}`));
  if (named.size !== ins.length) return 'bad-txns-inputs-duplicate';
  if (version < 1 || version > 3) return 'version';
  if (transaction.weight() > TRANSACTION_WEIGHT) return 'tx-size';
  // 64 bytes could pass for a node of the Merkle tree (BIP 54)
  if (transaction.byteLength(false) < 65) return 'tx-size-small';
  return outs.some((out) => out.value < dustSats(out.script)) ? 'dust' : null;
}

/** Bitcoin Core's GetDustThreshold at 3 sat a virtual byte. */
function dustSats(script: Uint8Array): bigint {
  if (script[0] === 0x6a) return 0n; // OP_RETURN can never be spent, so it costs nothing to spend
  const [opcode = 0, length] = script;
  const isWitness =
    script.length >= 4 &&
    script.length <= 42 &&
    (opcode === 0 || (opcode >= 0x51 && opcode <= 0x60)) &&
    length === script.length - 2;
  return BigInt(8 + 1 + script.length + (isWitness ? 67 : 148)) * 3n;
}

/** The coins are there and hold what is paid. Coinbases need no age: all of them are the faucet's. */
export function checkCoins(transaction: Transaction, coins: readonly StoredCoin[]): string | null {
  if (coins.length !== transaction.ins.length) return 'missing-inputs';
  return feeSats(transaction, coins) < 0n ? 'bad-txns-in-belowout' : null;
}

/** Inputs less outputs; below 0 when more is paid than there is. */
export function feeSats(transaction: Transaction, coins: readonly StoredCoin[]): bigint {
  const held = coins.reduce((sum, coin) => sum + coin.sats, 0n);
  return transaction.outs.reduce((left, out) => left - out.value, held);
}

export function checkFee(transaction: Transaction, fee: bigint): string | null {
  const least = BigInt(transaction.virtualSize()) * RELAY_RATE;
  if (fee < least) return `min relay fee not met, ${fee} < ${least}`;
  return fee > BigInt(transaction.virtualSize()) * MOST_RATE ? 'max-fee-exceeded' : null;
}

/**
 * BIP 125: every direct conflict signals, and the newcomer pays more than all it throws out, by its own relay
 * fee, and a better rate than each direct conflict.
 */
export function checkReplacement(
  newcomer: { readonly feeSats: bigint; readonly vsize: number },
  conflicts: readonly StoredTransaction[],
  evicted: readonly StoredTransaction[],
): string | null {
  const { feeSats: fee, vsize } = newcomer;
  const signals = conflicts.every((one) =>
    Transaction.fromBuffer(one.raw).ins.some(
      (input) => input.sequence < SEQUENCE_FINAL_REPLACEABLE,
    ),
  );
  if (!signals) return 'txn-mempool-conflict';
  if (evicted.length > MOST_REPLACED) return 'too many potential replacements';
  const better = conflicts.every((one) => fee * BigInt(one.vsize) > one.feeSats * BigInt(vsize));
  const replaced = evicted.reduce((sum, one) => sum + one.feeSats, 0n);
  if (!better || fee < replaced + BigInt(vsize) * RELAY_RATE) return 'insufficient fee';
  return null;
}

/** The next block's place in time. */
export interface NextBlock {
  readonly height: number;
  /** BIP 113: the median time past of the block before it. */
  readonly medianTimePast: number;
}

/** nLockTime (BIP 113 for times). */
export function checkLockTime(transaction: Transaction, next: NextBlock): string | null {
  const { locktime, ins } = transaction;
  const against = locktime < LOCKTIME_THRESHOLD ? next.height : next.medianTimePast;
  if (locktime < against || locktime === 0) return null;
  return ins.every((input) => input.sequence === 0xffffffff) ? null : 'non-final';
}

/** BIP 68. `coinTimes` holds, for each input, the median time past of the block before its coin's. */
export function checkSequences(
  transaction: Transaction,
  coins: readonly StoredCoin[],
  coinTimes: readonly number[],
  next: NextBlock,
): string | null {
  if (transaction.version < 2) return null;
  for (const [index, { sequence }] of transaction.ins.entries()) {
    if ((sequence & SEQUENCE_DISABLE) !== 0) continue;
    const value = sequence & SEQUENCE_MASK;
    const height = coins[index]?.height ?? next.height;
    const isMet =
      (sequence & SEQUENCE_SECONDS) === 0
        ? height + value <= next.height
        : (coinTimes[index] ?? next.medianTimePast) + value * 512 <= next.medianTimePast;
    if (!isMet) return 'non-BIP68-final';
  }
  return null;
}
