import { toHex } from '../../core/base/bytes.ts';
import { sha256 } from '../../core/base/digest.ts';
import { utf8 } from '../../core/base/bytes.ts';
import { sats } from '../../core/base/sats.ts';
import type { Seconds } from '../../core/base/time.ts';
import type { Clause, DestinationTerm, PolicyBody, Rule, When } from '../../core/policy/body.ts';
import type { SpendFacts } from '../../core/policy/evaluate.ts';
import type { Voice } from '../../core/policy/quorum.ts';
import type { Destination, Posting } from '../../core/policy/usage.ts';

/** What the evaluation of policies is measured on: 50 rules, an address book, a ledger and spends over them. */

export const NOW: Seconds = 1_800_000_000;
const BTC = 100_000_000;
const DAY = 86_400;
const SEGMENTS = 20;
const ENTRIES = 10_000;
const OWNERS = 8_000;
const INITIATORS = 20;
/** Entries of the ledger lie in the last 30 days and move this much a day together, however many they are. */
const DAYS = 30;
const SATS_A_DAY = 10 * BTC;
const RESERVATIONS = 50;

/** Numbers in [0, below) that are the same in every run (mulberry32). */
export function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Who is listed, by script: most owners have one address, a quarter have two. */
export function addressBook(): ReadonlyMap<string, Destination> {
  const roll = dice(1);
  const entries = Array.from({ length: ENTRIES }, (_, i): readonly [string, Destination] => {
    const tags = [`segment-${String(roll(SEGMENTS))}`];
    if (roll(10) === 0) tags.push('vip');
    if (roll(100) === 0) tags.push('blocked');
    return [scriptOf(`payee ${String(i)}`), { owner: ownerId(i % OWNERS), tags }];
  });
  // Read from JSON, as every document is.
  return new Map(JSON.parse(JSON.stringify(entries)) as typeof entries);
}

function scriptOf(name: string): string {
  return `0014${toHex(sha256(utf8(name))).slice(0, 40)}`;
}

function ownerId(number: number): string {
  return `owner-${String(number)}`;
}

function owners(from: number): readonly DestinationTerm[] {
  return Array.from({ length: 64 }, (_, i): DestinationTerm => `owner:${ownerId(from + i)}`);
}

const always: When = {
  payments: 'some',
  amount: null,
  destinations: null,
  outputs: null,
  initiator: null,
  hours: null,
  reference: null,
};

function allow(name: string, when: Partial<When>, approvals: Clause, delaySeconds = 0): Rule {
  return { name, when: { ...always, ...when }, deny: false, require: { approvals, delaySeconds } };
}

function deny(name: string, when: Partial<When>): Rule {
  return { name, when: { ...always, ...when }, deny: true, require: null };
}

const treasury = (atLeast: number): Clause => ({ from: 'treasury', atLeast, kinds: null });
const compliance: Clause = { from: 'compliance', atLeast: 1, kinds: ['message', 'secp256k1'] };

/** 50 rules: two tiers for each segment of customers, and ten of every other condition. */
function rules(): readonly Rule[] {
  const tiers = Array.from({ length: SEGMENTS }, (_, i) => {
    const destinations = { all: [`tag:segment-${String(i)}` as const], any: null };
    const amount = { windowSeconds: DAY, of: 'destination' as const };
    const edge = (1 + (i % 4)) * (BTC / 2);
    return [
      allow(
        `segment ${String(i)}, small`,
        { destinations, amount: { ...amount, above: null, atMost: edge } },
        treasury(1),
      ),
      allow(
        `segment ${String(i)}, large`,
        { destinations, amount: { ...amount, above: edge, atMost: null } },
        { all: [treasury(2), compliance] },
        6 * 3_600,
      ),
    ];
  });
  const weekend = { days: ['sat', 'sun'] as const, fromMinute: 0, toMinute: 1_440 };
  const night = {
    days: ['mon', 'tue', 'wed', 'thu', 'fri'] as const,
    fromMinute: 0,
    toMinute: 360,
  };
  const tier = { windowSeconds: DAY, of: 'wallet' as const, atMost: null };
  const desk = { any: ['group:desk', 'member:initiator-3'] as const };
  return [
    ...tiers.flat(),
    allow('whole wallet', { amount: { ...tier, above: 15 * BTC } }, treasury(2)),
    allow(
      'desk',
      { initiator: desk, amount: { ...tier, of: 'initiator', above: BTC } },
      { any: [treasury(2), compliance] },
    ),
    allow('partners', { destinations: { all: null, any: owners(0) } }, treasury(1)),
    allow('many outputs', { outputs: { any: null, above: 50, atMost: null } }, treasury(2)),
    allow('vip', { destinations: { all: ['tag:vip'], any: null } }, treasury(1)),
    deny('blocked', { destinations: { all: null, any: ['tag:blocked'] } }),
    deny('strangers', { destinations: { all: null, any: ['unlisted'] } }),
    deny('sanctioned', { destinations: { all: null, any: owners(7_900) } }),
    deny('closed', { hours: { is: 'within', spans: [weekend, night] } }),
    deny('no ticket', {
      reference: 'absent',
      amount: { ...tier, windowSeconds: null, above: BTC },
    }),
  ];
}

