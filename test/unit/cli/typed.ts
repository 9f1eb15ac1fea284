import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '../../../src/core/base/bytes.ts';
import type { Io } from '../../../src/cli/io.ts';
import { run } from '../../../src/cli/run.ts';

/** What a person types where nobody is asked anything, in a folder with these files; `-` is standard input. */
export async function typed(
  words: readonly string[],
  files: Readonly<Record<string, string>> = {},
  now = 1_800_000_000,
) {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-typed-'));
  const out: string[] = [];
  const said: string[] = [];
  const io: Io = {
    env: {},
    folder,
    now: () => now,
    out: (line) => out.push(line),
    say: (line) => said.push(line),
    ask: () => Promise.resolve(null),
    askHidden: null,
    readInput: () => Promise.resolve(utf8(files['-'] ?? '')),
  };
  try {
    for (const [name, text] of Object.entries(files))
      if (name !== '-') writeFileSync(join(folder, name), text);
    const status = await run(words, io);
    return { status, out: out.join('\n'), said: said.join('\n') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
