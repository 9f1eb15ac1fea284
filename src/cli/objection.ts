import type { Result } from '../core/base/result.ts';
import type { Call, Output, Run } from './command.ts';
import { UsageError } from './command.ts';

/** Runs what says no. Refused or failed, it says so in words that nobody takes for a "no" that counts. */
export async function objecting(call: Call, work: Run): Promise<Result<Output>> {
  const tell = () => {
    call.io.say('NOT DELIVERED: this "no" stands nowhere. Tell the others over another channel.');
  };
  try {
    const done = await work(call);
    if (!done.ok && done.refusal.code !== 'statement.declined') tell();
    return done;
  } catch (error) {
    if (!(error instanceof UsageError)) tell();
    throw error;
  }
}
