import { ok } from '../../core/base/result.ts';
import type { Run } from '../command.ts';
import { wholeNumber } from '../command.ts';
import { Desk } from '../desk.ts';

export const run: Run = async (call) => {
  const blocks = wholeNumber(call, 'blocks') ?? 1;
  const api = await new Desk(call).api();
  if (!api.ok) return api;
  const mined = await api.value.mineSandbox(blocks);
  if (!mined.ok) return mined;
  return ok({ json: { blocks }, lines: [`Blocks made on the sandbox: ${String(blocks)}`] });
};
