import { readSync } from 'node:fs';
import { PASSPHRASE_MOST } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';

/**
 * Where a passphrase may come from. Never a command line argument: those stand in the process list and in the
 * history of the shell.
 */
export interface PassphraseSources {
  /** Value of COUNTERSIGN_PASSPHRASE. */
  readonly environment: string | undefined;
  /** An inherited file descriptor that holds one line. */
  readonly descriptor: number | undefined;
  /** Asks on the terminal without echo; null where there is none. */
  readonly ask: (() => Promise<string | null>) | null;
}

/**
 * The passphrase: of the descriptor where one is named, else of the environment, else asked for.
 * Code `key.passphrase.missing`. Throws when the descriptor cannot be read.
 */
export async function readPassphrase(sources: PassphraseSources): Promise<Result<string>> {
  const { environment, descriptor, ask } = sources;
  if (descriptor !== undefined) return given(lineOf(descriptor));
  if (environment !== undefined && environment !== '') return ok(environment);
  return ask === null ? refuse('key.passphrase.missing') : given((await ask()) ?? '');
}

function given(passphrase: string): Result<string> {
  return passphrase === '' ? refuse('key.passphrase.missing') : ok(passphrase);
}

/** The first line of a descriptor. One character may take four bytes. */
function lineOf(descriptor: number): string {
  const bytes = Buffer.alloc(PASSPHRASE_MOST * 4 + 2);
  let length = 0;
  while (length < bytes.length && !bytes.subarray(0, length).includes(0x0a)) {
    const count = readSync(descriptor, bytes, length, bytes.length - length, null);
    if (count === 0) break;
    length += count;
  }
  const line = bytes.toString('utf8', 0, length).split('\n')[0] ?? '';
  bytes.fill(0);
  return line.replace(/\r$/, '');
}
