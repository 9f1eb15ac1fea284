import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fromHex } from '../../core/base/bytes.ts';
import { leafHash, MerkleTree } from '../../core/log/merkle.ts';
import { parsePackageLine } from '../../core/log/package.ts';
import type { ServerConfig } from '../config.ts';
import { StartRefused, orRefuseStart } from '../config.ts';
import type { SessionLock } from '../database/session-lock.ts';
import type { Blob } from './blob.store.ts';
import type { LogHead, LogKind, NumberedLeaf } from './entry.store.ts';
import type { Fold } from './fold.ts';
import type { LogKey } from './log-key.ts';
import type { LogStores } from './log-parts.ts';
import type { NumberedEntry } from './projection.store.ts';

/** The second log: same organisation, events of mere access. */
export function accessOrigin(origin: string): string {
  return `${origin}/access`;
}

interface Tools {
  readonly config: ServerConfig;
  readonly fold: Fold;
  readonly stores: LogStores;
  readonly key: LogKey;
}

/**
 * Begins an empty log with the package that FOUNDING names: entries and blobs in the order of a package, no checkpoint.
 * Every entry must take effect. All or nothing.
 */
export async function found(lock: SessionLock, tools: Tools): Promise<void> {
  const { config, fold } = tools;
  if (config.founding === null)
    throw new StartRefused('the log is empty and FOUNDING names no package to begin it with');
  fold.reset();
  const leaves: NumberedLeaf[] = [];
  const numbered: NumberedEntry[] = [];
  const blobs: Blob[] = [];
  for await (const line of linesOf(config.founding)) {
    const parsed = orRefuseStart(parsePackageLine(line), 'FOUNDING');
    if (parsed.type === 'checkpoint') throw new StartRefused('FOUNDING holds a checkpoint');
    if (parsed.type === 'blob') {
      blobs.push(parsed);
      fold.cache.put(parsed.sha256, parsed.bytes);
      continue;
    }
    const admission = await fold.admit(lock.sql, parsed.bytes);
    if (admission.kind !== 'apply')
      throw new StartRefused(
        refusedEntry(
          parsed.index,
          admission.kind === 'skip' ? admission.refusal.code : 'log.blob.missing',
        ),
      );
    const index = fold.advance(parsed.bytes, admission);
    leaves.push({ index, leaf: parsed.bytes, leafHash: leafHash(parsed.bytes) });
    numbered.push({ index, entry: admission.entry });
  }
  await write(lock, tools, { leaves, numbered, blobs });
}

function refusedEntry(index: number, code: string): string {
  return code === 'document.genesis.mismatch'
    ? `FOUNDING is of another organisation than GENESIS: ${code}`
    : `FOUNDING: entry ${index} is refused: ${code}`;
}

async function write(
  lock: SessionLock,
  tools: Tools,
  founded: {
    readonly leaves: readonly NumberedLeaf[];
    readonly numbered: readonly NumberedEntry[];
    readonly blobs: readonly Blob[];
  },
): Promise<void> {
  const { fold, key } = tools;
  const { entries, blobs, projections } = tools.stores;
  const charter = fold.state.charter?.document.body;
  if (charter === undefined) throw new StartRefused('FOUNDING brings no charter in force');
  checkLogKey(charter.log.key, key);
  const head = (kind: LogKind, origin: string, tree: MerkleTree): LogHead => {
    const at = { origin, size: tree.size, root: tree.root() };
    return { kind, ...at, note: key.checkpoint(at) };
  };
  const { origin } = charter.log;
  await lock.run(async (sql) => {
    await entries.begin(sql, head('organisation', origin, fold.state.tree));
    await entries.begin(sql, head('access', accessOrigin(origin), new MerkleTree()));
    await blobs.add(sql, founded.blobs);
    await entries.add(sql, origin, founded.leaves);
    await projections.project(sql, fold.state, founded.numbered);
  });
}

/** The key of checkpoints is the one that the charter names. */
export function checkLogKey(named: string, key: LogKey): void {
  if (Buffer.compare(fromHex(named), key.publicKey) !== 0)
    throw new StartRefused('LOG_KEY_FILE holds another key than the charter names');
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file, 'utf8');
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity }))
      if (line !== '') yield line;
  } catch (error) {
    throw new StartRefused(
      `FOUNDING cannot be read: ${error instanceof Error ? error.message : ''}`,
    );
  } finally {
    input.destroy();
  }
}
