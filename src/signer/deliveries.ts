import { statementDigest } from '../core/approval/statement.ts';
import { HEARD_WAITING } from '../core/base/limits.ts';
import type { Answer, Said } from '../core/sentinel/messages.ts';

/** A "no" that came by a sentinel. */
export interface Delivered extends Said {
  readonly sentinel: string;
}

/** Every "no" that sentinels brought and that was not taken yet: the log that the server shows may not hold what it is about. */
export class Deliveries {
  readonly #waiting = new Map<string, Delivered>();
  #count = 0;

  /** Grows with everything that is brought. */
  get count(): number {
    return this.#count;
  }

  /** What was brought and not taken yet. */
  waiting(): readonly Delivered[] {
    return [...this.#waiting.values()];
  }

  /** The items of a mailbox beyond what was read of it. */
  take(sentinel: string, mailbox: Answer['mailbox'], read: number): void {
    for (const { number, statement, signature } of mailbox) {
      if (number <= read) continue;
      this.#wait({ sentinel, statement, signature });
      this.#count += 1;
    }
  }

  /** It was taken, or never will be. */
  settle(delivered: Delivered): void {
    this.#waiting.delete(keyOf(delivered));
  }

  /** Who floods the mailbox, or a sentinel that makes things up, takes the place of no word but his own. */
  #wait(delivered: Delivered): void {
    // With its signature: who sends another one along must not take the place of the right one.
    const key = keyOf(delivered);
    if (this.#waiting.has(key)) return;
    const { sentinel, statement } = delivered;
    const alike = [...this.#waiting].filter(
      ([, one]) => one.sentinel === sentinel && one.statement.member === statement.member,
    );
    const [oldest] = alike;
    if (oldest !== undefined && alike.length >= HEARD_WAITING) this.#waiting.delete(oldest[0]);
    this.#waiting.set(key, delivered);
  }
}

function keyOf({ statement, signature }: Said): string {
  return `${statementDigest(statement)}/${signature}`;
}
