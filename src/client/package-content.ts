import { equalBytes, fromHex } from '../core/base/bytes.ts';
import { PACKAGE_LINE_LENGTH } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { CountersignDocument } from '../core/governance/document.ts';
import { documentDigest, parseDocument } from '../core/governance/document.ts';
import type { Checkpoint } from '../core/log/checkpoint.ts';
import { verifyCheckpoint } from '../core/log/checkpoint.ts';
import { parseEntry } from '../core/log/entry.ts';
import { MerkleTree, leafHash } from '../core/log/merkle.ts';
import { parsePackageLine } from '../core/log/package.ts';

/**
 * A package as it was read: every line in its form, every blob under its hash, nothing authenticated yet. Whether a
 * blob is missing only the fold knows, for an entry without effect may name one that never was.
 */
export interface PackageContent {
  readonly note: string;
  /** Index of the first leaf: 0, or in a segment what its reader has before. */
  readonly from: number;
  readonly leaves: readonly Uint8Array[];
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/** Text as a stream gives it, in pieces that end anywhere. */
export type Chunks = AsyncIterable<string>;

/**
 * Reads a package line by line; a segment where `parts` says so. Codes: those of parsePackageLine, `package.invalid`. Throws
 * what the stream throws.
 */
export async function readPackage(
  chunks: Chunks,
  parts: 'whole' | 'segment' = 'whole',
): Promise<Result<PackageContent>> {
  const leaves: Uint8Array[] = [];
  const blobs = new Map<string, Uint8Array>();
  let from = 0;
  let note: string | null = null;
  let number = 0;
  for await (const text of linesOf(chunks)) {
    number += 1;
    if (text === undefined)
      return refuse('package.invalid', { reason: 'a line is too long', line: number });
    const line = parsePackageLine(text);
    if (!line.ok) return refuse(line.refusal.code, { ...line.refusal.facts, line: number });
    const wrong = (reason: string) => refuse('package.invalid', { reason, line: number });
    if ((line.value.type === 'checkpoint') !== (number === 1))
      return wrong('the checkpoint is the first line and no other');
    if (line.value.type === 'checkpoint') note = line.value.note;
    if (line.value.type === 'blob') blobs.set(line.value.sha256, line.value.bytes);
    if (line.value.type !== 'entry') continue;
    const { index, bytes } = line.value;
    if (leaves.length === 0 && parts === 'segment') from = index;
    if (index !== from + leaves.length) return wrong('an entry is missing or out of order');
    leaves.push(bytes);
  }
  return note === null
    ? refuse('package.invalid', { reason: 'it is empty' })
    : ok({ note, from, leaves, blobs });
}

/** The lines of a text without their ends; undefined for one that is longer than any line of a package. */
export async function* linesOf(chunks: Chunks): AsyncGenerator<string | undefined> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > PACKAGE_LINE_LENGTH) {
      yield undefined;
      return;
    }
  }
  if (rest !== '') yield rest;
}

/** The charter of version 1 in a package: the one with the digest, or the first. */
export function genesisIn(
  { leaves, blobs }: Pick<PackageContent, 'leaves' | 'blobs'>,
  genesis: string | undefined,
): (CountersignDocument & { readonly kind: 'charter' }) | null {
  for (const leaf of leaves) {
    const entry = parseEntry(leaf);
    if (!entry.ok || entry.value.type !== 'document') continue;
    const blob = blobs.get(entry.value.document);
    const document = blob === undefined ? null : parseDocument(blob);
    if (document?.ok !== true || document.value.kind !== 'charter') continue;
    if (document.value.version !== 1) continue;
    if (genesis === undefined || documentDigest(document.value) === genesis) return document.value;
  }
  return null;
}

/**
 * Holds the leaves of a whole package against the checkpoint of the log that the genesis names. Codes: `log.checkpoint.*`,
 * `log.proof.invalid`.
 */
export function checkRoot(
  content: Pick<PackageContent, 'note' | 'leaves'>,
  charter: CountersignDocument & { readonly kind: 'charter' },
): Result<Checkpoint> {
  const { origin, key } = charter.body.log;
  const checkpoint = verifyCheckpoint(content.note, { origin, key: fromHex(key) });
  if (!checkpoint.ok) return checkpoint;
  const { size, root } = checkpoint.value;
  const tree = MerkleTree.of(content.leaves.map(leafHash));
  if (tree.size !== size || !equalBytes(tree.root(), root))
    return refuse('log.proof.invalid', { size, entries: tree.size });
  return checkpoint;
}
