import { explainCode } from '../core/base/codes.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import type { Finding, Replay, ReplayTools } from '../core/log/replay.ts';
import { replay } from '../core/log/replay.ts';
import { receiptCheckBy } from '../core/log/admit-receipt.ts';
import { verifyReceiptFast } from './verify-receipt.ts';

/** Leaves and blobs that hash to a signed root, to be judged. */
export interface AuditInput extends Pick<
  ReplayTools,
  'blobs' | 'witness' | 'verify' | 'verifyReceipt' | 'verifyInput' | 'parse'
> {
  readonly genesis: string;
  readonly leaves: readonly Uint8Array[];
  /** Told now and then how much of the work is done, in percent. */
  readonly progress?: (percent: number) => void;
}

/** How often it tells how far it is. */
const STEPS = 20;

/**
 * Folds everything and judges every receipt of every signer again. A receipt that contradicts the rules is a
 * refusal with its own code; entries without effect are findings, not refusals: anyone may have tried something.
 */
export function audit(input: AuditInput): Result<Replay> {
  const { genesis, leaves, progress, ...tools } = input;
  const step = Math.ceil(leaves.length / STEPS);
  const leafAt = (index: number) => leaves[index] ?? new Uint8Array();
  const found = replay(genesis, leaves.length, leafAt, {
    verifyReceipt: receiptCheckBy(verifyReceiptFast),
    ...tools,
    progress: (folded) => {
      if (folded % step === 0) progress?.(Math.floor((folded * 100) / leaves.length));
    },
  });
  if ('code' in found) return { ok: false, refusal: found };
  const wrong = found.findings.find(({ kind }) => kind === 'receipt');
  if (wrong === undefined) return ok(found);
  const { code, facts } = wrong.refusal;
  return { ok: false, refusal: { code, facts: { ...facts, entry: wrong.index } } };
}

/** What was checked and what was found, for people. */
export function auditLines(found: Replay): readonly string[] {
  const { state, receipts, findings } = found;
  const signed = [...state.ledgers.values()].reduce((sum, ledger) => sum + ledger.signed.size, 0);
  return [
    `Entries: ${String(state.tree.size)}, each hashed into the root that the log key signed`,
    `Receipts of signers judged again and found right: ${String(receipts)}`,
    `Proposals: ${String(state.proposals.size)}, of which signed: ${String(signed)}`,
    ...findings.map(findingLine),
    'Not checked here: that the log was shown to everyone alike (compare the root with others), and what stands on the chain.',
  ];
}

function findingLine({ index, refusal }: Finding): string {
  return `Entry ${String(index)} is without effect: ${refusal.code}: ${explainCode(refusal.code).meaning}`;
}

/** The same for programs. */
export function auditJson({ state, receipts, findings }: Replay) {
  return {
    genesis: state.genesis,
    entries: state.tree.size,
    receipts,
    proposals: state.proposals.size,
    skipped: findings.map(({ index, refusal }) => ({ index, code: refusal.code })),
  };
}
