import type { ChainView } from '../chain/chain-view.ts';
import type { Seconds } from '../core/base/time.ts';
import type { State } from '../core/log/state.ts';
import type { HandedIntent } from '../core/watch/watchman.ts';
import type { Alarms } from './alarms.ts';
import type { WatchStore } from './watch-store.ts';

/** A signature of a hot key, as its signer handed it in. */
export interface HandedSignature extends HandedIntent {
  /** The blob that the receipt names: the form of partial signatures. */
  readonly signatures: Uint8Array;
}

/** The log as it was followed last. */
export interface LogView {
  readonly state: State;
  /** When the log was last read to its end, by {@link WatchParts.elapsedMs}. */
  readonly readAt: number;
}

/** What the lookout over the chain needs of its sentinel. */
export interface WatchParts {
  readonly chain: ChainView;
  readonly store: WatchStore;
  /** Null until the log was read to its end once: before, receipts would be missing. */
  readonly log: () => LogView | null;
  /** Intents that signers handed in and that this state's log lacks. */
  readonly intents: (state: State) => readonly HandedIntent[];
  /** All signatures that signers of this state's wallets handed in, in the order of each. */
  readonly signatures: (state: State) => readonly HandedSignature[];
  /** Tells people. The same kind and facts are told once. */
  readonly alarm: Alarms['raise'];
  /** Freezes a wallet by the freeze-only key. Done again when it throws. */
  readonly freeze: (wallet: string, reason: string) => void | Promise<void>;
  readonly now: () => Seconds;
  /** Of a clock that never goes back: `performance.now()`. */
  readonly elapsedMs: () => number;
}
