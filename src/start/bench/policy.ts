import type { PolicyBody } from '../../core/policy/body.ts';
import { Budget, noUsage } from '../../core/policy/budget.ts';
import type { SpendFacts } from '../../core/policy/evaluate.ts';
import { evaluate } from '../../core/policy/evaluate.ts';
import { isMet } from '../../core/policy/quorum.ts';
import type { Destination, Usage } from '../../core/policy/usage.ts';
import type { Bench, Measured } from './bench.ts';
import { cedarWith } from './cedar.ts';
import { addressBook, approvals, NOW, policies, postingsOf, spendsOver } from './policy-case.ts';

/**
 * Verdicts per second (the policy evaluated with what the ledger holds, the quorum of every matching rule solved)
 * beside Cedar, which decides the same rules without windows and quorum. Ledgers and Cedar take turns, and seconds are
 * those of the processor's time, so that what else the machine does counts for nobody.
 */
const SPENDS = 2_000;
const LEDGERS = [1_000, 100_000, 1_000_000] as const;
const ROUNDS = 21;
/** Of processor time a turn. */
const MILLISECONDS = 100;
/** Decisions between two looks at the clock. */
const BATCH = 20;
const LATENCIES = 200_000;

const TIMES_CEDAR = 50;
const P99_MILLISECONDS = 1;
const GROWTH = 0.8;

export const policy: Bench = {
  name: 'policy',
  summary: 'verdicts per second on 50 rules, 10,000 addresses and up to 1,000,000 ledger entries',
  run: async (say) => {
    const { full, plain } = policies();
    const book = addressBook();
    const spends = spendsOver(book, SPENDS);
    const cedar = await cedarWith(plain);
    const calls = spends.map((spend) => cedar.prepare(spend, NOW));
    const byCedar = (i: number): boolean => {
      const call = calls[i];
      return call !== undefined && cedar.allows(call);
    };
    say('comparing decisions');
    const differing = spends.filter((spend, i) => isAllowed(plain, spend, noUsage) !== byCedar(i));
    const ledgers = LEDGERS.map((entries) => {
      say(`indexing ${String(entries)} ledger entries`);
      return indexed(entries, book);
    });
    const [small, middle, large] = ledgers.map(
      ({ usage }) =>
        (i: number): boolean =>
          isAllowed(full, spends[i], usage),
    );
    if (small === undefined || middle === undefined || large === undefined)
      throw new Error('three ledgers');
    say('measuring');
    const rounds = roundsOf([small, middle, large, byCedar, explained(full, spends, ledgers[1])]);
    return [
      ...goalsOf(rounds, latenciesOf(middle)),
      {
        name: 'decisions without windows unlike those of Cedar',
        value: differing.length,
        goal: 0,
        ok: differing.length === 0,
      },
      told('share of spends allowed', countOf(middle) / SPENDS),
      told('ms to index 1,000,000 ledger entries', ledgers[2]?.milliseconds ?? Number.NaN),
    ];
  },
};

/** Whole seconds that go on as those of a signer do. */
const clock = (): number => NOW + Math.floor(performance.now() / 1_000);

/** Decides the spend of a number below SPENDS. */
type Decide = (spend: number) => boolean;

interface Indexed {
  readonly usage: Usage;
  readonly milliseconds: number;
}

function indexed(entries: number, book: ReadonlyMap<string, Destination>): Indexed {
  const postings = postingsOf(entries, book);
  const began = performance.now();
  const budget = new Budget();
  for (const posting of postings) budget.add(posting);
  return { usage: budget.seen(book, null), milliseconds: performance.now() - began };
}

function isAllowed(body: PolicyBody, spend: SpendFacts | undefined, usage: Usage): boolean {
  if (spend === undefined) return false;
  const { refusals, waiting, matched } = evaluate(body, spend, usage, clock());
  // Solved whatever the limits say: people want to know who is missing.
  const isFull = matched.every(({ clause }) => isMet(clause, approvals));
  return isFull && refusals.length === 0 && waiting.length === 0;
}

