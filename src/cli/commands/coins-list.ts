import { RECOVERY_WARNING_SECONDS, SETTLED_CONFIRMATIONS } from '../../core/base/limits.ts';
import { ok } from '../../core/base/result.ts';
import { formatBtc } from '../../core/base/sats.ts';
import { allOf, confirmationText } from '../coin-notes.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';

/** Free coins, the largest first, and why others are frozen: all of it the server's word. */
export const run: Run = async (call) => {
  const wallet = word(call, 0);
  const api = await new Desk(call).api();
  if (!api.ok) return api;
  const coins = await allOf((cursor) => api.value.coins(wallet, cursor));
  if (!coins.ok) return coins;
  const frozen = await allOf((cursor) => api.value.frozenCoins(wallet, cursor));
  if (!frozen.ok) return frozen;
  return ok({
    json: {
      ...{ wallet, coins: coins.value, frozen: frozen.value },
      settledConfirmations: SETTLED_CONFIRMATIONS,
    },
    lines: [
      ...coins.value.map(({ outpoint, sats, address, frozen: isFrozen, label, ...coin }) =>
        [
          outpoint,
          formatBtc(BigInt(sats)),
          address,
          confirmationText(coin),
          ...(isFrozen ? ['FROZEN'] : []),
          ...recoveryText(coin.recoverySeconds),
          ...(label === null ? [] : [`"${label}"`]),
        ].join('  '),
      ),
      ...(coins.value.length === 0 ? [`${wallet} has no free coin.`] : []),
      ...frozen.value.map(
        ({ outpoint, reason, by, at }) => `Frozen: ${outpoint} by ${by} since ${at}: ${reason}`,
      ),
    ],
  });
};

const DAY = 86_400;

/** From when on fewer or other keys spend it: told within the time that people are warned in. */
function recoveryText(seconds: number | null): readonly string[] {
  if (seconds === null || seconds > RECOVERY_WARNING_SECONDS) return [];
  return seconds === 0
    ? ['RECOVERY PATH OPEN']
    : [`recovery path opens in about ${String(Math.ceil(seconds / DAY))} days`];
}
