import { formatBtc } from '../base/sats.ts';
import { formatTime } from '../base/time.ts';
import type {
  AmountCondition,
  Assertion,
  Clause,
  DestinationTerm,
  HoursCondition,
  InitiatorTerm,
  Limit,
  OutputCondition,
  OutputKind,
  PolicyBody,
  Rule,
  Scope,
  When,
  Zone,
} from './body.ts';
import { eastSeconds } from './body.ts';
import { formatMinute, formatSpan } from './hours.ts';

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
    ...(body.zone === null ? [] : [renderZone(body.zone)]),
    ...body.limits.map(renderLimit),
    `Fee of one transaction: ${rate}, ${share}; without payments at most ${selfSats} sat.`,
    `An approval holds for ${duration(body.expires.approveSeconds)}; once approved and past any delay, a spend must be signed within ${duration(body.expires.signSeconds)}.`,
    ...(body.screening === null
      ? []
      : ['A spend that pays waits until the screening service has cleared every destination.']),
    ...body.rules.map(renderRule),
    body.rules.length === 0
      ? 'There is no rule: nothing is allowed.'
      : 'Every rule that applies must be satisfied. What no rule allows is refused.',
    ...body.assert.map(renderAssertion),
  ];
}

function renderZone({ version, offsets, until }: Zone): string {
  const parts = offsets.map(
    (offset, i) =>
      `${i === 0 ? '' : `from ${formatTime(offset.from)} `}${utc(eastSeconds(offset))}`,
  );
  return `Hours are read from version ${version} of the time zone: ${parts.join(', ')}; from ${formatTime(until)} on nothing is allowed.`;
}

/** `UTC+09:00`; with seconds where an offset has them. */
function utc(offset: number): string {
  const size = Math.abs(offset);
  const rest = size % 60 === 0 ? '' : `:${String(size % 60).padStart(2, '0')}`;
  return `UTC${offset < 0 ? '-' : '+'}${formatMinute(Math.floor(size / 60))}${rest}`;
}

function renderAssertion({ compromised, windowSeconds, movesAtMost }: Assertion): string {
  const who = compromised === 1 ? '1 compromised person' : `${compromised} compromised people`;
  const when = windowSeconds === null ? 'however long' : window(windowSeconds);
  return `Asserted: ${who} can move at most ${btc(movesAtMost)}, fees included, ${when}.`;
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
  if (when.outputs !== null) parts.push(...renderOutputs(when.outputs));
  if (when.initiator !== null)
    parts.push(`it is proposed by ${renderInitiators(when.initiator.any)}`);
  if (when.hours !== null) parts.push(renderHours(when.hours));
  if (when.reference !== null)
    parts.push(when.reference === 'present' ? 'it names a reference' : 'it names no reference');
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

function renderOutputs({ any, above, atMost }: OutputCondition): readonly string[] {
  const some = any === null ? [] : [`some payment is ${any.map(renderOutput).join(' or ')}`];
  const bounds = [
    ...(above === null ? [] : [`more than ${above}`]),
    ...(atMost === null ? [] : [`at most ${atMost}`]),
  ];
  return bounds.length === 0 ? some : [...some, `the payments are ${bounds.join(' and ')}`];
}

function renderInitiators(terms: readonly InitiatorTerm[]): string {
  return terms
    .map((term) => {
      const id = term.slice(term.indexOf(':') + 1);
      return term.startsWith('member:') ? id : `somebody of ${id}`;
    })
    .join(' or ');
}

function renderHours({ is, spans }: HoursCondition): string {
  return `it is signed ${is} ${spans.map(formatSpan).join(is === 'within' ? ' or ' : ' and ')}`;
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
export function duration(seconds: number): string {
  for (const [size, unit] of units)
    if (seconds > size && seconds % size === 0) return `${seconds / size} ${unit}s`;
  return `${seconds} second${seconds === 1 ? '' : 's'}`;
}