/** As {@link isAllowed}, with the trace of every rule and condition written out. */
function explained(
  body: PolicyBody,
  spends: readonly SpendFacts[],
  ledger: Indexed | undefined,
): Decide {
  return (i) => {
    const spend = spends[i];
    if (spend === undefined || ledger === undefined) return false;
    const { refusals, matched, rules } = evaluate(body, spend, ledger.usage, clock());
    const isFull = matched.every(({ clause }) => isMet(clause, approvals));
    return isFull && refusals.length === 0 && rules.length > 0;
  };
}

function countOf(decide: Decide): number {
  let found = 0;
  for (let i = 0; i < SPENDS; i++) if (decide(i)) found += 1;
  return found;
}

/** Decisions per second of each, by rounds in which all take their turn. Two rounds before warm up. */
function roundsOf(deciders: readonly Decide[]): readonly Rates[] {
  const rounds = Array.from({ length: ROUNDS + 2 }, () => deciders.map(rateOf));
  return rounds.slice(2);
}

type Rates = readonly number[];

/** The median over the rounds: what disturbs a round disturbs all who take their turn in it. */
function median(rounds: readonly Rates[], of: (rates: Rates) => number): number {
  return rounds.map(of).sort((a, b) => a - b)[rounds.length >> 1] ?? Number.NaN;
}

function rateOf(decide: Decide): number {
  const began = process.cpuUsage();
  let count = 0;
  let elapsed = 0;
  while (elapsed < MILLISECONDS) {
    for (let i = 0; i < BATCH; i++) decide((count + i) % SPENDS);
    count += BATCH;
    const { user, system } = process.cpuUsage(began);
    elapsed = (user + system) / 1_000;
  }
  return count / (elapsed / 1_000);
}

/** Milliseconds of single decisions, ascending. */
function latenciesOf(decide: Decide): readonly number[] {
  const found = new Float64Array(LATENCIES);
  for (let i = 0; i < LATENCIES; i++) {
    const began = performance.now();
    decide(i % SPENDS);
    found[i] = performance.now() - began;
  }
  return Array.from(found.sort());
}

function goalsOf(rounds: readonly Rates[], latencies: readonly number[]): readonly Measured[] {
  const rate = (place: number) => (rates: Rates) => rates[place] ?? Number.NaN;
  const [small, middle, large, cedar, explaining] = [0, 1, 2, 3, 4].map((place) =>
    median(rounds, rate(place)),
  );
  const times = median(rounds, (rates) => rate(1)(rates) / rate(3)(rates));
  const growth = median(rounds, (rates) => rate(2)(rates) / rate(0)(rates));
  const p99 = latencies[Math.floor(LATENCIES * 0.99)] ?? Number.NaN;
  return [
    {
      name: 'times the rate of Cedar',
      value: round(times),
      goal: TIMES_CEDAR,
      ok: times >= TIMES_CEDAR,
    },
    {
      name: 'ms of a verdict, p99',
      value: round(p99),
      goal: P99_MILLISECONDS,
      ok: p99 < P99_MILLISECONDS,
    },
    {
      name: 'rate at 1,000,000 ledger entries to that at 1,000',
      value: round(growth),
      goal: GROWTH,
      ok: growth >= GROWTH,
    },
    told('verdicts per second at 1,000 ledger entries', small),
    told('verdicts per second at 100,000 ledger entries', middle),
    told('verdicts per second at 1,000,000 ledger entries', large),
    told('the same with every trace written out', explaining),
    told('decisions of Cedar per second', cedar),
    told('ms of a verdict, the longest', latencies.at(-1) ?? Number.NaN),
  ];
}

function told(name: string, value = Number.NaN): Measured {
  return { name, value: round(value), goal: null, ok: true };
}

function round(value: number): number {
  return value >= 1_000 ? Math.round(value) : Math.round(value * 10_000) / 10_000;
}
