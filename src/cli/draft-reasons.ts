import type { DraftAnswer } from '../client/answers.ts';
import { formatBtc } from '../core/base/sats.ts';
import { warningLines } from './warning-lines.ts';

/** Why the server chose this fee rate and these coins, and what looks odd to it: its word, shown beside what the bytes do. */
export function draftReasons({
  fee,
  selection,
  consolidation,
  warnings,
}: DraftAnswer): readonly string[] {
  const told = [
    ...(fee === null ? [] : [feeLine(fee)]),
    ...(selection === null ? [] : selectionLines(selection)),
    ...(consolidation === null ? [] : consolidationLines(consolidation)),
    ...warningLines(warnings),
  ];
  return told.map((line) => `The server says: ${line}`);
}

function feeLine({ rate, why, estimate, blocks }: NonNullable<DraftAnswer['fee']>): string {
  const told = `${String(rate)} sat/vB`;
  switch (why) {
    case 'asked':
      return `${told}, as asked for.`;
    case 'estimated':
      return `${told}, which the node expects to confirm within ${String(blocks)} blocks.`;
    case 'capped':
      return `${told}, the most that the policy allows; the node estimates ${String(estimate)} for ${String(blocks)} blocks, so it may wait longer.`;
    case 'assumed':
      return `${told}: the node has no estimate, and fees are not paid here.`;
  }
}

const names = {
  'branch-and-bound': 'branch and bound, without change',
  'single-random-draw': 'a random draw',
  'largest-first': 'the largest first',
} as const;

function selectionLines(selection: NonNullable<DraftAnswer['selection']>): readonly string[] {
  const { algorithm, wasteSats, longTermFeeRate, partialAddresses, considered } = selection;
  return [
    `coins chosen by ${names[algorithm]}: waste ${String(wasteSats)} sat at ${String(longTermFeeRate)} sat/vB in the long term, of ${String(considered.length)} ways weighed.`,
    ...(partialAddresses === 0
      ? []
      : [
          `addresses spent in part: ${String(partialAddresses)}. What is left on them is linked to this.`,
        ]),
    ...leftOutLines(selection.leftOut),
  ];
}

function consolidationLines(merged: NonNullable<DraftAnswer['consolidation']>): readonly string[] {
  const { savingSats, longTermFeeRate, addresses } = merged;
  return [
    `merging saves ${formatBtc(BigInt(savingSats))} when coins are spent at ${String(longTermFeeRate)} sat/vB.`,
    `addresses that everybody will see belong together: ${String(addresses)}.`,
    ...leftOutLines(merged.leftOut),
  ];
}

function leftOutLines({ frozen, uneconomic, dust }: Record<string, number>): readonly string[] {
  const kinds = [
    [frozen, 'frozen'],
    [uneconomic, 'that cost what they bring'],
    [dust, 'of dust'],
  ] as const;
  const told = kinds.flatMap(([count = 0, kind]) =>
    count > 0 ? [`${String(count)} ${kind}`] : [],
  );
  return told.length === 0 ? [] : [`coins left out: ${told.join(', ')}.`];
}
