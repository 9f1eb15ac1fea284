import type { ReadinessAnswer } from '../../client/answers.ts';
import { Api } from '../../client/api.ts';
import { Http } from '../../client/http.ts';
import type { RefusalCode } from '../../core/base/codes.ts';
import { explainCode } from '../../core/base/codes.ts';
import { SETTLED_CONFIRMATIONS } from '../../core/base/limits.ts';
import { ok } from '../../core/base/result.ts';
import type { WarningCode } from '../../core/base/warnings.ts';
import type { Run } from '../command.ts';
import { profileOf } from '../profile.ts';
import { warningLines } from '../warning-lines.ts';

export const run: Run = async (call) => {
  const { server } = profileOf(call);
  const found = await new Api(new Http({ server, key: null })).readiness();
  return found.ok ? ok({ json: { ...found.value }, lines: linesOf(found.value) }) : found;
};

function linesOf({
  status,
  log,
  chain,
  screening,
  alerts,
  recovery,
}: ReadinessAnswer): readonly string[] {
  const { source, tip, follower, fault, warnings } = chain;
  const codes = fault === null ? warnings : [fault, ...warnings];
  return [
    `The server is ${status}.`,
    log.size === null ? 'Log: being read' : `Log: ${String(log.size)} entries`,
    tip === null
      ? `Chain: ${source}, not seen yet`
      : `Chain: ${source}, block ${String(tip.height)} of ${minutesOf(tip.age)} ago, read up to ${String(follower.height ?? 0)}`,
    `Settled means ${String(SETTLED_CONFIRMATIONS)} confirmations.`,
    ...codes.flatMap(codeLines),
    ...screeningLines(screening),
    alerts === null || alerts === 0
      ? 'No spend is unexplained.'
      : `ALERT: unexplained spends: ${String(alerts)}; see: countersign alerts list`,
    ...warningLines(recoveryWarnings(recovery)),
  ];
}

function screeningLines({
  configured,
  required,
  fault,
}: ReadinessAnswer['screening']): readonly string[] {
  const asked = required ? 'a policy requires it' : 'no policy requires it';
  return [
    `Screening: ${configured ? (fault === null ? 'in order' : 'in trouble') : 'no service is asked'}; ${asked}`,
    ...(fault === null ? [] : codeLines(fault)),
  ];
}

function recoveryWarnings(recovery: ReadinessAnswer['recovery']): readonly Warning[] {
  const told = (['open', 'soon'] as const).map((when) => ({
    code: `recovery.${when}` as const,
    facts: { coins: recovery?.[when] ?? 0 },
  }));
  return told.filter(({ facts }) => facts.coins > 0);
}

interface Warning {
  readonly code: WarningCode;
  readonly facts: { readonly coins: number };
}

function codeLines(code: RefusalCode): readonly string[] {
  const { meaning, action } = explainCode(code);
  return [`  ${code}: ${meaning}`, `  ${action}`];
}

function minutesOf(seconds: number): string {
  return `${String(Math.max(0, Math.round(seconds / 60)))} min`;
}
