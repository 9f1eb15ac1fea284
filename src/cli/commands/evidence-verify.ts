import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { toHex } from '../../core/base/bytes.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { hex32 } from '../../core/base/schema.ts';
import { documentDigest } from '../../core/governance/document.ts';
import { audit, auditJson, auditLines } from '../audit.ts';
import type { Run } from '../command.ts';
import { UsageError, word } from '../command.ts';
import { checkRoot, genesisIn, readPackage } from '../../client/package-content.ts';

/**
 * Checks a package from a file and a digest alone: no network, no server, no profile. Without the digest everything
 * may hold and prove nothing: anyone can found an organisation and write its log (`package.unauthenticated`).
 */
export const run: Run = async (call) => {
  const pinned = call.text('genesis');
  if (pinned !== undefined && !hex32.safeParse(pinned).success)
    throw new UsageError('--genesis takes 64 hex digits');
  const content = await readPackage(
    createReadStream(resolve(call.io.folder, word(call, 0)), 'utf8'),
  );
  if (!content.ok) return content;
  const charter = genesisIn(content.value, pinned);
  if (charter === null)
    return refuse('document.genesis.mismatch', {
      genesis: pinned ?? null,
      entries: content.value.leaves.length,
    });
  const checkpoint = checkRoot(content.value, charter);
  if (!checkpoint.ok) return checkpoint;
  const genesis = documentDigest(charter);
  const { leaves, blobs } = content.value;
  const audited = audit({ genesis, leaves, blobs: (sha256) => blobs.get(sha256) });
  if (!audited.ok) return audited;
  const { origin, size, root } = checkpoint.value;
  if (pinned === undefined)
    return refuse('package.unauthenticated', { genesis, entries: size, root: toHex(root) });
  return ok({
    json: { verified: true, origin, size, root: toHex(root), ...auditJson(audited.value) },
    lines: [
      `The package holds, and is of the organisation ${genesis}.`,
      `Checkpoint of ${origin}: ${String(size)} entries, root ${toHex(root)}`,
      ...auditLines(audited.value),
    ],
  });
};
