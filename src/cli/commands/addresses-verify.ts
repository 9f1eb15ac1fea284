import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { groupAddress } from '../../core/approval/group-address.ts';
import { fromUtf8 } from '../../core/base/bytes.ts';
import { RECEIPT_LENGTH } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { hex32 } from '../../core/base/schema.ts';
import { documentDigest } from '../../core/governance/document.ts';
import { addressesOf } from '../../core/log/addresses.ts';
import type { Attestation } from '../../core/log/attestation.ts';
import { formatAttestation, isAttestedBy, parseAttestation } from '../../core/log/attestation.ts';
import { parseEntry } from '../../core/log/entry.ts';
import { audit } from '../audit.ts';
import type { Call, Run } from '../command.ts';
import { Fault, required, UsageError, word } from '../command.ts';
import { readInput } from '../files.ts';
import { checkRoot, genesisIn, readPackage } from '../../client/package-content.ts';

/**
 * Checks an attestation without network, server or profile: against a key that the reader knows, which proves that its
 * holder said so and nothing else; or against the whole log of an organisation whose genesis he knows, which proves that
 * the wallet's signer did.
 */
export const run: Run = async (call) => {
  const text = fromUtf8(await readInput(call.io, word(call, 0), RECEIPT_LENGTH));
  if (text === undefined) throw new Fault(`${word(call, 0)} is not UTF-8`);
  const isByKey = call.has('key');
  if (isByKey === call.has('bundle'))
    throw new UsageError("name the signer's --key, or a --bundle with its --genesis");
  const attestation = parseAttestation(text);
  if (!attestation.ok) return attestation;
  const proven = isByKey ? byKey(call, attestation.value) : await byLog(call, attestation.value);
  if (!proven.ok) return proven;
  const { org, wallet, signer, index, address, at, position } = attestation.value.receipt;
  return ok({
    json: {
      ...{ verified: true, by: isByKey ? 'key' : 'log' },
      ...{ org, wallet, index, address, signer, at, position },
    },
    lines: [
      `Address ${String(index)} of wallet ${wallet} of the organisation ${org}:`,
      address,
      groupAddress(address),
      `Attested by ${signer} at ${at}, position ${String(position)}.`,
      ...proven.value,
    ],
  });
};

function byKey(call: Call, attestation: Attestation): Result<readonly string[]> {
  const key = hexOf(call, 'key');
  if (!isAttestedBy(attestation, key))
    return refuse('attestation.invalid', { key, signer: attestation.receipt.signer });
  return ok([
    'This proves that the holder of the key said so, and no more: that the key is the signer’s of this wallet, that it is so',
    'still, and that the address is the wallet’s, only the log of the organisation shows (--bundle FILE --genesis DIGEST).',
  ]);
}

async function byLog(call: Call, attestation: Attestation): Promise<Result<readonly string[]>> {
  const genesis = hexOf(call, 'genesis');
  const content = await readPackage(
    createReadStream(resolve(call.io.folder, required(call, 'bundle')), 'utf8'),
  );
  if (!content.ok) return content;
  const charter = genesisIn(content.value, genesis);
  if (charter === null || documentDigest(charter) !== genesis)
    return refuse('document.genesis.mismatch', { genesis, entries: content.value.leaves.length });
  const checkpoint = checkRoot(content.value, charter);
  if (!checkpoint.ok) return checkpoint;
  const { leaves, blobs } = content.value;
  const audited = audit({ genesis, leaves, blobs: (sha256) => blobs.get(sha256) });
  if (!audited.ok) return audited;
  const { wallet, index } = attestation.receipt;
  const attested = addressesOf(audited.value.state, wallet).get(index)?.attested ?? null;
  const leaf = attested === null ? undefined : leaves[attested.entry];
  if (leaf === undefined || !isIn(leaf, attestation))
    return refuse('attestation.unknown', { wallet, index, entries: leaves.length });
  return ok([
    `It stands in this log of ${String(leaves.length)} entries: the signer of the wallet said so, and the descriptor of the wallet gives this address.`,
    'Not checked here: what the organisation has written into its log since.',
  ]);
}

/** Whether an entry of the log holds this very attestation. */
function isIn(leaf: Uint8Array, attestation: Attestation): boolean {
  const entry = parseEntry(leaf);
  if (!entry.ok || entry.value.type !== 'receipt') return false;
  const { receipt, signature } = entry.value;
  if (receipt.record !== 'address') return false;
  return formatAttestation({ receipt, signature }) === formatAttestation(attestation);
}

function hexOf(call: Call, option: string): string {
  const value = required(call, option);
  if (!hex32.safeParse(value).success) throw new UsageError(`--${option} takes 64 hex digits`);
  return value;
}
