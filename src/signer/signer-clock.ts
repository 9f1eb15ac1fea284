import { SIGNER_CLOCK_SECONDS } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime } from '../core/base/time.ts';

/** Reads a clock in milliseconds. */
type ReadMs = () => number;

/**
 * The clock of a signer that runs: the host's, held against the time that has really passed since it started
 * (design 3, step 4). Whoever turns the host's clock forward ends no delay and empties no window by it; and a restart
 * begins delays anew. Code `signer.clock` while both differ by more than SIGNER_CLOCK_SECONDS.
 */
export function signerClock(wallMs: ReadMs, steadyMs: ReadMs): () => Result<Seconds> {
  const [begunMs, zeroMs] = [wallMs(), steadyMs()];
  return () => {
    const wall = Math.floor(wallMs() / 1_000);
    const passed = Math.floor((begunMs + steadyMs() - zeroMs) / 1_000);
    return Math.abs(wall - passed) > SIGNER_CLOCK_SECONDS
      ? refuse('signer.clock', { clock: formatTime(wall), expected: formatTime(passed) })
      : ok(Math.min(wall, passed));
  };
}
