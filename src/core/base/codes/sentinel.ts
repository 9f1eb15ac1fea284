import type { CodeEntry } from './entry.ts';
import { final, later } from './entry.ts';

/** Sentinels: witness, mailbox, watchman. */
export const sentinelCodes = {
  'sentinel.signature': final(
    401,
    'A message is not signed by the key that the charter names.',
    'Check which sentinel or signer answers at this address; compare keys with the charter.',
  ),
  'sentinel.silent': later(
    503,
    'Too few sentinels have answered within ten minutes; the charter asks for more before anything is signed.',
    'Start the sentinel, or look why the signer cannot reach it. Governors can name another one.',
  ),
} as const satisfies Record<string, CodeEntry>;
