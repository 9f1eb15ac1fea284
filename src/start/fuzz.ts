import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { toBase64 } from '../core/base/bytes.ts';
import { formatPackageLine } from '../core/log/package.ts';
import { fuzzPackages } from './fuzz/package.ts';
import { fuzzPsbt } from './fuzz/psbt.ts';

const usage = `npm run fuzz -- psbt [--count 1000000] [--seed N]      PSBTs: no crash, no hang, read by us as by two libraries
npm run fuzz -- package [--count 100000] [--seed N]    packages: the signer signs what was approved, or nothing
`;

interface Asked {
  readonly count: number;
  readonly seed: number;
}

interface Done {
  /** What was looked at. */
  readonly summary: string;
  /** How often each code came. */
  readonly codes: ReadonlyMap<string, number>;
  /** What none may do, with the file that shows it. */
  readonly fault: { readonly what: string; readonly file: string; readonly text: string } | null;
}

/** Says how far it is, every so many. */
function progress({ count }: Asked, every: number): (done: number) => void {
  return (done) => {
    if (done % every === 0) process.stdout.write(`${String(done)} of ${String(count)}\n`);
  };
}

function searchPsbts(asked: Asked): Done {
  const done = fuzzPsbt(asked, progress(asked, 50_000));
  const { looked, accepted, refused: codes, slowestMs, fault } = done;
  const summary = `${String(looked)} PSBTs, slowest ${slowestMs.toFixed(1)} ms, ${String(accepted)} accepted`;
  if (fault === null) return { summary, codes, fault };
  const file = `fuzz-${String(fault.seed)}-${String(fault.number)}.psbt.txt`;
  const what = `number ${String(fault.number)} ${fault.what}`;
  return { summary, codes, fault: { what, file, text: `${toBase64(fault.psbt)}\n` } };
}

function searchPackages(asked: Asked): Done {
  const done = fuzzPackages(asked, progress(asked, 5_000));
  const { looked, signed, skipped: codes, fault } = done;
  const summary = `${String(looked)} packages, ${String(signed)} signed what was approved, the others nothing`;
  if (fault === null) return { summary, codes, fault };
  const { entries, blobs } = fault.parcel;
  const lines = [
    ...[...blobs].map(([sha256, bytes]) => formatPackageLine({ type: 'blob', sha256, bytes })),
    ...entries.map((bytes, index) => formatPackageLine({ type: 'entry', index, bytes })),
  ];
  const file = `fuzz-${String(fault.seed)}-${String(fault.number)}.package.jsonl`;
  const what = `number ${String(fault.number)} (${fault.changed}) ${fault.what}`;
  return { summary, codes, fault: { what, file, text: `${lines.join('\n')}\n` } };
}

const searches = {
  psbt: { most: '1000000', search: searchPsbts },
  package: { most: '100000', search: searchPackages },
} as const;

/** `npm run fuzz -- psbt|package`: the nightly searches. Exit 1 with what it found in a file that begins with `fuzz-`. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: 'string' },
      seed: { type: 'string', default: String(Date.now() % 0x100000000) },
    },
  });
  const [name = ''] = positionals;
  const found = Object.entries(searches).find(([known]) => known === name)?.[1];
  const [count, seed] = [Number(values.count ?? found?.most), Number(values.seed)];
  const isRight = [count, seed].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (found === undefined || positionals.length !== 1 || !isRight) {
    process.stderr.write(usage);
    return 64;
  }
  process.stdout.write(`seed ${String(seed)}\n`);
  const from = performance.now();
  const { summary, codes, fault } = found.search({ count, seed });
  const seconds = Math.round((performance.now() - from) / 1000);
  process.stdout.write(`${summary}, in ${String(seconds)} s\n`);
  for (const [code, times] of [...codes].sort((a, b) => b[1] - a[1]))
    process.stdout.write(`  ${code}: ${String(times)}\n`);
  if (fault === null) return 0;
  await writeFile(fault.file, fault.text);
  process.stderr.write(`${fault.what}; see ${fault.file}\n`);
  return 1;
}

process.exitCode = await main();
