import { join } from 'node:path';
import type { LogReader } from '../../client/log-reader.ts';
import { equalBytes } from '../../core/base/bytes.ts';
import type { Result } from '../../core/base/result.ts';
import { newBundles, TILE_WIDTH } from '../../core/log/tiles.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { audit, auditJson, auditLines } from '../audit.ts';
import type { Run } from '../command.ts';
import { Desk } from '../desk.ts';
import { FileLogStore } from '../file-log-store.ts';

/**
 * Follows to the newest checkpoint, holds what the server serves today against what this device verified, leaf by leaf, then
 * judges all of it again: hashes, signatures, receipts.
 */
export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { home, genesis } = desk.profile;
  const store = new FileLogStore(join(home, 'log', genesis));
  const { log } = followed.value;
  const leaves = [...store.leaves(log.size)];
  const api = await desk.api();
  if (!api.ok) return api;
  const served = await compareServed(api.value.log(), leaves);
  if (!served.ok) return served;
  const audited = audit({ genesis, leaves, blobs: (sha256) => store.blob(sha256) });
  if (!audited.ok) return audited;
  return ok({
    json: { ...auditJson(audited.value), size: log.size, root: log.root },
    lines: [
      `The log of ${genesis} holds.`,
      `Checkpoint: ${String(log.size)} entries, root ${log.root}`,
      ...auditLines(audited.value),
    ],
  });
};

/**
 * What was verified once is kept here and never asked for again, so an entry that is edited in the database later would be
 * nobody's finding. Codes: `log.fork` with the index of the first leaf that is another; those of the reader, of which
 * `log.tile.invalid` names the first that is missing.
 */
async function compareServed(
  reader: LogReader,
  kept: readonly Uint8Array[],
): Promise<Result<null>> {
  for (const bundle of newBundles(0, kept.length)) {
    const served = await reader.entries(bundle);
    if (!served.ok) return served;
    const first = bundle.index * TILE_WIDTH;
    const other = served.value.findIndex((leaf, at) => {
      const mine = kept[first + at];
      return mine === undefined || !equalBytes(leaf, mine);
    });
    if (other >= 0)
      return refuse('log.fork', { index: first + other, reason: 'the server serves another leaf' });
  }
  return ok(null);
}
