import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { toBase64 } from '../core/base/bytes.ts';
import { fuzzPsbt } from './fuzz/psbt.ts';

const usage = 'npm run fuzz -- psbt [--count 1000000] [--seed N]\n';
const PROGRESS = 50_000;

/** `npm run fuzz -- psbt`: the nightly search. Exit 1 with the offending PSBT in `fuzz-<seed>-<number>.psbt.txt`. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() % 0x100000000) },
    },
  });
  const [count, seed] = [Number(values.count), Number(values.seed)];
  const isRight = [count, seed].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (positionals.join(' ') !== 'psbt' || !isRight) {
    process.stderr.write(usage);
    return 64;
  }
  process.stdout.write(`seed ${String(seed)}\n`);
  const from = performance.now();
  const { looked, accepted, refused, slowestMs, fault } = fuzzPsbt({ count, seed }, (done) => {
    if (done % PROGRESS === 0) process.stdout.write(`${String(done)} of ${String(count)}\n`);
  });
  const seconds = Math.round((performance.now() - from) / 1000);
  process.stdout.write(
    `${String(looked)} PSBTs in ${String(seconds)} s, slowest ${slowestMs.toFixed(1)} ms, ${String(accepted)} accepted\n`,
  );
  for (const [code, times] of [...refused].sort((a, b) => b[1] - a[1]))
    process.stdout.write(`  ${code}: ${String(times)}\n`);
  if (fault === null) return 0;
  const file = `fuzz-${String(fault.seed)}-${String(fault.number)}.psbt.txt`;
  await writeFile(file, `${toBase64(fault.psbt)}\n`);
  process.stderr.write(`number ${String(fault.number)} ${fault.what}; see ${file}\n`);
  return 1;
}

process.exitCode = await main();
