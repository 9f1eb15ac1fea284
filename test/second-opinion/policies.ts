import type { Dice } from './dice.ts';

/** Policies of the world's wallet, written as people write them, with chance in every part. */

const payees = ['listed', 'unlisted', 'tag:vip', 'tag:risky', 'owner:exchange', 'owner:supplier'];
const windows = ['1h', '24h', '7d'];
const amounts = ['0.004 BTC', '0.01 BTC', '0.011 BTC', '0.02 BTC', '0.1 BTC', '1 BTC'];
const delays = ['0s', '60s', '2h'];
const zones = ['Asia/Tokyo', 'UTC'];

interface Asking {
  /** How many people a quorum may ask for: changing a policy must ask for as many. */
  readonly persons: number;
  /** Whether it may ask for kinds of devices. */
  readonly kinds: boolean;
  /** With few limits and conditions, so that spends get far. */
  readonly easy: boolean;
}

export function somePolicy(dice: Dice, asking: Asking): string {
  const rules = ruleLines(dice, asking);
  return [
    'policy: hot-1',
    `timezone: ${dice.one(zones)}`,
    ...(asking.easy && dice.in(2) ? ['limits: []'] : limitLines(dice)),
    `fees: ${asking.easy ? '{ rate: none, share: 50%, selfSats: 100000 }' : feesOf(dice)}`,
    `expires: { approve: ${dice.one(['12h', '48h'])}, sign: ${dice.one(['10m', '24h'])} }`,
    ...(dice.in(8) ? ['screening: required'] : []),
    'rules:',
    ...rules,
    '',
  ].join('\n');
}

function feesOf(dice: Dice): string {
  const caps = [
    `rate: ${dice.one(['none', '3 sat/vB', '6 sat/vB', '100 sat/vB'])}`,
    `share: ${dice.one(['none', '0.1%', '1%', '50%', '50%'])}`,
    `selfSats: ${dice.one(['500', '100000'])}`,
  ];
  return `{ ${caps.join(', ')} }`;
}

function limitLines(dice: Dice): readonly string[] {
  const made = Array.from({ length: dice.whole(0, 4) }, (_, i) => {
    const measure = dice.one(['amount', 'amount', 'amount', 'count', 'fee']);
    const of = dice.one(['wallet', 'destination', 'initiator', 'organisation']);
    const scope = measure === 'fee' && of === 'destination' ? 'wallet' : of;
    const most =
      measure === 'count'
        ? String(dice.whole(0, 3))
        : measure === 'fee'
          ? dice.one(['1000 sat', '2500 sat', '0.01 BTC'])
          : dice.one(amounts);
    const per = measure === 'count' || dice.in(2) ? dice.one(windows) : 'transaction';
    const here = scope === 'organisation' ? `, here: ${most}` : '';
    return `  - { name: limit ${String(i)}, ${measure}: ${most}, per: ${per}, of: ${scope}${here} }`;
  });
  return made.length === 0 ? ['limits: []'] : ['limits:', ...made];
}

function ruleLines(dice: Dice, asking: Asking): readonly string[] {
  const first =
    !asking.easy && dice.in(4)
      ? rule(dice, 'first', asking)
      : [
          '  - name: first',
          `    when: { destinations: { any: [listed, unlisted] } }`,
          ...requirement(dice, asking),
        ];
  const more = Array.from({ length: dice.whole(0, asking.easy ? 1 : 2) }, (_, i) =>
    rule(dice, `rule ${String(i)}`, asking),
  ).flat();
  const self = dice.in(2)
    ? ['  - name: to ourselves', '    when: { payments: none }', ...requirement(dice, asking)]
    : [];
  return [...first, ...more, ...self];
}

function rule(dice: Dice, name: string, asking: Asking): readonly string[] {
  const head = [`  - name: ${name}`, `    when: ${conditions(dice)}`];
  return dice.in(6) ? [...head, '    deny: true'] : [...head, ...requirement(dice, asking)];
}

function conditions(dice: Dice): string {
  const parts: string[] = [];
  const sides = () =>
    dice.one([
      () => `above: ${dice.one(amounts)}`,
      () => `atMost: ${dice.one(amounts)}`,
      () => `above: 0.004 BTC, atMost: ${dice.one(['0.011 BTC', '0.1 BTC'])}`,
    ])();
  if (dice.in(3)) {
    const per = dice.in(2) ? `, per: ${dice.one(windows)}` : '';
    const of = dice.in(3) ? `, of: ${dice.one(['destination', 'initiator'])}` : '';
    parts.push(`amount: { ${sides()}${per}${of} }`);
  }
  if (dice.in(2)) {
    const terms = [...new Set([dice.one(payees), dice.one(payees)])].join(', ');
    parts.push(`destinations: { ${dice.one(['all', 'any'])}: [${terms}] }`);
  }
  if (dice.in(5)) parts.push(`outputs: { ${dice.one(['above: 1', 'atMost: 1', 'atMost: 2'])} }`);
  if (dice.in(5))
    parts.push(`initiator: { any: ['${dice.one(['member:operator', 'group:operators'])}'] }`);
  if (dice.in(6)) parts.push(`reference: ${dice.one(['present', 'absent'])}`);
  if (dice.in(4)) parts.push(`hours: { ${dice.one(['within', 'outside'])}: [${span(dice)}] }`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

function span(dice: Dice): string {
  const days = dice.one(['[mon, tue, wed, thu, fri]', '[mon]', '[sat, sun]']);
  const hours = dice.one([
    `from: '09:00', to: '18:00'`,
    `from: '00:00', to: '24:00'`,
    `from: '21:00', to: '22:30'`,
  ]);
  return `{ days: ${days}, ${hours} }`;
}

function requirement(dice: Dice, { persons, kinds }: Asking): readonly string[] {
  const asked = kinds && dice.in(2) ? ', kinds: [secp256k1, message]' : '';
  return [
    '    require:',
    `      approvals: ${clause(dice, Math.min(persons, dice.whole(1, 3)), asked)}`,
    `      delay: ${dice.one(delays)}`,
  ];
}

/** Of so many people at most. */
function clause(dice: Dice, persons: number, kinds: string): string {
  const leaf = (from: string, atLeast: number) =>
    `{ from: ${from}, atLeast: ${String(atLeast)}${kinds} }`;
  if (persons <= 1) return leaf(dice.one(['treasury', 'treasury', 'compliance']), 1);
  if (dice.in(3)) return leaf('treasury', 2);
  const parts = [leaf('treasury', persons - 1), leaf('compliance', 1)].join(', ');
  return dice.in(4)
    ? `{ any: [${leaf('treasury', 2)}, { all: [${parts}] }] }`
    : `{ all: [${parts}] }`;
}
