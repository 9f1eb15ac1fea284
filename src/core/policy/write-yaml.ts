import type {
  AmountCondition,
  Assertion,
  Clause,
  HoursCondition,
  Limit,
  PolicyBody,
  Rule,
  When,
} from './body.ts';
import { formatMinute } from './hours.ts';

/**
 * A policy file of a normalised body, to be edited and proposed again: read by parsePolicyYaml it gives the same body,
 * but for the pinned offsets of its time zone, which whoever reads it brings. Amounts are exact.
 */
export function policyYaml(body: PolicyBody): string {
  const { rateSatPerVbyte, sharePerMille, selfSats } = body.fees;
  const rate = rateSatPerVbyte === null ? 'none' : `${rateSatPerVbyte} sat/vB`;
  const share = sharePerMille === null ? 'none' : percent(sharePerMille);
  const { approveSeconds, signSeconds } = body.expires;
  const asserted = body.assert.map((one) => `  - ${flow(assertion(one))}`);
  return [
    `policy: ${flow(body.wallet)}`,
    `timezone: ${flow(body.timezone)}`,
    ...listed(
      'limits',
      body.limits.map((one) => `  - ${flow(limit(one))}`),
    ),
    `fees: ${flow({ rate, share, selfSats })}`,
    `expires: ${flow({ approve: seconds(approveSeconds), sign: seconds(signSeconds) })}`,
    ...(body.screening === null ? [] : [`screening: ${flow(body.screening)}`]),
    ...listed('rules', body.rules.flatMap(ruleLines)),
    ...(asserted.length === 0 ? [] : listed('assert', asserted)),
    '',
  ].join('\n');
}

function listed(name: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [`${name}: []`] : [`${name}:`, ...lines];
}

function ruleLines({ name, when: condition, require, deny }: Rule): readonly string[] {
  return [
    `  - name: ${flow(name)}`,
    `    when: ${flow(when(condition))}`,
    ...(deny
      ? ['    deny: true']
      : [
          '    require:',
          `      approvals: ${flow(clause(require.approvals))}`,
          `      delay: ${flow(seconds(require.delaySeconds))}`,
        ]),
  ];
}

/** What a value is in a file. Undefined fields are left out. */
type Value =
  string | number | boolean | readonly Value[] | { readonly [key: string]: Value | undefined };

/** Texts that need no quotes: neither an indicator of YAML within, nor at either end a space. */
const plain = /^[A-Za-z0-9]([A-Za-z0-9 ._/%-]*[A-Za-z0-9%])?$/;
/** Texts that a policy file takes for something else where they are not quoted. */
const meaning = /^([0-9]+|true|false|null)$/;

/** A value on one line. A JSON text is a text in double quotes of YAML. */
function flow(value: Value): string {
  if (typeof value === 'string')
    return plain.test(value) && !meaning.test(value) ? value : JSON.stringify(value);
  if (typeof value !== 'object') return String(value);
  if (isList(value)) return `[${value.map(flow).join(', ')}]`;
  const fields = Object.entries(value).flatMap(([key, field]) =>
    field === undefined ? [] : [`${key}: ${flow(field)}`],
  );
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function limit({ name, measure, most, windowSeconds, of, here }: Limit): Value {
  const value = (sum: number): Value => (measure === 'count' ? sum : amount(sum));
  return {
    name,
    [measure]: value(most),
    per: per(windowSeconds),
    of,
    here: here === null ? undefined : value(here),
  };
}

function when(condition: When): Value {
  const { payments, amount: sum, destinations, outputs, initiator, hours, reference } = condition;
  return {
    payments,
    amount: sum === null ? undefined : amountCondition(sum),
    destinations:
      destinations === null
        ? undefined
        : { all: destinations.all ?? undefined, any: destinations.any ?? undefined },
    outputs:
      outputs === null
        ? undefined
        : {
            any: outputs.any ?? undefined,
            above: outputs.above ?? undefined,
            atMost: outputs.atMost ?? undefined,
          },
    initiator: initiator === null ? undefined : { any: initiator.any },
    hours: hours === null ? undefined : hoursCondition(hours),
    reference: reference ?? undefined,
  };
}

function amountCondition({ above, atMost, windowSeconds, of }: AmountCondition): Value {
  return {
    above: above === null ? undefined : amount(above),
    atMost: atMost === null ? undefined : amount(atMost),
    per: per(windowSeconds),
    of,
  };
}

function hoursCondition({ is, spans }: HoursCondition): Value {
  const written = spans.map(({ days, fromMinute, toMinute }) => ({
    days,
    from: formatMinute(fromMinute),
    to: formatMinute(toMinute),
  }));
  return { [is]: written };
}

function clause(found: Clause): Value {
  if ('all' in found) return { all: found.all.map(clause) };
  if ('any' in found) return { any: found.any.map(clause) };
  return { from: found.from, atLeast: found.atLeast, kinds: found.kinds ?? undefined };
}

function assertion({ compromised, windowSeconds, movesAtMost }: Assertion): Value {
  const window = windowSeconds === null ? undefined : seconds(windowSeconds);
  return { compromised, per: window, movesAtMost: amount(movesAtMost) };
}

/** In bitcoin where that has no more than three decimals, else in satoshi. */
function amount(sum: number): string {
  return sum % 100_000 === 0 ? `${sum / 100_000_000} BTC` : `${sum} sat`;
}

function per(windowSeconds: number | null): string {
  return windowSeconds === null ? 'transaction' : seconds(windowSeconds);
}

function seconds(count: number): string {
  const units = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'm'],
  ] as const;
  // 24h rather than 1d: as people speak of windows.
  for (const [size, unit] of units)
    if (count > size && count % size === 0) return `${count / size}${unit}`;
  return `${count}s`;
}

function percent(perMille: number): string {
  return `${Math.floor(perMille / 10)}${perMille % 10 === 0 ? '' : `.${perMille % 10}`}%`;
}
