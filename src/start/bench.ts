import { approvals } from './bench/approvals.ts';
import { policy } from './bench/policy.ts';
import { psbt } from './bench/psbt.ts';
import { replay } from './bench/replay.ts';
import { signer } from './bench/signer.ts';

/** `npm run bench -- NAME [--json]`: measures, never judges: a missed goal is no failure. */
const benches = [approvals, policy, psbt, replay, signer];

const [name, ...options] = process.argv.slice(2);
const bench = benches.find((one) => one.name === name);
if (bench === undefined || options.some((option) => option !== '--json')) {
  console.error('npm run bench -- NAME [--json]');
  for (const one of benches) console.error(`  ${one.name}  ${one.summary}`);
  process.exitCode = name === '--help' ? 0 : 64;
} else {
  const goals = await bench.run((line) => {
    console.error(line);
  });
  if (options.includes('--json')) console.log(JSON.stringify({ bench: bench.name, goals }));
  else
    for (const { name: what, value, goal, ok } of goals)
      console.log(
        `${what}: ${String(value)}${goal === null ? '' : ` (goal ${String(goal)}, ${ok ? 'met' : 'missed'})`}`,
      );
}
