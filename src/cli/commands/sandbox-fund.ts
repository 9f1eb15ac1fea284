import { ok } from '../../core/base/result.ts';
import { formatBtc, satsToJson } from '../../core/base/sats.ts';
import type { Run } from '../command.ts';
import { required } from '../command.ts';
import { Desk } from '../desk.ts';
import { amountOf } from '../payments.ts';

export const run: Run = async (call) => {
  const wallet = required(call, 'wallet');
  const amount = amountOf(required(call, 'amount'));
  if (!amount.ok) return amount;
  const api = await new Desk(call).api();
  if (!api.ok) return api;
  const sats = satsToJson(amount.value);
  const funded = await api.value.fundSandbox(wallet, sats);
  if (!funded.ok) return funded;
  return ok({
    json: { wallet, sats },
    lines: [`Funded ${wallet} with ${formatBtc(amount.value)} of the sandbox.`],
  });
};
