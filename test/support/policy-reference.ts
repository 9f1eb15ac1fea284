import type { HoursCondition, Limit, PolicyBody, Rule, Zone } from '../../src/core/policy/body.ts';
import type { Payment, SpendFacts, UsageRecord } from '../../src/core/policy/evaluate.ts';

/**
 * The meaning of a policy, read straight from design 4 and as slowly as it reads: one list of events, filtered again for
 * every question; opening hours searched minute by minute. Shares no code with what it checks.
 */
export interface SlowVerdict {
  /** Codes with the name or cap they are about, sorted. */
  readonly refusals: readonly string[];
  readonly waiting: readonly string[];
  readonly matched: readonly string[];
  readonly delaySeconds: number;
}

interface Event {
  readonly payments: readonly Payment[];
  readonly feeSats: bigint;
  readonly initiator: string;
  readonly counts: (windowSeconds: number, now: number) => boolean;
}

type Measure = Limit['measure'];
type Of = Limit['of'];

function toEvents(usage: readonly UsageRecord[]): Event[] {
  return usage.map((record) => ({
    payments: record.payments,
    feeSats: record.feeSats,
    initiator: record.initiator,
    counts: (windowSeconds, now) => record.state === 'reserved' || now - record.at < windowSeconds,
  }));
}

const owner = (payment: Payment): string =>
  payment.destination === null ? 'unlisted' : `owner ${payment.destination.owner}`;

function keysOf(of: Of, event: Pick<Event, 'payments' | 'initiator'>): string[] {
  if (of === 'initiator') return [event.initiator];
  if (of === 'destination') return [...new Set(event.payments.map(owner))];
  return ['*'];
}

function valueOf(measure: Measure, of: Of, key: string, event: Omit<Event, 'counts'>): bigint {
  if (!keysOf(of, event).includes(key)) return 0n;
  if (measure === 'count') return 1n;
  if (measure === 'fee') return event.feeSats;
  let sum = 0n;
  for (const payment of event.payments)
    if (of !== 'destination' || owner(payment) === key) sum += payment.sats;
  return sum;
}

interface Question {
  readonly measure: Measure;
  readonly of: Of;
  readonly windowSeconds: number | null;
}

/** The largest sum over the keys of the spend: what is asked alone, and with the window. */
function sums(question: Question, spend: SpendFacts, usage: readonly UsageRecord[], now: number) {
  const { measure, of, windowSeconds } = question;
  return keysOf(of, spend).map((key) => {
    const asked = valueOf(measure, of, key, spend);
    const held = toEvents(usage)
      .filter((event) => windowSeconds !== null && event.counts(windowSeconds, now))
      .reduce((sum, event) => sum + valueOf(measure, of, key, event), 0n);
    return { asked, all: asked + held };
  });
}

/** Every condition of a rule but the hours. Of a spend without what books merely say, the rule permits too. */
export function matchesSlowly(
  { when }: Rule,
  spend: SpendFacts,
  usage: readonly UsageRecord[],
  now: number,
): boolean {
  if ((when.payments === 'none') !== (spend.payments.length === 0)) return false;
  if (when.amount !== null) {
    const question: Question = { ...when.amount, measure: 'amount' };
    const totals = sums(question, spend, usage, now).map((one) => one.all);
    const { above, atMost } = when.amount;
    if (above !== null && !totals.some((total) => total >= BigInt(above) + 1n)) return false;
    if (atMost !== null && totals.some((total) => total >= BigInt(atMost) + 1n)) return false;
  }
  const says = (payment: Payment, terms: readonly string[]): boolean => {
    // What an address book says too early to permit may deny and ask.
    const said = [payment.destination, payment.inert].filter(
      (one) => one !== null && one !== undefined,
    );
    const names = [
      payment.destination === null ? 'unlisted' : 'listed',
      ...said.flatMap(({ owner: id, tags }) => [`owner:${id}`, ...tags.map((tag) => `tag:${tag}`)]),
    ];
    return names.some((name) => terms.includes(name));
  };
  if (when.destinations !== null) {
    const { all, any } = when.destinations;
    if (spend.payments.length === 0) return false;
    if (all !== null && spend.payments.some((payment) => !says(payment, all))) return false;
    if (any !== null && !spend.payments.some((payment) => says(payment, any))) return false;
  }
  if (when.outputs !== null) {
    const named: readonly string[] | null = when.outputs.any;
    if (named !== null && !strange(spend).some((kind) => named.includes(kind))) return false;
    const { above, atMost } = when.outputs;
    if (above !== null && spend.payments.length < above + 1) return false;
    if (atMost !== null && spend.payments.length >= atMost + 1) return false;
  }
  const who = [spend.initiator, ...spend.initiatorGroups].map((id, i) =>
    i === 0 ? `member:${id}` : `group:${id}`,
  );
  if (when.initiator?.any.every((term) => !who.includes(term)) === true) return false;
  if (when.reference === 'present' && !spend.hasReference) return false;
  return !(when.reference === 'absent' && spend.hasReference);
}

const daysOfWeek = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

