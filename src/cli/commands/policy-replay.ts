import { resolve } from 'node:path';
import { ok, refuse } from '../../core/base/result.ts';
import { hex32 } from '../../core/base/schema.ts';
import { replayReport } from '../../core/policy/replay-report.ts';
import { PolicyWitness } from '../../core/policy/replay-policy.ts';
import { auditFile } from '../audit-file.ts';
import type { Run } from '../command.ts';
import { UsageError, required, word } from '../command.ts';
import { readPolicyFile } from '../policy-files.ts';
import { replayText } from '../../core/policy/replay-text.ts';

/**
 * Which past proposals of a bundle would have fared otherwise. The bundle is authenticated from its genesis before anything
 * is told: whoever asks what a policy would have done must know what was done. That every signature of every receipt is
 * right is said by `evidence verify`; here the last of a chain may speak for those before it (receipt-chains.ts).
 */
export const run: Run = async (call) => {
  const { io } = call;
  const genesis = required(call, 'genesis');
  if (!hex32.safeParse(genesis).success) throw new UsageError('--genesis takes 64 hex digits');
  const file = resolve(io.folder, required(call, 'bundle'));
  const policy = await readPolicyFile(io, word(call, 0));
  if (!policy.ok) return policy;
  const wallet = call.text('wallet') ?? policy.value.wallet;
  const witness = new PolicyWitness({ ...policy.value, wallet });
  const found = await auditFile({
    path: file,
    genesis,
    witness,
    say: (line) => {
      io.say(line);
    },
  });
  if (!found.ok) return found;
  if (!found.value.state.wallets.has(wallet)) return refuse('wallet.unknown', { wallet });
  const report = replayReport(witness.finish(found.value.state));
  return ok({ json: { ...report }, lines: replayText(report) });
};
