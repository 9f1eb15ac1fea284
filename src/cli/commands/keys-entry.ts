import { ok } from '../../core/base/result.ts';
import type { Run } from '../command.ts';
import { required, word } from '../command.ts';
import { deviceEntry } from '../device-entry.ts';

/** Prints what stands under a member's `devices` in the body of a charter. */
export const run: Run = (call) => {
  if (call.has('wallet')) required(call, 'xpub');
  const entry = deviceEntry(call, word(call, 0), []);
  if (!entry.ok) return Promise.resolve(entry);
  return Promise.resolve(
    ok({ json: { ...entry.value }, lines: [JSON.stringify(entry.value, null, 2)] }),
  );
};