/** The policy, and the same rules without windows and limits: what Cedar can say. */
export function policies(): { readonly full: PolicyBody; readonly plain: PolicyBody } {
  const window = { windowSeconds: DAY, of: 'wallet', measure: 'amount', here: null } as const;
  const full: PolicyBody = {
    wallet: 'hot-1',
    timezone: 'Asia/Tokyo',
    zone: { version: '2026b', offsets: [{ from: 0, seconds: 32_400 }], until: 4_000_000_000 },
    limits: [
      { ...window, name: 'per payment', most: 5 * BTC, windowSeconds: null },
      { ...window, name: 'daily', most: 13 * BTC },
      { ...window, name: 'monthly', most: 1_000 * BTC, windowSeconds: DAYS * DAY },
      {
        ...window,
        name: 'per customer',
        most: 10 * BTC,
        windowSeconds: 7 * DAY,
        of: 'destination',
      },
      { ...window, name: 'per operator', most: 10 * BTC, of: 'initiator' },
      { ...window, name: 'organisation', most: 90 * BTC, of: 'organisation', here: 30 * BTC },
      { ...window, name: 'spends', most: 1_000_000, measure: 'count' },
      { ...window, name: 'fee budget', most: BTC / 20, measure: 'fee' },
    ],
    fees: { rateSatPerVbyte: 300, sharePerMille: 20, selfSats: 100_000 },
    expires: { approveSeconds: 2 * DAY, signSeconds: DAY },
    rules: rules(),
    screening: null,
    assert: [],
  };
  const plain = full.rules.map((rule) => {
    const { amount } = rule.when;
    const unwindowed = amount && { ...amount, windowSeconds: null };
    return { ...rule, when: { ...rule.when, amount: unwindowed } };
  });
  return { full, plain: { ...full, limits: [], rules: plain } };
}

/** Approvals given: two of treasury, one of compliance, and people of other groups. */
export const approvals: readonly Voice[] = [
  { member: 'aiko', groups: ['treasury'], kinds: ['webauthn'] },
  { member: 'ben', groups: ['treasury', 'compliance'], kinds: ['webauthn'] },
  { member: 'chie', groups: ['compliance'], kinds: ['message'] },
  { member: 'dai', groups: ['officers'], kinds: ['secp256k1'] },
];

/** A ledger: so many signed spends in the order of time, and some open reservations. */
export function postingsOf(
  entries: number,
  book: ReadonlyMap<string, Destination>,
): readonly Posting[] {
  const roll = dice(2);
  const scripts = [...book.keys()];
  const average = (SATS_A_DAY * DAYS) / entries;
  const entry = (i: number, state: Posting['state']): Posting => {
    const amount = sats(1 + roll(Math.max(1, Math.round(2 * average))));
    return {
      proposal: `${state} ${String(i)}`,
      state,
      at: NOW - DAYS * DAY + Math.floor(((i + 1) / entries) * DAYS * DAY),
      initiator: `initiator-${String(roll(INITIATORS))}`,
      amountSats: amount,
      feeSats: sats(1 + roll(3)),
      payments: [{ script: scripts[roll(scripts.length)] ?? '', sats: amount }],
    };
  };
  return [
    ...Array.from({ length: entries }, (_, i) => entry(i, 'committed')),
    ...Array.from({ length: RESERVATIONS }, (_, i) => entry(entries - i, 'reserved')),
  ];
}

/** Spends over the address book; one of a hundred pays a stranger. */
export function spendsOver(
  book: ReadonlyMap<string, Destination>,
  count: number,
): readonly SpendFacts[] {
  const roll = dice(3);
  const entries = [...book];
  return Array.from({ length: count }, (_, i): SpendFacts => {
    const [script = '', destination] = entries[roll(entries.length)] ?? [];
    const isStranger = roll(100) === 0;
    const amountSats = sats(BTC / 100 + roll(3 * BTC));
    const initiator = roll(INITIATORS);
    const payment = isStranger
      ? { script: scriptOf(`stranger ${String(i)}`), destination: null, inert: null }
      : { script, destination: destination ?? null, inert: destination ?? null };
    return {
      payments: [{ ...payment, sats: amountSats }],
      amountSats,
      feeSats: sats(500 + roll(3_000)),
      vbytes: 141 + roll(100),
      initiator: `initiator-${String(initiator)}`,
      initiatorGroups: initiator < 5 ? ['desk', 'operators'] : ['operators'],
      hasReference: roll(4) > 0,
    };
  });
}
