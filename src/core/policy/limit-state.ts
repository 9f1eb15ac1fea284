import { BUDGET_KEYS } from '../base/limits.ts';
import type { Seconds } from '../base/time.ts';
import type { Limit, PolicyBody, Scope } from './body.ts';
import type { Asked } from './inquiry.ts';
import type { ScopeKey, Usage } from './usage.ts';

/** A limit under one key. Satoshi, or a number of spends for `count`. */
export interface LimitState {
  readonly name: string;
  readonly measure: Limit['measure'];
  readonly of: Scope;
  /** The owner (null: all unlisted scripts) or the initiator; null for wallet and organisation. */
  readonly key: ScopeKey;
  readonly windowSeconds: number | null;
  /** What this signer enforces: of an organisation's limit the share of this wallet. */
  readonly most: number;
  readonly spent: number;
  readonly reserved: number;
  readonly asked: number;
  /** What is left without the spend asked for. */
  readonly free: number;
  /** When more frees up by age; null when nothing will. */
  readonly freesAt: Seconds | null;
}

/** A limit under one key, as a spend finds it. */
export function limitState(limit: Limit, found: Asked): LimitState {
  const { key, asked } = found;
  const { spent, reserved, freesAt } = found.held;
  const most = limit.here ?? limit.most;
  return {
    name: limit.name,
    measure: limit.measure,
    of: limit.of,
    key,
    windowSeconds: limit.windowSeconds,
    most,
    spent,
    reserved,
    asked,
    free: Math.max(0, most - spent - reserved),
    freesAt,
  };
}

/** Where the limits of a policy stand when nothing is asked for. */
export interface BudgetState {
  /** In the order of the policy; of one limit the fullest first. */
  readonly limits: readonly LimitState[];
  /** How many more stand under keys that are left out: the least used. */
  readonly omitted: number;
}

/**
 * Every limit of a policy as it stands: of wallet and organisation always, of initiators and destinations under each
 * key that holds something, at most BUDGET_KEYS of one limit; or under the `keys` asked for, whatever they hold.
 * Requires a usage without {@link Usage.flaw}: with one nothing can be said.
 */
export function budgetOf(
  policy: PolicyBody,
  usage: Usage,
  now: Seconds,
  keys: Readonly<Partial<Record<Scope, readonly ScopeKey[]>>> = {},
): BudgetState {
  let omitted = 0;
  const limits = policy.limits.flatMap((limit) => {
    const { of } = limit;
    const isWhole = of === 'wallet' || of === 'organisation';
    const asked = keys[of];
    const states = Array.from(asked ?? (isWhole ? [null] : usage.keys(of)), (key) =>
      limitState(limit, { key, asked: 0, held: usage.windowState(limit, key, now) }),
    );
    if (isWhole || asked !== undefined) return states;
    const held = states
      .filter(({ spent, reserved }) => spent + reserved > 0)
      .sort((a, b) => b.spent + b.reserved - a.spent - a.reserved);
    omitted += Math.max(0, held.length - BUDGET_KEYS);
    return held.slice(0, BUDGET_KEYS);
  });
  return { limits, omitted };
}
