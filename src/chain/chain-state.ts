import type { RefusalCode } from '../core/base/codes.ts';
import type { Facts, Refusal } from '../core/base/result.ts';
import type { Network } from '../core/wallet/network.ts';
import type { ChainTip } from './chain-view.ts';

/** What was found when the chain was looked at last. */
export interface ChainLook {
  readonly tip: ChainTip;
  /** Nodes that ours is connected to; null where it was not asked. */
  readonly peers: number | null;
  /** Blocks up to the tip that some wallet has not been read in. */
  readonly unread: number;
  /** Height of the block that was read last; -1 before the first. */
  readonly read: number;
  /** How long the node took to answer. */
  readonly tookMs: number;
}

export interface StateQuestion {
  readonly network: Network;
  /** Seconds since 1970. */
  readonly now: number;
  /** Age of the tip from which it counts as stale, in seconds; 0: never. */
  readonly tipAgeSeconds: number;
}

/** Age from which a tip is stale: on the main network it happens once in years that no block is found for two hours. */
const TIP_AGE_SECONDS = 7_200;
/** A header comes before its block, and a new block is read within seconds: more than this is behind. */
const BEHIND_BLOCKS = 2;
/** An answer that takes longer is worth a look at the node. */
const SLOW_MS = 5_000;

/** A chain that is mined on demand, by one node: its age and its peers say nothing. */
export function isOnDemand(network: Network): boolean {
  return network === 'regtest' || network === 'sandbox';
}

/** The age of a stale tip, where nobody configured another. */
export function defaultTipAge(network: Network): number {
  return isOnDemand(network) ? 0 : TIP_AGE_SECONDS;
}

/**
 * Why nothing may be drafted or broadcast on what is known of the chain, or null. Codes: `chain.syncing`, `chain.alone`,
 * `chain.stale`, `chain.behind`.
 */
export function troubleOf(
  { tip, peers, unread, read }: ChainLook,
  { network, now, tipAgeSeconds }: StateQuestion,
): Refusal | null {
  const { height } = tip;
  // A fresh regtest chain is old and has one node: what its first download means there says nothing.
  const isFirst = tip.initial && !isOnDemand(network);
  // It may know less than it did when we read it.
  const behind = Math.max(tip.behind, read - height);
  if (behind >= BEHIND_BLOCKS || isFirst) return refusal('chain.syncing', { height, behind });
  if (peers === 0 && !isOnDemand(network)) return refusal('chain.alone', { height });
  const ageSeconds = now - tip.time;
  if (tipAgeSeconds > 0 && ageSeconds > tipAgeSeconds)
    return refusal('chain.stale', { height, ageSeconds });
  if (unread > BEHIND_BLOCKS) return refusal('chain.behind', { height, unread });
  return null;
}

/** What people should know although work goes on. Code: `chain.slow`. */
export function warningsOf({ tookMs }: ChainLook): readonly RefusalCode[] {
  return tookMs > SLOW_MS ? ['chain.slow'] : [];
}

function refusal(code: RefusalCode, facts: Facts): Refusal {
  return { code, facts };
}
