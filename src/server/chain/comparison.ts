import type { Facts, Refusal } from '../../core/base/result.ts';
import type { Seconds } from '../../core/base/time.ts';
import { ChainFault } from '../../chain/chain-fault.ts';
import type { ChainTip, ChainView } from '../../chain/chain-view.ts';
import { requireIdentity } from '../../chain/identity.ts';

/** How often the two are compared. */
const EVERY_SECONDS = 15;
/** Blocks by which two honest sources may differ for a while: in height, or because two were found at once. */
const APART_BLOCKS = 2;
/** How long they may. */
const APART_SECONDS = 600;
/** How long the second may be away: without it nobody would notice that the first one lies. */
const SILENT_SECONDS = 1_800;

interface Difference {
  readonly facts: Facts;
  /** Deeper than chance explains. */
  readonly isFork: boolean;
}

type Compared = Pick<ChainView, 'tip' | 'blockHash'>;

/**
 * Holds the chain against a second source, of which nothing else is taken. Equal hashes at a height mean equal blocks below it, and
 * so the same confirmations of whatever is ours. What differs, or cannot be compared for long, stops drafts and broadcasts.
 */
export class Comparison {
  readonly #second: ChainView;
  readonly #now: () => Seconds;
  #identified = false;
  #askedAt = -Infinity;
  #answeredAt: Seconds;
  #difference: Difference | null = null;
  #since: Seconds | null = null;

  constructor(second: ChainView, now: () => Seconds) {
    this.#second = second;
    this.#now = now;
    this.#answeredAt = now();
  }

  /** The second source did not answer when it was asked last. */
  get isAway(): boolean {
    return this.#answeredAt < this.#askedAt;
  }

  /** Why nothing may be drafted or broadcast, or null. Codes: `chain.disagreement`, `chain.second.silent`. */
  get trouble(): Refusal | null {
    const now = this.#now();
    const apartSeconds = this.#since === null ? 0 : now - this.#since;
    const difference = this.#difference;
    if (difference !== null && (difference.isFork || apartSeconds > APART_SECONDS))
      return { code: 'chain.disagreement', facts: { ...difference.facts, apartSeconds } };
    const silentSeconds = now - this.#answeredAt;
    return this.isAway && silentSeconds > SILENT_SECONDS
      ? { code: 'chain.second.silent', facts: { silentSeconds } }
      : null;
  }

  /** Compares when it is time. Throws what the first source throws; that the second one fails is noted. */
  async look(first: Compared, tip: ChainTip): Promise<void> {
    const now = this.#now();
    if (now - this.#askedAt < EVERY_SECONDS) return;
    this.#askedAt = now;
    const theirs = await this.#ask(() => this.#identifiedTip());
    if (theirs === undefined) return;
    const common = Math.min(tip.height, theirs.height);
    const apart = await this.#apart(first, common);
    if (apart === undefined) return;
    this.#answeredAt = now;
    this.#note(differenceOf(tip, theirs, apart), now);
  }

  close(): Promise<void> {
    return this.#second.close();
  }

  #note(difference: Difference | null, now: Seconds): void {
    this.#difference = difference;
    this.#since = difference === null ? null : (this.#since ?? now);
  }

  async #identifiedTip(): Promise<ChainTip> {
    if (!this.#identified) await requireIdentity(this.#second);
    this.#identified = true;
    return this.#second.tip();
  }

  /** How many blocks below a height they agree; one more than APART_BLOCKS when they do not within that. */
  async #apart(first: Compared, height: number): Promise<number | undefined> {
    for (let apart = 0; apart <= APART_BLOCKS; apart++) {
      const at = Math.max(0, height - apart);
      const ours = await first.blockHash(at);
      const theirs = await this.#ask(() => this.#second.blockHash(at));
      if (theirs === undefined) return undefined;
      if (ours === theirs) return apart;
    }
    return APART_BLOCKS + 1;
  }

  async #ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof ChainFault)) throw error;
      this.#identified = false;
      if (error.code === 'chain.network') {
        this.#answeredAt = this.#now();
        this.#note({ facts: error.facts, isFork: true }, this.#now());
      }
      return undefined;
    }
  }
}

function differenceOf(ours: ChainTip, theirs: ChainTip, apart: number): Difference | null {
  const facts = { ours: ours.height, theirs: theirs.height, apart };
  if (apart > APART_BLOCKS) return { facts, isFork: true };
  const isFar = Math.abs(ours.height - theirs.height) > APART_BLOCKS;
  return apart > 0 || isFar ? { facts, isFork: false } : null;
}
