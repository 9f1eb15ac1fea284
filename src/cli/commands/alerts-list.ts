import { ok } from '../../core/base/result.ts';
import { formatTime } from '../../core/base/time.ts';
import type { LeakRecord } from '../../core/log/state.ts';
import { guardOf } from '../../core/watch/watchman.ts';
import type { Run } from '../command.ts';
import { Desk } from '../desk.ts';

export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const guard = guardOf(state);
  const alerts = [...state.alerts.values()].map((alert) => ({
    ...alert,
    at: formatTime(alert.at),
    explainedBy: guard.explains(alert.wallet, alert.transaction) ?? null,
  }));
  return ok({
    json: { alerts, leaks: state.leaks },
    lines: [
      ...state.leaks.map(leakLine),
      ...(alerts.length === 0
        ? ['No spend is unexplained.']
        : alerts.flatMap(({ wallet, txid, outpoints, height, at, explainedBy }) => [
            `${at}  ${wallet}  ${txid}  ${height === null ? 'in the mempool' : `in block ${String(height)}`}`,
            ...outpoints.map((outpoint) => `  spends ${outpoint}`),
            explainedBy === null
              ? '  No receipt explains it. Freeze the wallet, and find out who holds its keys.'
              : `  A receipt that came later explains it: proposal ${explainedBy}`,
          ])),
    ],
  });
};

function leakLine({ wallet, proposal, earlier }: LeakRecord): string {
  return `THE HOT KEY OF ${wallet} IS LOST: its signatures of ${proposal} and ${earlier} share a nonce. Freeze the wallet, and move its funds by keys that are sound.`;
}
