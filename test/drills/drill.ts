import type { RefusalCode } from '../../src/core/base/codes.ts';
import type { OrganisationPlan, WalletPlan } from './ground/organisation.ts';
import type { Stage } from './ground/stage.ts';

/** What an attacker holds (SECURITY.md names the same powers in words). */
export type Power = 'C1' | 'C2' | 'C3' | 'C4' | 'C5' | 'C6' | 'C8' | 'C9' | 'C10';

/** How an attempt ended: a code came back, or what was attempted had no effect or stopped who was attacked. */
export interface Ended {
  readonly result: 'refused' | 'stopped';
  readonly code: RefusalCode;
  /** The refused digest in a receipt of the log; or why there can be none. */
  readonly receipt: { readonly proposal: string } | { readonly none: string };
}

/**
 * One theft, attempted against real processes. `control` does the same steps without the attack and must succeed;
 * `attack` throws a {@link Breach} as soon as it finds that something went through that must not.
 */
export interface Drill {
  readonly id: number;
  readonly name: string;
  readonly attacker: Power;
  /** Wallets of its own, each with a signer of its own. */
  readonly wallets: readonly WalletPlan[];
  /** Which organisation it is drilled in: those of one name share it, and all but `shared` go one after the other. */
  readonly ground: GroundName;
  readonly control: (stage: Stage) => Promise<void>;
  readonly attack: (stage: Stage) => Promise<Ended>;
}

export type GroundName =
  'shared' | 'tampered' | 'governed' | 'displays' | 'timed' | 'cooled' | 'crowded';

/** What an organisation has beside the wallets of its drills. */
export type GroundPlan = Omit<OrganisationPlan, 'wallets'> & {
  /** Starts the server with a clock that can be turned. */
  readonly turnsClock?: boolean;
};

/** A drill of the list that waits for a part of the product: never passed until it runs. */
export interface LaterDrill {
  readonly id: number;
  readonly name: string;
  readonly attacker: Power;
  readonly waitsFor: string;
}

/** Something went through that must not, or one of the four things that every drill asserts is missing. */
export class Breach extends Error {}

/** Throws a {@link Breach} where it does not hold. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Breach(what);
}

export interface Line {
  readonly id: number;
  readonly name: string;
  readonly attacker: Power;
  readonly result: 'refused' | 'stopped' | 'not yet' | 'BREACHED';
  /** Null where the drill did not run or nothing was refused. */
  readonly code: RefusalCode | null;
  /** Null where the drill did not run: nothing was controlled, so nothing is claimed. */
  readonly control: 'ok' | 'failed' | null;
}
