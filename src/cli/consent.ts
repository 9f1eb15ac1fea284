import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Call } from './command.ts';

/**
 * Shows what is about to be signed and waits for the whole word "yes". --yes skips the question, never the showing.
 * Code `statement.declined`.
 */
export async function consent(call: Call, lines: readonly string[]): Promise<Result<null>> {
  const { io } = call;
  for (const line of ['', ...lines, '']) io.say(line);
  if (call.has('yes')) return ok(null);
  const typed = await io.ask('Type "yes" to sign: ');
  return typed?.trim() === 'yes' ? ok(null) : refuse('statement.declined');
}
