import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { KEY_FILE_BYTES } from '../core/base/limits.ts';

/** The bytes of a file of at most KEY_FILE_BYTES, or undefined when it is larger. Throws when it cannot be read. */
export function readBounded(path: string): Uint8Array | undefined {
  const file = openSync(path, 'r');
  try {
    return fstatSync(file).size > KEY_FILE_BYTES ? undefined : readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** Writes beside the target with mode 600 and syncs: a crash leaves the old file or the new one, never a part. */
function writeBeside(path: string, bytes: Uint8Array): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = openSync(aside, 'wx', 0o600);
  try {
    let written = 0;
    while (written < bytes.length) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return aside;
}

function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Makes a file that is not there. False when one is: `link` decides that and the write in one step. */
export function createFile(path: string, bytes: Uint8Array): boolean {
  const aside = writeBeside(path, bytes);
  try {
    linkSync(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  syncFolder(path);
  return true;
}

/** Replaces a file in one step. */
export function replaceFile(path: string, bytes: Uint8Array): void {
  const aside = writeBeside(path, bytes);
  try {
    renameSync(aside, path);
  } finally {
    rmSync(aside, { force: true });
  }
  syncFolder(path);
}
