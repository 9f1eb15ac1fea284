import { join } from 'node:path';
import { ok } from '../../core/base/result.ts';
import { audit, auditJson, auditLines } from '../audit.ts';
import type { Run } from '../command.ts';
import { Desk } from '../desk.ts';
import { FileLogStore } from '../file-log-store.ts';

/** Follows to the newest checkpoint, then judges all that is kept again: hashes, signatures, receipts. */
export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { home, genesis } = desk.profile;
  const store = new FileLogStore(join(home, 'log', genesis));
  const { log } = followed.value;
  const leaves = [...store.leaves(log.size)];
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
