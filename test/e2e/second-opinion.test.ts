import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { codes } from '../../src/core/base/codes.ts';
import { Dice } from '../second-opinion/dice.ts';
import { firstOpinion } from '../second-opinion/first-opinion.ts';
import { packageOf, partsOf, spoiledPackage } from '../second-opinion/packages.ts';
import { Scenario } from '../second-opinion/scenario.ts';
import { skipAloud } from '../support/shared.ts';

/**
 * The product against test/second-opinion/verify.py, which was written from PROTOCOL.md and shares no line with it: of a
 * thousand packages, good and spoiled, both say the same of every entry and every proposal. PACKAGES and SEED give another
 * number and another beginning.
 */

const program = resolve(import.meta.dirname, '../second-opinion/verify.py');
const hasPython =
  spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0;
const PACKAGES = Number(process.env['PACKAGES'] ?? 1_000);
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** Packages of one organisation: as it lived, and spoiled. */
const OF_ONE = 10;
const DAY = 86_400;

/** Asks the program, which remembers what it has verified, about one package after another. */
class SecondOpinion {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  constructor(registry: string) {
    this.#process = spawn('python3', [program, '--codes', registry]);
    this.#process.stderr.pipe(process.stderr);
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async ask(file: string, genesis: string, at: readonly number[]): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify({ file, genesis, at })}\n`);
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error('the second opinion ended');
    return JSON.parse(answer.value);
  }

  end(): void {
    this.#process.stdin.end();
  }
}

function suite(): void {
  const folder = mkdtempSync(join(tmpdir(), 'second-opinion-'));
  const registry = join(folder, 'codes.json');
  let second: SecondOpinion | undefined;
  beforeAll(() => {
    writeFileSync(registry, JSON.stringify(Object.keys(codes)));
    second = new SecondOpinion(registry);
  });
  afterAll(() => {
    second?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const seen = new Map<string, number>();
  const note = (...found: readonly string[]) => {
    for (const one of found) seen.set(one, (seen.get(one) ?? 0) + 1);
  };

  async function compare(name: string, text: string, about: { genesis: string; now: number }) {
    const file = join(folder, 'package.jsonl');
    writeFileSync(file, text);
    const times = [0, 61, DAY, 8 * DAY].map((later) => about.now + later);
    const { opinion: first, times: asked } = await firstOpinion(file, about.genesis, times);
    const other = await second?.ask(file, about.genesis, asked);
    try {
      expect(other).toEqual(first);
    } catch (error) {
      const kept = join(tmpdir(), `second-opinion-${name}.jsonl`);
      writeFileSync(kept, text);
      process.stderr.write(
        `${name}: kept ${kept}, genesis ${about.genesis}, now ${String(about.now)}\n`,
      );
      throw error;
    }
    if ('refused' in first) note(`package ${first.refused}`);
    else {
      note(...first.skipped.map(({ code }) => `skip ${code}`));
      note(...first.verdicts.map(({ outcome, code }) => `${outcome} ${code ?? ''}`));
      note(
        ...first.verdicts.flatMap(({ version: v }) =>
          v ? [`version ${v.outcome} ${v.code ?? ''}`] : [],
        ),
      );
    }
  }

  test(`agrees on ${String(PACKAGES)} packages, seed ${String(SEED)}`, async () => {
    process.stderr.write(`second opinion: SEED=${String(SEED)} PACKAGES=${String(PACKAGES)}\n`);
    let made = 0;
    for (let number = 0; made < PACKAGES; number++) {
      const dice = new Dice(SEED + number);
      const scenario = founded(dice);
      if (scenario === null) continue;
      scenario.play(dice.whole(8, 45));
      const { genesis, now } = scenario.world;
      const parts = partsOf(scenario.world);
      for (let of = 0; of < OF_ONE && made < PACKAGES; of++, made++) {
        const text = of === 0 ? packageOf(parts) : spoiledPackage(dice, parts);
        await compare(`${String(SEED + number)}-${String(of)}`, text, { genesis, now });
      }
    }
    // A thousand packages that all fail alike would compare nothing.
    if (process.env['TALLY'] !== undefined)
      process.stderr.write(
        `${[...seen]
          .sort()
          .map(([what, times]) => `${String(times).padStart(7)} ${what}`)
          .join('\n')}\n`,
      );
    if (PACKAGES >= 1_000)
      for (const kind of ['skip ', 'package ', 'refused ', 'pending '])
        expect([...seen.keys()].filter((one) => one.startsWith(kind)).length).toBeGreaterThan(4);
  }, 3_600_000);
}

/** Null where chance made a policy that its charter cannot satisfy. */
function founded(dice: Dice): Scenario | null {
  try {
    return new Scenario(dice);
  } catch (error) {
    if (error instanceof Error && /policy\.|schema/.test(error.message)) return null;
    throw error;
  }
}

if (hasPython) describe('a second opinion from PROTOCOL.md', suite);
else skipAloud('a second opinion from PROTOCOL.md', 'python3 of 3.11 or later is not here');
