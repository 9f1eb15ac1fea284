import type { LaterDrill, Line } from './drill.ts';

const heads = ['drill', 'name', 'attacker', 'result', 'code', 'control'] as const;

/** For people: one line a drill, then what the others wait for. */
export function tableOf(lines: readonly Line[], later: readonly LaterDrill[]): string {
  const waits = new Map(later.map(({ id, waitsFor }) => [id, waitsFor]));
  const rows = lines.map(({ id, name, attacker, result, code, control }) => [
    String(id),
    name,
    attacker,
    result,
    code ?? (result === 'not yet' ? `waits for ${waits.get(id) ?? ''}` : '-'),
    control ?? '-',
  ]);
  const widths = heads.map((head, at) =>
    Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const print = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  const count = (result: Line['result']): string =>
    `${String(lines.filter((line) => line.result === result).length)} ${result}`;
  const sum = (['refused', 'stopped', 'not yet', 'BREACHED'] as const).map(count).join(', ');
  return `${[heads, ...rows].map(print).join('\n')}\n\n${sum}\n`;
}
