import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { SignatureToCheck } from './package-check.ts';
import { isLineInOrder, isSignatureRight } from './package-check.ts';
import { linesOf } from '../client/package-content.ts';

/** Which lines of which file: every `of`th block of SHARE_LINES. */
export interface Share {
  readonly path: string;
  readonly part: number;
  readonly of: number;
  /** At `part`: how many signatures the thread has looked at. Shared. */
  readonly looked: Int32Array;
}

/** What a thread found, and the hash of all lines that it read. */
export interface Checked {
  readonly isInOrder: boolean;
  readonly sha256: string;
}

const SHARE_LINES = 256;

// A thread of package-checkers.ts: reads its share at once, then looks at signatures until it is given none.
const { path, part, of, looked } = workerData as Share;
const hash = createHash('sha256');
let isInOrder = true;
let number = 0;
for await (const text of linesOf(createReadStream(path, 'utf8'))) {
  hash.update(text ?? '');
  // A line that is too long is in no form.
  if (Math.floor(number / SHARE_LINES) % of === part) isInOrder &&= isLineInOrder(text ?? '');
  number += 1;
}
const sha256 = hash.digest('hex');
parentPort?.on('message', (batch: readonly SignatureToCheck[]) => {
  isInOrder &&= batch.every(isSignatureRight);
  Atomics.add(looked, part, batch.length);
  const checked: Checked = { isInOrder, sha256 };
  if (batch.length === 0) parentPort?.postMessage(checked);
});
