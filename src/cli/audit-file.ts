import { createReadStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { verifyDeviceSignature } from '../core/approval/verify.ts';
import { equalBytes, fromHex, fromUtf8 } from '../core/base/bytes.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { verifyCheckpoint } from '../core/log/checkpoint.ts';
import type { Entry } from '../core/log/entry.ts';
import type { Replay, Witness } from '../core/log/replay.ts';
import type { AuditInput } from './audit.ts';
import { audit } from './audit.ts';
import { PackageCheckers } from './package-checkers.ts';
import { checkRoot, genesisIn, readPackage } from '../client/package-content.ts';
import type { QuickContent } from './quick-package.ts';
import { readQuickly, soleKeysIn } from './quick-package.ts';
import { ReceiptChains } from './receipt-chains.ts';

/** A package to be judged, by the genesis that its reader pinned. */
export interface AuditedFile {
  readonly path: string;
  readonly genesis: string;
  readonly witness: Witness;
  readonly say: (line: string) => void;
}

/**
 * Authenticates all of a package from its genesis and judges it as `evidence verify` does, with somebody looking on. Where
 * there is more than one core, the threads check forms and people's signatures while this one folds as if they were
 * right and sees to the receipts (receipt-chains.ts); if one is not, or anything else is unusual, all is read and every
 * signature checked one after the other. Codes: those of readPackage, checkRoot and audit, `document.genesis.mismatch`.
 */
export async function auditFile(file: AuditedFile): Promise<Result<Replay>> {
  const quick = availableParallelism() > 1 ? await auditQuickly(file) : null;
  if (quick !== null) return ok(quick);
  const { path, genesis } = file;
  file.say('Reading the bundle …');
  const content = await readPackage(createReadStream(path, 'utf8'));
  if (!content.ok) return content;
  const { leaves, blobs } = content.value;
  const charter = genesisIn(content.value, genesis);
  if (charter === null)
    return refuse('document.genesis.mismatch', { genesis, entries: leaves.length });
  const checkpoint = checkRoot(content.value, charter);
  if (!checkpoint.ok) return checkpoint;
  return audit({ ...inputOf(file), leaves, blobs: (sha256) => blobs.get(sha256) });
}

function inputOf({ genesis, witness, say }: AuditedFile): Omit<AuditInput, 'leaves' | 'blobs'> {
  return {
    genesis,
    witness,
    progress: (percent) => {
      say(`Folding and judging: ${String(percent)} %`);
    },
  };
}

/** Null where anything is not as it should be: then the exact way finds out what. */
async function auditQuickly(file: AuditedFile): Promise<Replay | null> {
  const checkers = new PackageCheckers(file.path);
  try {
    file.say('Reading the bundle …');
    const content = await readQuickly(file.path);
    if (content === null) return null;
    const found = foldQuickly(file, content, checkers);
    if (found === null) return null;
    file.say('Waiting for the last signatures to be checked …');
    return (await checkers.inOrder(content.sha256)) ? found : null;
  } finally {
    await checkers.end();
  }
}

/** What the exact way would find were all forms in order, and all signatures right that it leaves to the checkers. */
function foldQuickly(
  file: AuditedFile,
  content: QuickContent,
  checkers: PackageCheckers,
): Replay | null {
  try {
    const charter = genesisIn(content, file.genesis);
    if (charter === null) return null;
    const { origin, key } = charter.body.log;
    const checkpoint = verifyCheckpoint(content.note, { origin, key: fromHex(key) });
    if (!checkpoint.ok) return null;
    const { leaves, blobs } = content;
    const keys = soleKeysIn(content);
    const later = checkers.later('device');
    const receipts = new ReceiptChains();
    const found = audit({
      ...inputOf(file),
      leaves,
      blobs: (sha256) => blobs.get(sha256),
      parse: readElsewhere,
      // Of two keys that may be a device's only the fold's own check tells which it is.
      verify: (key, ...signed) => (keys.has(key) ? later : verifyDeviceSignature)(key, ...signed),
      verifyReceipt: receipts.check,
      verifyInput: checkers.later('input'),
    });
    if (!found.ok || !receipts.finish()) return null;
    const { tree } = found.value.state;
    const { size, root } = checkpoint.value;
    return tree.size === size && equalBytes(tree.root(), root) ? found.value : null;
  } catch {
    return null; // what has another form may stop a fold anywhere
  }
}

/** Its form and schema are the threads' to check; neither changes anything of what is read. */
function readElsewhere(leaf: Uint8Array): Result<Entry> {
  return ok(JSON.parse(fromUtf8(leaf) ?? '') as Entry);
}
