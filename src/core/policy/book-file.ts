import { z } from 'zod';
import { DESTINATIONS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { label, parseWith } from '../base/schema.ts';
import type { BookEntry } from './analyse/setting.ts';
import { readDataFile } from './data-file.ts';

const entry = z.object({
  owner: label,
  script: z.string().regex(/^([0-9a-f]{2}){1,42}$/),
  tags: z.array(label).max(16).default([]),
});
const book = z.object({ entries: z.array(entry).max(DESTINATIONS) });
const document = z.object({ kind: z.literal('destinations'), body: book });

/**
 * The address book that the tools over policies are given: the document, its body, or `entries` of owner, script and
 * tags alone. All of it counts as cooled. Refuses with `file.syntax`, `json.*`, `schema.mismatch`, and a script that
 * stands there twice with `destinations.invalid`.
 */
export function parseBookFile(text: string): Result<readonly BookEntry[]> {
  const data = readDataFile(text);
  if (!data.ok) return data;
  const found = parseWith(z.union([book, document]), data.value);
  if (!found.ok) return found;
  const { entries } = 'body' in found.value ? found.value.body : found.value;
  const scripts = new Set<string>();
  for (const { script } of entries) {
    if (scripts.has(script))
      return refuse('destinations.invalid', { reason: 'a script twice', script });
    scripts.add(script);
  }
  return ok(entries);
}
