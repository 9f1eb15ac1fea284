import type { Api } from '../../client/api.ts';
import type { ShadowAnswer } from '../../client/answers.ts';
import type { Result } from '../../core/base/result.ts';
import { ok } from '../../core/base/result.ts';
import { faredText } from '../../core/policy/replay-text.ts';
import type { Call, Run } from '../command.ts';
import { UsageError, word } from '../command.ts';
import { Desk } from '../desk.ts';
import { readPolicyFile } from '../policy-files.ts';

/** What is shown is the server's word: it judges shadows and they bind nobody. An own check is `policy replay`. */
export const run: Run = async (call) => {
  if (call.has('set') && call.has('clear'))
    throw new UsageError('--set and --clear say two things');
  const api = await new Desk(call).api();
  if (!api.ok) return api;
  const told = await asked(call, api.value);
  return told.ok ? ok({ json: { ...told.value }, lines: shadowText(told.value) }) : told;
};

async function asked(call: Call, api: Api): Promise<Result<ShadowAnswer>> {
  const wallet = word(call, 0);
  const file = call.text('set');
  if (call.has('clear')) return api.clearShadow(wallet);
  if (file === undefined) return api.shadow(wallet);
  const policy = await readPolicyFile(call.io, file);
  return policy.ok ? api.attachShadow(wallet, policy.value) : policy;
}

function shadowText(told: ShadowAnswer): readonly string[] {
  const { wallet, shadow, proposals, agreeing, faults, differing, next } = told;
  if (shadow === null) return [`No shadow policy is attached to ${wallet}.`];
  return [
    `Shadow policy of ${wallet}, attached by ${shadow.by} at ${shadow.at}. It decides nothing.`,
    `Proposals judged by it: ${String(proposals)}. It agrees on ${String(agreeing)}.`,
    ...(faults === 0 ? [] : [`It could not be judged on ${String(faults)}.`]),
    ...differing.flatMap(faredText),
    ...(next === null ? [] : ['There are more: the API lists them all.']),
  ];
}
