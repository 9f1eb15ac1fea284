import { parseArgs } from 'node:util';
import { all, plans } from './drills.ts';
import type { Line } from './drill.ts';
import { later } from './later.ts';
import { stopGrounds } from './ground/ground.ts';
import { killAll } from './ground/process.ts';
import { runDrills } from './runner.ts';
import { tableOf } from './table.ts';

const help = `npm run drills [-- --json] [-- --only 1,3,25]

Attacks the real server, the real signer and the real database with the powers of design 5, one theft after another, and
prints what came of each. Each drill has a control: the same steps without the attack, which must succeed.

  --json       print [{"id","name","attacker","result","code","control"}] instead of a table
  --only IDS   run these drills only

result   refused    a typed code came back, in a receipt of the signer where one is due
         stopped    what was attacked stopped, or what was attempted had no effect
         not yet    it waits for a part of the product: it did not run; its code and control are null (a dash in the table)
         BREACHED   something went through, or a code, receipt or alert that is due was missing

Exit status: 0 when nothing is breached and every control of a drill that ran is ok, else 1; 64 usage.
`;

/** sysexits' EX_USAGE. */
const USAGE = 64;

interface Asked {
  readonly json: boolean;
  readonly ids: ReadonlySet<number> | null;
}

function ask(args: readonly string[]): Asked | null {
  const options = {
    json: { type: 'boolean' },
    only: { type: 'string' },
    help: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ args: [...args], options, strict: true });
  if (values.help === true) return null;
  const known = new Set([...all, ...later].map(({ id }) => id));
  const ids = values.only?.split(',').map(Number) ?? null;
  for (const id of ids ?? [])
    if (!known.has(id)) throw new Error(`there is no drill ${String(id)}`);
  return { json: values.json ?? false, ids: ids === null ? null : new Set(ids) };
}

async function drill({ json, ids }: Asked): Promise<number> {
  const isAsked = ({ id }: { readonly id: number }): boolean => ids?.has(id) ?? true;
  const ran = await runDrills(all.filter(isAsked), plans, (line) =>
    process.stderr.write(`${line}\n`),
  );
  const waiting: readonly Line[] = later.filter(isAsked).map(({ id, name, attacker }) => ({
    id,
    name,
    attacker,
    result: 'not yet',
    code: null,
    control: null,
  }));
  const lines = [...ran, ...waiting].sort((a, b) => a.id - b.id);
  process.stdout.write(json ? `${JSON.stringify(lines)}\n` : tableOf(lines, later));
  const isBroken = ran.some(({ result, control }) => result === 'BREACHED' || control !== 'ok');
  return isBroken ? 1 : 0;
}

let isEnding = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (isEnding) return;
    isEnding = true;
    killAll();
    void stopGrounds().finally(() => process.exit(1));
  });

try {
  const asked = ask(process.argv.slice(2));
  if (asked === null) process.stdout.write(help);
  else process.exitCode = await drill(asked);
} catch (error) {
  process.stderr.write(`drills: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = USAGE;
} finally {
  killAll();
}
