import { formatBtc } from '../base/sats.ts';
import type {
  AmountCondition,
  Clause,
  DestinationTerm,
  Limit,
  OutputKind,
  PolicyBody,
  Rule,
  Scope,
  When,
} from './body.ts';

/**
 * A policy as sentences that a governor reads before he signs: made from the normalised body alone, every value of it
 * in some sentence. English; amounts with eight decimals.
 */
export function renderPolicy(body: PolicyBody): string[] {
  const { rateSatPerVbyte, sharePerMille, selfSats } = body.fees;
  const rate = rateSatPerVbyte === null ? 'at any rate' : `at most ${rateSatPerVbyte} sat/vB`;
  const share =
    sharePerMille === null
      ? 'of any share of the payments'
      : `at most ${perCent(sharePerMille)} of the payments`;
  return [
    `Policy of wallet ${body.wallet}; time zone ${body.timezone}.`,
    ...body.limits.map(renderLimit),
    `Fee of one transaction: ${rate}, ${share}; without payments at most ${selfSats} sat.`,
    `An approval holds for ${duration(body.expires.approveSeconds)}; once approved and past any delay, a spend must be signed within ${duration(body.expires.signSeconds)}.`,
    ...body.rules.map(renderRule),
    body.rules.length === 0
      ? 'There is no rule: nothing is allowed.'
      : 'Every rule that applies must be satisfied. What no rule allows is refused.',
  ];
}

const scopes: Readonly<Record<Scope, string>> = {
  wallet: '',
  destination: ' to one destination (all unlisted addresses together)',
  initiator: ' of one initiator',
  organisation: ' of the whole organisation',
};

function renderLimit(limit: Limit): string {
  const value = (most: number): string =>
    limit.measure === 'count' ? `${most} ${most === 1 ? 'spend' : 'spends'}` : btc(most);
  const what = limit.measure === 'fee' ? ' in fees' : '';
  const share = limit.here === null ? '' : `, of which this wallet ${value(limit.here)}`;
  return `Limit "${limit.name}": at most ${value(limit.most)}${what}${scopes[limit.of]} ${window(limit.windowSeconds)}${share}.`;
}

function renderRule(rule: Rule): string {
  const head = `Rule "${rule.name}": when ${renderWhen(rule.when)}`;
  if (rule.deny) return `${head}, the spend is denied.`;
  const { approvals, delaySeconds } = rule.require;
  const delay =
    delaySeconds === 0 ? 'without delay' : `then wait ${duration(delaySeconds)} before signing`;
  return `${head}, it needs ${renderClause(approvals)}, ${delay}.`;
}

function renderWhen(when: When): string {
  const { all = null, any = null } = when.destinations ?? {};
  const parts = [when.payments === 'none' ? 'nothing is paid out' : 'something is paid out'];
  if (when.amount !== null) parts.push(renderAmount(when.amount));
  if (all !== null) parts.push(`every payment is ${renderTerms(all)}`);
  if (any !== null) parts.push(`some payment is ${renderTerms(any)}`);
  if (when.outputs?.any != null)
    parts.push(`some payment is ${when.outputs.any.map(renderOutput).join(' or ')}`);
  return parts.join(' and ');
}

function renderAmount(amount: AmountCondition): string {
  const bounds = [
    amount.above === null ? '' : `above ${btc(amount.above)}`,
    amount.atMost === null ? '' : `at most ${btc(amount.atMost)}`,
  ].filter((part) => part !== '');
  const bound = bounds.join(' and ');
  const scope = scopes[amount.of];
  return amount.windowSeconds === null
    ? `the amount${scope} is ${bound}`
    : `the amount${scope} ${window(amount.windowSeconds)}, this spend included, is ${bound}`;
}

function renderTerms(terms: readonly DestinationTerm[]): string {
  return terms
    .map((term) => {
      if (term === 'listed') return 'to the address book';
      if (term === 'unlisted') return 'to an unlisted address';
      const value = term.slice(term.indexOf(':') + 1);
      return term.startsWith('tag:') ? `tagged ${value}` : `to ${value}`;
    })
    .join(' or ');
}

function renderOutput(kind: OutputKind): string {
  switch (kind) {
    case 'data-value':
      return 'value burned in data (OP_RETURN)';
    case 'witness-unknown':
      return 'to an unknown witness version';
    case 'zero-value':
      return 'of 0 sat';
  }
}

/** A quorum in words: `2 of treasury and 1 of compliance (by psbt)`. */
export function renderClause(clause: Clause): string {
  if ('from' in clause) {
    const kinds = clause.kinds === null ? '' : ` (by ${clause.kinds.join(' or ')})`;
    return `${clause.atLeast} of ${clause.from}${kinds}`;
  }
  const [parts, word] = 'all' in clause ? [clause.all, ' and '] : [clause.any, ' or '];
  return parts
    .map((one) => ('from' in one ? renderClause(one) : `(${renderClause(one)})`))
    .join(word);
}

function window(windowSeconds: number | null): string {
  return windowSeconds === null ? 'in one transaction' : `in any ${duration(windowSeconds)}`;
}

function btc(amount: number): string {
  return formatBtc(BigInt(amount));
}

function perCent(perMille: number): string {
  return `${Math.floor(perMille / 10)}${perMille % 10 === 0 ? '' : `.${perMille % 10}`}%`;
}

const units = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const;

/** Exactly, in the largest unit that divides it more than once: `24 hours`, `7 days`, `90 seconds`. */
function duration(seconds: number): string {
  for (const [size, unit] of units)
    if (seconds > size && seconds % size === 0) return `${seconds / size} ${unit}s`;
  return `${seconds} second${seconds === 1 ? '' : 's'}`;
}
