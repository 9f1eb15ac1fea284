import { formatBtc } from '../../core/base/sats.ts';
import { ok } from '../../core/base/result.ts';
import { formatTime } from '../../core/base/time.ts';
import { duration } from '../../core/policy/render.ts';
import type { BudgetRow } from '../../core/policy/wallet-budget.ts';
import { walletBudget } from '../../core/policy/wallet-budget.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';

/** What each limit leaves, by the receipts in the followed log. */
export const run: Run = async (call) => {
  const wallet = word(call, 0);
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const found = walletBudget(followed.value.state, wallet, call.io.now());
  if (!found.ok) return found;
  const { policy, at, limits, omitted } = found.value;
  return ok({
    json: {
      wallet,
      policy,
      at: formatTime(at),
      limits: limits.map((limit) => ({
        ...limit,
        freesAt: limit.freesAt === null ? null : formatTime(limit.freesAt),
      })),
      omitted,
    },
    lines: [
      ...(limits.length === 0 ? ['The policy has no limits.'] : limits.flatMap(limitLines)),
      ...(omitted === 0
        ? []
        : [`${String(omitted)} more, who used less, are left out: they are not everybody else.`]),
    ],
  });
};

function limitLines(limit: BudgetRow): readonly string[] {
  const { name, measure, windowSeconds, most, everybodyElse } = limit;
  const { spent, reserved, asked, free, freesAt } = limit;
  const value = (sum: number) => (measure === 'count' ? String(sum) : formatBtc(BigInt(sum)));
  const what = measure === 'fee' ? ' of fees' : measure === 'count' ? ' spends' : '';
  if (windowSeconds === null) return [`${name}: at most ${value(most)}${what} in one transaction`];
  return [
    `${name}${scopeOf(limit)}: free ${value(free)} of ${value(most)}${what} in any ${duration(windowSeconds)}`,
    ...(everybodyElse
      ? []
      : [`  spent ${value(spent)}, reserved ${value(reserved)}, asked for ${value(asked)}`]),
    ...(freesAt === null ? [] : [`  more frees up at ${formatTime(freesAt)}`]),
  ];
}

function scopeOf({ of, key, everybodyElse }: BudgetRow): string {
  if (everybodyElse) return of === 'initiator' ? ' (of everybody else)' : ' (to everybody else)';
  switch (of) {
    case 'destination':
      return key === null ? ' (unlisted addresses)' : ` (to ${key})`;
    case 'initiator':
      return ` (of ${key ?? ''})`;
    case 'organisation':
      return " (this wallet's share)";
    case 'wallet':
      return '';
  }
}
