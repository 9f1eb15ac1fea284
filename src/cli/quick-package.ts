import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { utf8 } from '../core/base/bytes.ts';
import { RECOVERY } from '../core/governance/charter.ts';
import { parseDocument } from '../core/governance/document.ts';
import type { PackageContent } from '../client/package-content.ts';
import { linesOf } from '../client/package-content.ts';

/** With the hash of its lines: what was checked must be what was read. */
export interface QuickContent extends Omit<PackageContent, 'from'> {
  readonly sha256: string;
}

/**
 * What readPackage gives, read quickly: no line is held against its form, no blob against its hash. Null for what it cannot
 * read at all. Good for nothing before package-checkers.ts has said of the same file that it is in order.
 */
export async function readQuickly(path: string): Promise<QuickContent | null> {
  const leaves: Uint8Array[] = [];
  const blobs = new Map<string, Uint8Array>();
  let note: string | null = null;
  const hash = createHash('sha256');
  for await (const text of linesOf(createReadStream(path, 'utf8'))) {
    hash.update(text ?? '');
    const line = text === undefined ? null : lineOf(text, leaves.length);
    if (line === null || (line.type === 'checkpoint') !== (note === null)) return null;
    if (line.type === 'checkpoint') note = line.note;
    else if (line.type === 'blob') blobs.set(line.sha256, line.bytes);
    else leaves.push(line.bytes);
  }
  return note === null ? null : { note, leaves, blobs, sha256: hash.digest('hex') };
}

type Line =
  | { readonly type: 'checkpoint'; readonly note: string }
  | { readonly type: 'blob'; readonly sha256: string; readonly bytes: Uint8Array }
  | { readonly type: 'entry'; readonly bytes: Uint8Array };

const entryHead = '{"entry":';
const blobHead = '{"base64":"';

/** The parts of a line where its canonical form has them. */
function lineOf(text: string, index: number): Line | null {
  if (text.startsWith(entryHead)) {
    const tail = `,"index":${String(index)},"type":"entry"}`;
    if (!text.endsWith(tail)) return null;
    return { type: 'entry', bytes: utf8(text.slice(entryHead.length, text.length - tail.length)) };
  }
  if (text.startsWith(blobHead)) {
    const [, sha256] = /","sha256":"([0-9a-f]{64})","type":"blob"\}$/.exec(text.slice(-100)) ?? [];
    if (sha256 === undefined) return null;
    const base64 = text.slice(blobHead.length, text.indexOf('"', blobHead.length));
    return { type: 'blob', sha256, bytes: new Uint8Array(Buffer.from(base64, 'base64')) };
  }
  try {
    const { type, note } = JSON.parse(text) as { readonly type?: unknown; readonly note?: unknown };
    return type === 'checkpoint' && typeof note === 'string' ? { type, note } : null;
  } catch {
    return null;
  }
}

/** The first bytes of a document: keys of canonical JSON stand in order. */
const documentHead = utf8('{"body":{');

/**
 * The keys of devices and of recovery that charters among the blobs give to one device alone, and no other key to it: who
 * trusts a signature by such a key takes no device for another.
 */
export function soleKeysIn({ blobs }: Pick<PackageContent, 'blobs'>): ReadonlySet<string> {
  const pairs = new Set<string>();
  for (const bytes of blobs.values()) {
    if (!documentHead.every((byte, i) => bytes[i] === byte)) continue;
    const document = parseDocument(bytes);
    if (!document.ok || document.value.kind !== 'charter') continue;
    const { members, recovery } = document.value.body;
    for (const { id, devices } of members)
      for (const device of devices) pairs.add(`${id}/${device.id} ${device.key}`);
    for (const { id, key } of recovery?.keys ?? []) pairs.add(`${RECOVERY}/${id} ${key}`);
  }
  const all = [...pairs].map((pair) => pair.split(' '));
  const times = Map.groupBy(all.flat(), (text) => text);
  const isSole = (pair: readonly string[]) => pair.every((text) => times.get(text)?.length === 1);
  return new Set(all.filter(isSole).flatMap(([, key = '']) => key));
}
