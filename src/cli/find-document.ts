import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { DocumentRecord, State } from '../core/log/state.ts';
import { UsageError } from './command.ts';

/** Hex digits of a digest's beginning that are enough to look it up: people copy and paste them. */
const PREFIX_DIGITS = 8;

/** The document of a digest or of its beginning, while that fits one. Code `document.unknown`. */
export function findDocument(state: State, named: string): Result<DocumentRecord> {
  const exact = state.documents.get(named);
  if (exact !== undefined) return ok(exact);
  const isPrefix = named.length >= PREFIX_DIGITS && /^[0-9a-f]+$/.test(named);
  const fits = isPrefix
    ? [...state.documents.values()].filter(({ digest }) => digest.startsWith(named))
    : [];
  const [found] = fits;
  if (fits.length > 1) throw new UsageError(`"${named}" fits several documents: give the digest`);
  return found === undefined ? refuse('document.unknown', { document: named }) : ok(found);
}
