import { ok } from '../../core/base/result.ts';
import type { Run } from '../command.ts';
import { Desk } from '../desk.ts';
import { walletFacts } from '../wallet-facts.ts';

export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const wallets = [...state.wallets.values()].map((wallet) => walletFacts(state, wallet));
  return ok({
    json: { wallets },
    lines: wallets.map(
      ({ id, network, kind, standing }) => `${id}  ${network}  ${kind}  ${standing}`,
    ),
  });
};
