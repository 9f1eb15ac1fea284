import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { PackageCheck } from './package-check.ts';
import { linesOf } from './package-file.ts';
import type { DeviceKeys } from './quick-package.ts';

/** Which lines of which file: every `of`th block of SHARE_LINES. */
export interface Share {
  readonly path: string;
  readonly part: number;
  readonly of: number;
}

/** What a thread found, and the hash of all lines that it read. */
export interface Checked {
  readonly isInOrder: boolean;
  readonly sha256: string;
}

const SHARE_LINES = 256;

// A thread of package-checkers.ts: reads its share at once, then waits for the keys of the devices.
const { path, part, of } = workerData as Share;
const asked = new Promise<DeviceKeys>((resolve) => parentPort?.once('message', resolve));
const check = new PackageCheck();
const hash = createHash('sha256');
let number = 0;
for await (const text of linesOf(path)) {
  hash.update(text ?? '');
  // A line that is too long is in no form.
  if (Math.floor(number / SHARE_LINES) % of === part) check.line(text ?? '');
  number += 1;
}
const checked: Checked = { isInOrder: check.finish(await asked, of), sha256: hash.digest('hex') };
parentPort?.postMessage(checked);
