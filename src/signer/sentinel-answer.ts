import type { Followed } from '../client/log-follower.ts';
import { toHex } from '../core/base/bytes.ts';
import { SIGNER_CLOCK_SECONDS } from '../core/base/limits.ts';
import type { Refusal, Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime, parseTime } from '../core/base/time.ts';
import type { Answer, Poll } from '../core/sentinel/messages.ts';
import type { Journal } from './journal.ts';

/** Whether an answer is to this very poll. */
export function isAnswerTo(answer: Answer, poll: Poll): boolean {
  return (['org', 'sentinel', 'wallet', 'nonce'] as const).every(
    (part) => answer[part] === poll[part],
  );
}

/** Why any other is refused. */
export function refuseAnswer(): Refusal {
  return { code: 'sentinel.signature', facts: { kind: 'answer', reason: 'to another question' } };
}

/**
 * What an answer that is a sentinel's says against the log, the journal or the clock. Codes: `log.fork`, `journal.rolledback`,
 * `sentinel.clock`.
 */
export function checkAnswer(
  { log, journal: theirs, at }: Answer,
  { state }: Followed,
  own: { readonly journal: Journal; readonly clock: Seconds; readonly needed: number },
): Result<null> {
  const { tree } = state;
  if (log.size <= tree.size && toHex(tree.rootAt(log.size)) !== log.root)
    return refuse('log.fork', { size: log.size, root: log.root, known: tree.size });
  const { journal, clock, needed } = own;
  const { position, previous } = theirs;
  if (position > 0 && journal.digestAt(position - 1) !== previous)
    return refuse('journal.rolledback', {
      sentinel: position,
      journal: journal.ledger.position,
      reason:
        position > journal.ledger.position
          ? 'a sentinel has later records'
          : 'a sentinel has another record',
    });
  if (needed > 0 && Math.abs(secondsOf(at) - clock) > SIGNER_CLOCK_SECONDS)
    return refuse('sentinel.clock', { clock: formatTime(clock), sentinel: at });
  return ok(null);
}

/** A time of a message. */
export function secondsOf(at: string): Seconds {
  return parseTime(at) ?? 0; // the schema of messages admits only times
}
