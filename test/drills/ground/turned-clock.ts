import { readFileSync } from 'node:fs';
import { env } from 'node:process';

/**
 * Loaded before a program: the host's clock as that program sees it, turned forward by as many seconds as the file DRILL_CLOCK
 * says at the moment. Time that passes (performance.now, timers) is nobody's to turn.
 */
const Real = Date;
const READ_MS = 100;
let read = { at: -READ_MS, ms: 0 };

function turnedMs(): number {
  const at = performance.now();
  if (at - read.at >= READ_MS)
    read = { at, ms: Number(readFileSync(env['DRILL_CLOCK'] ?? '', 'utf8')) * 1_000 };
  return read.ms;
}

const now = (): number => Real.now() + turnedMs();

globalThis.Date = new Proxy(Real, {
  construct: (target, args: unknown[], made) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, made) as object,
  get: (target, name): unknown => (name === 'now' ? now : Reflect.get(target, name)),
});
