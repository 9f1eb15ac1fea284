import type { ReconciliationAnswer } from '../../client/answers.ts';
import type { Refusal } from '../../core/base/result.ts';
import { ok } from '../../core/base/result.ts';
import { formatBtc } from '../../core/base/sats.ts';
import { guardOf } from '../../core/watch/watchman.ts';
import type { Call, Run } from '../command.ts';
import { UsageError, required } from '../command.ts';
import { Desk } from '../desk.ts';

/** Shares are counted in hundredths of a percent. */
const WHOLE = 10_000n;

export const run: Run = async (call) => {
  const wallet = required(call, 'wallet');
  const cap = capOf(call);
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const api = await desk.api();
  if (!api.ok) return api;
  const told = await api.value.reconciliation(wallet, call.text('day'));
  if (!told.ok) return told;
  // The chain is the server's word; what receipts explain, this device knows from the log.
  const guard = guardOf(followed.value.state);
  const spends = told.value.spends.map((spend) => ({
    ...spend,
    proposal: guard.explains(wallet, spend.transaction) ?? null,
  }));
  const day = { ...told.value, spends };
  const share = shareOf(day);
  const refusals = [...unexplained(day), ...aboveCap(share, cap)];
  return ok({
    json: { ...day, shareBasisPoints: share, capBasisPoints: cap },
    lines: [...linesOf(day), ...shareLines(share, cap)],
    refusals,
  });
};

function capOf(call: Call): number | null {
  const text = call.text('cap');
  if (text === undefined) return null;
  const [, whole = '', part = ''] = /^(\d{1,3})(?:\.(\d{1,2}))?%$/.exec(text) ?? [];
  const cap = Number(whole) * 100 + Number(part.padEnd(2, '0'));
  if (whole === '' || cap > Number(WHOLE))
    throw new UsageError('--cap takes a share such as 5% or 2.5%');
  return cap;
}

/** Of all wallets together at the end of the day, rounded up; null where none holds anything. */
function shareOf({ closingSats, allSats }: ReconciliationAnswer): number | null {
  if (allSats === 0) return null;
  const all = BigInt(allSats);
  return Number((BigInt(closingSats) * WHOLE + all - 1n) / all);
}

function unexplained({ wallet, day, spends, open }: ReconciliationAnswer): readonly Refusal[] {
  const alone = spends.filter(({ proposal }) => proposal === null).map(({ txid }) => txid);
  const conflicts = open.filter(({ conflict }) => conflict !== null).map(({ txid }) => txid);
  if (alone.length + conflicts.length === 0) return [];
  const facts = { wallet, day, spends: alone, conflicts };
  return [{ code: 'reconciliation.unexplained', facts }];
}

function aboveCap(share: number | null, cap: number | null): readonly Refusal[] {
  if (share === null || cap === null || share <= cap) return [];
  return [{ code: 'reconciliation.share', facts: { share: percent(share), cap: percent(cap) } }];
}

function linesOf(day: ReconciliationAnswer): readonly string[] {
  const { openingSats, closingSats, deposits, spends, open } = day;
  return [
    `${day.wallet} on ${day.day} (UTC), read up to block ${String(day.readTo)}`,
    `Opening: ${btc(openingSats)}`,
    ...deposits.map(
      ({ outpoint, sats, height }) =>
        `+ ${btc(sats)}  deposit ${outpoint}, block ${String(height)}`,
    ),
    ...spends.flatMap(({ txid, leftSats, height, proposal }) => [
      `- ${btc(leftSats)}  ${txid}, block ${String(height)}`,
      proposal === null ? '    NO RECEIPT EXPLAINS IT' : `    proposal ${proposal}`,
    ]),
    `Closing: ${btc(closingSats)}`,
    ...open.map(({ proposal, signedAt, conflict }) =>
      conflict === null
        ? `Signed ${signedAt} and in no block by then: proposal ${proposal}`
        : `Signed ${signedAt} and can never confirm, for ${conflict} took its coin: proposal ${proposal}`,
    ),
  ];
}

function shareLines(share: number | null, cap: number | null): readonly string[] {
  if (share === null) return [];
  const line = `Share of all wallets: ${percent(share)}`;
  return [cap === null ? line : `${line}, cap ${percent(cap)}`];
}

function percent(basisPoints: number): string {
  return `${String(Math.floor(basisPoints / 100))}.${String(basisPoints % 100).padStart(2, '0')}%`;
}

function btc(sats: number): string {
  return formatBtc(BigInt(sats));
}
