import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { builtProgram } from '../program.ts';
import type { Bench } from './bench.ts';
import type { Past } from './past.ts';
import { askedPolicy, writePast } from './past.ts';

/**
 * `countersign policy replay` from the command to its answer, over a bundle on disk: the file read, every form, hash and signature
 * checked, every receipt judged again, every proposal judged by another policy. It uses all cores that there are.
 */
const PROPOSALS = 50_000;
const GOAL_SECONDS = 60;

export const replay: Bench = {
  name: 'replay',
  summary: 'seconds that "policy replay" takes over a bundle of 50,000 proposals',
  run: async (say) => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
    try {
      const bundle = join(folder, 'bundle.jsonl');
      const policy = join(folder, 'new.yaml');
      writeFileSync(policy, askedPolicy);
      say(`writing a past of ${String(PROPOSALS)} proposals, which takes minutes`);
      const past = await writePast(bundle, PROPOSALS, say);
      say('replaying it');
      const { seconds, report } = await timed([policy, '--bundle', bundle], past);
      const told = (name: string, value: number) => ({ name, value, goal: null, ok: true });
      return [
        {
          name: 'seconds for 50,000 proposals',
          value: Math.round(seconds * 10) / 10,
          goal: GOAL_SECONDS,
          ok: seconds < GOAL_SECONDS,
        },
        told('proposals', report.proposals),
        told('entries of the log', past.entries),
        told('would have fared otherwise', report.proposals - report.agreeing),
        told('cores', availableParallelism()),
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const reportSchema = z.object({ proposals: z.literal(PROPOSALS), agreeing: z.int() });

async function timed(args: readonly string[], { genesis }: Past) {
  const program = builtProgram('cli/main.js');
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [program, 'policy', 'replay', ...args, '--genesis', genesis, '--json'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const status = await new Promise((resolve) => child.once('close', resolve));
  const seconds = (performance.now() - began) / 1_000;
  if (status !== 0) throw new Error(`policy replay ended with ${String(status)}`);
  return { seconds, report: reportSchema.parse(JSON.parse(Buffer.concat(chunks).toString())) };
}
