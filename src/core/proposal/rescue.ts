import { assert } from '../base/assert.ts';
import { fromHex } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Sats } from '../base/sats.ts';
import { sats } from '../base/sats.ts';
import { buildTransaction } from '../psbt/build.ts';
import { estimateVbytes } from '../psbt/size.ts';
import type { Coin, Spend, SpendView } from '../psbt/spend.ts';
import { dustSats, outputTypeOf } from '../wallet/output-type.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { incrementSats } from './replacement.ts';

/**
 * Ways out for a signed spend that waits, beside a fee bump inside its envelope: new proposals of their own, with approvals of
 * their own. Both move coins of the wallet back to it and pay nobody.
 */
export interface Rescue {
  /** Unsigned. */
  readonly transaction: Uint8Array;
  /** What it spends, in order. */
  readonly coins: readonly Omit<Coin, 'parent'>[];
  readonly feeSats: Sats;
}

/** Where a rescue goes and what it pays. */
export interface RescueTerms {
  readonly wallet: Wallet;
  /** A script of the wallet's change branch. */
  readonly changeScript: Uint8Array;
  /** Whole satoshi a virtual byte. */
  readonly feeRate: number;
  /** Height of the tip, or 0. */
  readonly lockTime: number;
}

/**
 * Spends all coins of a signed spend back to the wallet, so that only one of both can be confirmed. It pays `feeRate`, more
 * by size than what it takes the place of, and more in whole than all that falls with that: `evictedSats` is the sum of their
 * fees (BIP 125, rules 3 and 4, and Core's 6). Code `fee.unpayable`.
 */
export function planCancel(
  terms: RescueTerms,
  target: SpendView,
  evictedSats: number,
): Result<Rescue> {
  const { wallet, changeScript, feeRate } = terms;
  const vbytes = estimateVbytes(wallet, target.coins.length, [{ script: changeScript }]);
  const fee = Math.max(
    feeRate * vbytes,
    evictedSats + incrementSats(vbytes),
    Math.floor((target.spend.feeSats * vbytes) / target.vbytes) + 1,
  );
  return toOurselves(terms, target.coins, fee);
}

/** Change of a spend that waits: what its child spends. */
export interface WaitingChange {
  /** `txid:vout`. */
  readonly outpoint: string;
  readonly sats: number;
  readonly script: Uint8Array;
  /** On branch 1. */
  readonly index: number;
}

/** The change of a transaction of the wallet, as a child spends it. `txid` as shown. */
export function waitingChange(
  txid: string,
  { outputs }: Pick<Spend, 'outputs'>,
): readonly WaitingChange[] {
  return outputs.flatMap(({ script, sats: amount, change }, vout) =>
    change === undefined
      ? []
      : [
          {
            outpoint: `${txid}:${String(vout)}`,
            sats: amount,
            script: fromHex(script),
            index: change,
          },
        ],
  );
}

/**
 * A child that pays for its parent (CPFP): it spends the parent's change so that both together pay `feeRate` at worst size.
 * Codes: `child.change.none`, `child.fee.enough` where the parent alone pays as much, `fee.unpayable`.
 */
export function planChild(
  terms: RescueTerms,
  parent: Pick<SpendView, 'spend' | 'vbytes'>,
  change: readonly WaitingChange[],
): Result<Rescue> {
  const { wallet, changeScript, feeRate } = terms;
  if (change.length === 0) return refuse('child.change.none');
  const vbytes = estimateVbytes(wallet, change.length, [{ script: changeScript }]);
  const parentFee = parent.spend.feeSats;
  const fee = feeRate * (parent.vbytes + vbytes) - parentFee;
  if (fee <= feeRate * vbytes)
    return refuse('child.fee.enough', {
      feeRate,
      parentRate: Math.floor(parentFee / parent.vbytes),
    });
  const coins = change.map((coin) => ({ ...coin, sats: sats(coin.sats), branch: 1 as const }));
  return toOurselves(terms, coins, fee);
}

function toOurselves(
  { changeScript, feeRate, lockTime }: RescueTerms,
  coins: readonly Omit<Coin, 'parent'>[],
  feeSats: number,
): Result<Rescue> {
  const held = coins.reduce((sum, coin) => sum + Number(coin.sats), 0);
  const left = held - feeSats;
  const type = outputTypeOf(changeScript);
  assert(type !== null, 'change goes to a script of the wallet');
  if (left < Number(dustSats[type])) return refuse('fee.unpayable', { changeSats: held, feeRate });
  const transaction = buildTransaction({
    inputs: coins.map(({ outpoint }) => ({ outpoint })),
    outputs: [{ script: changeScript, sats: sats(left) }],
    lockTime,
  });
  return ok({ transaction, coins, feeSats: sats(feeSats) });
}
