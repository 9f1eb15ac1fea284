import { describe, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { z } from 'zod';

const root = resolve(import.meta.dirname, '../..');

/**
 * The folder of shared vectors and fixtures: COUNTERSIGN_SHARED, else `shared` beside the project. Undefined when there is none;
 * a COUNTERSIGN_SHARED that names no folder throws, so that a typing error does not skip the suites.
 */
export function sharedFolder(): string | undefined {
  const named = process.env['COUNTERSIGN_SHARED'];
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`COUNTERSIGN_SHARED: there is no folder ${named}`);
    return resolve(named);
  }
  const beside = resolve(root, '../shared');
  return existsSync(beside) ? beside : undefined;
}

/** A suite over shared files; where they are not here it counts as one skipped test and says so. */
export function describeShared(name: string, suite: (folder: string) => void): void {
  const folder = sharedFolder();
  if (folder !== undefined) describe(name, () => suite(folder));
  else skipAloud(name, '../shared is not here');
}

/** JSON of a shared file, checked by a schema: a vector file of another shape fails instead of testing nothing. */
export function readShared<T>(folder: string, path: string, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(readFileSync(join(folder, path), 'utf8')));
}

/** Registers one skipped test in place of a suite and prints the reason as one line. */
export function skipAloud(name: string, reason: string): void {
  process.stderr.write(`SKIPPED: ${name}: ${reason}\n`);
  describe(name, () => {
    test.skip(`needs what is missing: ${reason}`, () => undefined);
  });
}