function holds(hours: HoursCondition, zone: Zone, time: number): boolean {
  let offset = 0;
  for (const { from, seconds, west } of zone.offsets)
    if (time >= from) offset = west === true ? -seconds : seconds;
  const local = new Date((time + offset) * 1_000);
  const clock = local.getUTCHours() * 60 + local.getUTCMinutes();
  const isIn = hours.spans.some(
    ({ days, fromMinute, toMinute }) =>
      days.some((day) => day === daysOfWeek[local.getUTCDay()]) &&
      clock >= fromMinute &&
      clock < toMinute,
  );
  return hours.is === 'within' ? isIn : !isIn;
}

/** Generated scripts are a v0 key hash, an OP_RETURN or a program of version 2. */
function strange(spend: SpendFacts): string[] {
  const found = new Set<string>();
  for (const { script, sats } of spend.payments) {
    if (sats === 0n) found.add('zero-value');
    if (script.startsWith('52')) found.add('witness-unknown');
    if (script.startsWith('6a') && sats !== 0n) found.add('data-value');
  }
  return [...found];
}

function rulesAgainst(
  policy: PolicyBody,
  hits: PolicyBody['rules'],
  spend: SpendFacts,
  permitting: ReadonlySet<Rule>,
): string[] {
  const refusals: string[] = [];
  if (policy.rules.length === 0) refusals.push('policy.rules.empty');
  else if (!hits.some((rule) => rule.deny || permitting.has(rule)))
    refusals.push('policy.none.matched');
  for (const rule of hits) if (rule.deny) refusals.push(`policy.denied ${rule.name}`);
  for (const kind of strange(spend)) {
    const isNamed = hits.some(
      (rule) =>
        !rule.deny && permitting.has(rule) && rule.when.outputs?.any?.some((one) => one === kind),
    );
    if (!isNamed) refusals.push(`policy.output.unnamed ${kind}`);
  }
  return refusals;
}

const minute = 60;
const fifteenDays = 15 * 24 * 60 * minute;

export function evaluateSlowly(
  policy: PolicyBody,
  spend: SpendFacts,
  usage: readonly UsageRecord[],
  now: number,
): SlowVerdict {
  const { zone } = policy;
  if (zone !== null && now >= zone.until)
    return { refusals: ['policy.hours.unknown'], waiting: [], matched: [], delaySeconds: 0 };
  const near = policy.rules.filter((rule) => matchesSlowly(rule, spend, usage, now));
  const listedOnly = {
    ...spend,
    payments: spend.payments.map((payment) => ({ ...payment, inert: null })),
  };
  const permitting = new Set(
    near.filter((rule) => !rule.deny && matchesSlowly(rule, listedOnly, usage, now)),
  );
  const hitsAt = (time: number) =>
    near.filter(
      ({ when: { hours } }) => hours === null || (zone !== null && holds(hours, zone, time)),
    );
  const { refusals, waiting } = capsAndLimits(policy, spend, usage, now);
  let hits = hitsAt(now);
  const against = rulesAgainst(policy, hits, spend, permitting);
  let opensAt: number | null = null;
  const mayOpen = near.some(({ when: { hours } }) => hours !== null);
  if (zone !== null && mayOpen && against.length > 0 && refusals.length === 0)
    for (let time = now - (now % minute) + minute; time <= now + fifteenDays; time += minute) {
      if (time >= zone.until || rulesAgainst(policy, hitsAt(time), spend, permitting).length > 0)
        continue;
      opensAt = time;
      break;
    }
  if (opensAt === null) refusals.push(...against);
  else {
    hits = hitsAt(opensAt);
    waiting.push(`policy.hours.closed ${new Date(opensAt * 1_000).toISOString().slice(0, 19)}Z`);
  }
  const allowing = hits.filter((rule) => !rule.deny);
  return {
    refusals: refusals.sort(),
    waiting: waiting.sort(),
    matched: allowing.map((rule) => rule.name).sort(),
    delaySeconds: allowing.reduce(
      (most, rule) => (rule.require.delaySeconds > most ? rule.require.delaySeconds : most),
      0,
    ),
  };
}

/** What no rule has a say in. */
function capsAndLimits(
  policy: PolicyBody,
  spend: SpendFacts,
  usage: readonly UsageRecord[],
  now: number,
) {
  const refusals: string[] = [];
  const waiting: string[] = [];
  const fee = spend.feeSats;
  const { rateSatPerVbyte, sharePerMille, selfSats } = policy.fees;
  if (rateSatPerVbyte !== null && Number(fee) / spend.vbytes > rateSatPerVbyte)
    refusals.push('policy.fee.exceeded rate');
  if (spend.payments.length === 0 && fee > selfSats) refusals.push('policy.fee.exceeded self');
  if (spend.payments.length > 0 && sharePerMille !== null)
    if (Number(fee) > (sharePerMille * Number(spend.amountSats)) / 1_000)
      refusals.push('policy.fee.exceeded share');
  for (const limit of policy.limits) {
    const most = BigInt(limit.of === 'organisation' ? (limit.here ?? 0) : limit.most);
    for (const { asked, all } of sums(limit, spend, usage, now)) {
      if (all <= most) continue;
      (asked > most ? refusals : waiting).push(
        `policy.${limit.measure === 'fee' ? 'fee.budget' : 'limit.exceeded'} ${limit.name}`,
      );
    }
  }
  return { refusals, waiting };
}
