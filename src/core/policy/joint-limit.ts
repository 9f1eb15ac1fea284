import type { Refusal } from '../base/result.ts';
import type { Seconds } from '../base/time.ts';
import type { State } from '../log/state.ts';
import { currentDocuments } from '../governance/current.ts';
import type { Limit } from './body.ts';
import { indexOf } from './ledger-index.ts';
import type { Spend } from '../psbt/spend.ts';

/**
 * The limit of the whole organisation that one more spend of a wallet would exceed, summed over the receipts of all
 * wallets as they stand in the log; null when none. Each signer holds its own share by itself (`here`); this sum no
 * signer knows, so the server holds it when a spend is proposed, and it is never an input of authorise.ts (design 4,
 * point 8; design 3, "Details"). Code `policy.limit.joint`.
 */
export function jointLimitExceeded(
  state: State,
  wallet: string,
  spend: Pick<Spend, 'outputs' | 'feeSats'>,
  now: Seconds,
): Refusal | null {
  const policy = currentDocuments(state, wallet)?.policy?.document.body;
  const payments = spend.outputs.filter(({ change }) => change === undefined);
  const amount = payments.reduce((sum, { sats }) => sum + sats, 0);
  for (const limit of policy?.limits ?? []) {
    if (limit.of !== 'organisation') continue;
    const asked = { amount, fee: spend.feeSats, count: 1 }[limit.measure];
    const held = limit.windowSeconds === null ? 0 : heldEverywhere(state, limit, now);
    if (held + asked > limit.most)
      return {
        code: 'policy.limit.joint',
        facts: { limit: limit.name, most: limit.most, held, asked },
      };
  }
  return null;
}

function heldEverywhere(state: State, limit: Limit, clock: Seconds): number {
  let held = 0;
  for (const ledger of state.ledgers.values()) {
    const usage = indexOf(state, ledger).budget.seen(new Map(), null);
    const now = Math.max(clock, ledger.at);
    const { spent, reserved } = usage.windowState(limit, null, now);
    held += spent + reserved;
  }
  return held;
}
