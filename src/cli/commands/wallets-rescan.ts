import { ok } from '../../core/base/result.ts';
import type { Run } from '../command.ts';
import { wholeNumber, word } from '../command.ts';
import { Desk } from '../desk.ts';

/** Has the server look for coins beyond the range of addresses that it watches, from the birth of the wallet on. */
export const run: Run = async (call) => {
  const wallet = word(call, 0);
  const [receive, change] = [wholeNumber(call, 'receive') ?? 0, wholeNumber(call, 'change') ?? 0];
  const api = await new Desk(call).api();
  if (!api.ok) return api;
  const begun = await api.value.rescan(wallet, { receive, change });
  if (!begun.ok) return begun;
  return ok({
    json: { wallet, ...begun.value },
    lines: [
      `The server reads ${wallet} anew from block ${String(begun.value.from)}; nothing is drafted until it is done.`,
      'See: countersign status',
    ],
  });
};
