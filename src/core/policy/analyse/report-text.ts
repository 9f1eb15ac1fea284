import { formatBtc } from '../../base/sats.ts';
import { parseTime } from '../../base/time.ts';
import { duration } from '../render.ts';
import type { BlastReport, ComparisonReport, ExampleReport, MovementReport } from './report.ts';

/** Analyses in plain sentences, with names and amounts; the data is report.ts's. */

/** Payments or earlier spends told one by one; what more there is is summed up. */
const TOLD = 3;

const verdicts: Readonly<Record<ComparisonReport['verdict'], string>> = {
  same: 'Both policies allow the same spends.',
  tightens: 'The new policy tightens: it allows nothing that the old one refuses.',
  loosens: 'The new policy loosens: it refuses nothing that the old one allows.',
  both: 'The new policy is easier for some spends and harder for others.',
};

/** A comparison of an old policy with a new one, as lines. */
export function comparisonText({ verdict, easier, harder }: ComparisonReport): readonly string[] {
  const part = (title: string, by: string, examples: readonly ExampleReport[]) =>
    examples.length === 0
      ? []
      : [
          '',
          title,
          ...examples.flatMap((example, i) => exampleText(example, { number: i + 1, by })),
        ];
  return [
    verdicts[verdict],
    ...part('Easier: allowed by the new policy alone', 'The old policy', easier),
    ...part('Harder: allowed by the old policy alone', 'The new policy', harder),
  ];
}

const screenings = {
  clear: 'cleared by the screening service',
  unanswered: 'with no answer of the screening service',
} as const;

function exampleText(
  example: ExampleReport,
  { number, by }: { readonly number: number; readonly by: string },
): readonly string[] {
  const { spend, approvals, screening, at, elapsedSeconds, approvalAgeSeconds, because } = example;
  const who = approvals.map(({ member, kinds }) => `${member} (${kinds.join(', ')})`);
  const names = spend.hasReference ? ', with a reference' : '';
  return [
    `${String(number)}. ${movementText(spend)}, fee ${btc(spend.feeSats)} for ${String(spend.vbytes)} vbytes${names}`,
    ...earlierText(example),
    `   approved by ${who.length === 0 ? 'nobody' : who.join(' and ')}, the oldest approval ${duration(approvalAgeSeconds)} old when they sufficed`,
    ...(screening === null ? [] : [`   ${screenings[screening]}`]),
    `   signed at ${at}, ${duration(elapsedSeconds)} after they sufficed`,
    `   ${by} refuses it: ${because.code}${factsText(because.facts)}`,
  ];
}

function earlierText({ earlier, at }: ExampleReport): readonly string[] {
  if (earlier.length === 0) return [];
  const lines = earlier.slice(0, TOLD).map((one) => {
    const seconds = (parseTime(at) ?? 0) - (parseTime(one.at) ?? 0);
    return `   ${duration(seconds)} before, ${movementText(one)}, fee ${btc(one.feeSats)}`;
  });
  const rest = earlier.slice(TOLD);
  const amount = rest.reduce((sum, { amountSats }) => sum + amountSats, 0);
  const more = `   and ${String(rest.length)} more earlier spends of ${btc(amount)} in all`;
  return rest.length === 0 ? lines : [...lines, more];
}

function movementText({ initiator, amountSats, payments }: MovementReport): string {
  if (payments.length === 0) return `${initiator} moves coins within the wallet`;
  const told = payments.slice(0, TOLD).map(({ sats, to }) => `${btc(sats)} to ${payeeText(to)}`);
  const rest = payments.length - told.length;
  const more = rest === 0 ? '' : ` and ${String(rest)} more payments, ${btc(amountSats)} in all`;
  return `${initiator} pays ${told.join(', ')}${more}`;
}

function payeeText(to: MovementReport['payments'][number]['to']): string {
  if (to === null) return 'an unlisted address';
  return to.tags.length === 0 ? to.owner : `${to.owner} (${to.tags.join(', ')})`;
}

function factsText(facts: Readonly<Record<string, unknown>>): string {
  const told = Object.entries(facts).filter(([, fact]) => fact !== null);
  if (told.length === 0) return '';
  const one = (fact: unknown): string => (Array.isArray(fact) ? fact.join(' and ') : String(fact));
  return ` (${told.map(([name, fact]) => `${name} ${one(fact)}`).join(', ')})`;
}

const ways: Readonly<Record<BlastReport['rows'][number]['how'], string>> = {
  spends: 'spends that the policy allows',
  governance: 'changing the documents in that time',
  outside: 'keys that spend without the hot key',
  signer: 'unlocking the signer',
  unseen: 'signatures that exist and are not on the chain yet',
};

/** A blast radius as a table, and beneath each row that moves something its first spends. */
export function blastText({ window, rows }: BlastReport): readonly string[] {
  const time = window === null ? 'however long' : `within ${duration(window)}`;
  const cells = rows.map(({ compromised, sats, exact, who, how }) => [
    String(compromised),
    sats === 'everything' ? sats : `${exact ? '' : 'at most '}${btc(sats)}`,
    sats === 0 ? '-' : ways[how],
    who.length === 0 ? '-' : who.join(', '),
  ]);
  const heading = ['compromised', 'can leave', 'by', 'worst set of people'];
  const widths = heading.map((_, column) =>
    Math.max(...[heading, ...cells].map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [
    `The most that can leave ${time}, payments and fees:`,
    line(heading),
    ...cells.map(line),
    ...rows.flatMap(scheduleText),
  ];
}

function scheduleText({ compromised, spends }: BlastReport['rows'][number]): readonly string[] {
  if (spends.length === 0) return [];
  const told = spends.slice(0, TOLD).map((spend) => {
    const by = spend.approvals.length === 0 ? 'nobody' : spend.approvals.join(' and ');
    const when = spend.afterSeconds === 0 ? 'At once' : `After ${duration(spend.afterSeconds)}`;
    return `  ${when} ${movementText(spend)}, fee ${btc(spend.feeSats)}, approved by ${by}`;
  });
  const rest = spends.length - told.length;
  return [
    '',
    `With ${String(compromised)} compromised:`,
    ...told,
    ...(rest === 0 ? [] : [`  and ${String(rest)} more spends`]),
  ];
}

function btc(amount: number): string {
  return formatBtc(BigInt(amount));
}
