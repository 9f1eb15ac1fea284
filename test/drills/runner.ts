import type { RefusalCode } from '../../src/core/base/codes.ts';
import type { Drill, Ended, GroundName, GroundPlan, Line } from './drill.ts';
import { Ground } from './ground/ground.ts';
import { Stage } from './ground/stage.ts';

/** What one drill may take, its control included. */
const DRILL_MS = 400_000;
/** Drills at once: each has a signer or two beside the server and the database. */
const AT_ONCE = 3;

/** Tells the person who waits; never read by anything. */
export type Teller = (line: string) => void;

/** Runs drills, each in its ground. Returns a line of the table for each, in the order given. */
export async function runDrills(
  drills: readonly Drill[],
  plans: Readonly<Record<GroundName, GroundPlan>>,
  tell: Teller,
): Promise<readonly Line[]> {
  const names = [...new Set(drills.map(({ ground }) => ground))];
  const slots = new Slots(AT_ONCE);
  const found = await Promise.all(
    names.map((name) =>
      runGround(
        drills.filter(({ ground }) => ground === name),
        plans[name],
        { slots, tell },
      ),
    ),
  );
  const lines = new Map(found.flat().map((line) => [line.id, line]));
  return drills.flatMap(({ id }) => lines.get(id) ?? []);
}

async function runGround(
  drills: readonly Drill[],
  plan: GroundPlan,
  { slots, tell }: { readonly slots: Slots; readonly tell: Teller },
): Promise<readonly Line[]> {
  const all = drills.flatMap((drill) => drill.wallets);
  const wallets = [...new Map(all.map((wallet) => [wallet.id, wallet])).values()];
  let ground: Ground;
  try {
    ground = await slots.take(() => Ground.start({ ...plan, wallets }, plan.turnsClock));
  } catch (error) {
    tell(`${plan.name}: it did not start: ${wordsOf(error)}`);
    return drills.map((drill) => lineOf(drill, null, 'failed'));
  }
  const one = (drill: Drill): Promise<Line> => slots.take(() => runDrill(ground, drill, tell));
  try {
    if (plan.name === 'shared') return await Promise.all(drills.map(one));
    const lines: Line[] = [];
    for (const drill of drills) lines.push(await one(drill));
    return lines;
  } finally {
    await ground.stop();
  }
}

async function runDrill(ground: Ground, drill: Drill, tell: Teller): Promise<Line> {
  const began = performance.now();
  const trouble = (what: string, error: unknown): void => {
    tell(`drill ${String(drill.id)}: ${what}: ${wordsOf(error)}`);
  };
  let control: Line['control'] = 'failed';
  let ended: Ended | null = null;
  let stage: Stage | null = null;
  try {
    stage = await Stage.open(ground, drill);
    await within(drill.control(stage));
    control = 'ok';
  } catch (error) {
    trouble('the control failed', error);
    for (const said of ground.server.lines.slice(-5)) tell(`  server: ${said}`);
  }
  if (stage !== null && control === 'ok')
    try {
      ended = await within(drill.attack(stage));
      await assertReceipt(stage, ended);
    } catch (error) {
      ended = null;
      trouble('BREACHED', error);
    }
  try {
    await stage?.close();
  } catch (error) {
    ended = null;
    trouble('BREACHED', error);
  }
  const line = lineOf(drill, ended, control);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  tell(`drill ${String(drill.id)}: ${line.result} ${line.code ?? ''} (${seconds} s)`);
  return line;
}

/** A receipt in the log holds the refused digest and the code, where one is due. */
async function assertReceipt(stage: Stage, { receipt, code }: Ended): Promise<void> {
  if ('none' in receipt) return;
  const proposal = stage.proposal(receipt.proposal);
  await stage.refusal(proposal, code, proposal.statement.wallet.id);
}

function lineOf(drill: Drill, ended: Ended | null, control: Line['control']): Line {
  const { id, name, attacker } = drill;
  const code: RefusalCode | null = ended?.code ?? null;
  return { id, name, attacker, result: ended?.result ?? 'BREACHED', code, control };
}

function within<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`it took more than ${String(DRILL_MS / 1000)} s`));
    }, DRILL_MS);
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** So many at once, in the order in which they come. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#free -= 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
