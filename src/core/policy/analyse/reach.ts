import { MAX_MONEY_SATS } from '../../base/limits.ts';
import type { Result } from '../../base/result.ts';
import { ok } from '../../base/result.ts';
import { sats } from '../../base/sats.ts';
import type { AllowRule, AmountCondition, Limit, PolicyBody, Rule } from '../body.ts';
import { clauseLeaves } from '../body.ts';
import type { SpendFacts } from '../inquiry.ts';
import { noUsage } from '../budget.ts';
import { judgeConditions } from '../conditions.ts';
import type { Voice } from '../quorum.ts';
import { eligibleVoices, solveClause } from '../quorum.ts';
import type { Cap } from './covering.ts';
import { covering, least } from './covering.ts';
import type { Form } from './forms.ts';
import { formsOf } from './forms.ts';
import type { AnalysedMember, Setting } from './setting.ts';

/**
 * One way in which an initiator can spend: a form, and how far amounts may go so that every matching rule is one that
 * the others fill. Caps hold at each spend, this one included; all amounts in satoshi, {@link MAX_MONEY_SATS} is no cap.
 */
export interface Mode {
  readonly form: Form;
  readonly wallet: readonly Cap[];
  readonly initiator: readonly Cap[];
  /** Of every payee in the spend. */
  readonly payee: readonly Cap[];
  /** Of one spend. */
  readonly spendMost: bigint;
  /** Of one spend to one payee. */
  readonly payeeMost: bigint;
}

/** Somebody in whose name the compromised can propose, and who of them can approve that. */
export interface Initiator {
  readonly id: string;
  readonly groups: readonly string[];
  readonly voices: readonly Voice[];
  readonly modes: readonly Mode[];
  /** Initiators of the same key have the same modes. */
  readonly key: string;
}

/** What sets of compromised people can reach. */
export class Reach {
  readonly #setting: Setting;
  readonly #forms: readonly Form[];
  readonly #members: ReadonlyMap<string, AnalysedMember>;
  /** By person, the service accounts behind which he stands. */
  readonly #accounts = new Map<string, AnalysedMember[]>();
  readonly #ceilings: Ceilings;
  readonly #modes = new Map<string, readonly Mode[]>();
  readonly #met = new Map<string, string>();
  readonly #initiated = new Map<string, string>();
  /** By member, what clauses can tell him by. */
  readonly #looks: ReadonlyMap<string, string>;

  /** Refuses with `policy.analysis.toolarge` a policy of too many forms of spend. */
  static of(setting: Setting): Result<Reach> {
    const forms = formsOf(setting);
    return forms.ok ? ok(new Reach(setting, forms.value)) : forms;
  }

  private constructor(setting: Setting, forms: readonly Form[]) {
    this.#setting = setting;
    this.#forms = forms;
    this.#members = new Map(setting.members.map((member) => [member.id, member]));
    this.#looks = looksOf(setting.members);
    for (const member of setting.members)
      for (const person of member.operators ?? [])
        this.#accounts.set(person, [...(this.#accounts.get(person) ?? []), member]);
    this.#ceilings = new Ceilings(setting.policy);
  }

  /** Whose devices are in hand with these members': theirs, and those of the service accounts behind which one stands. */
  inHand(compromised: readonly string[]): readonly AnalysedMember[] {
    const found = new Set<AnalysedMember>();
    for (const id of compromised) {
      const member = this.#members.get(id);
      if (member !== undefined) found.add(member);
      for (const account of this.#accounts.get(id) ?? []) found.add(account);
    }
    return [...found];
  }

  /** In whose name these members can propose something that they can also get authorised. */
  initiators(compromised: readonly string[]): readonly Initiator[] {
    const { initiators } = this.#setting;
    const held = this.inHand(compromised);
    const voices = held
      .filter(({ id }) => compromised.includes(id))
      .map(({ id, groups, kinds }) => ({ member: id, groups, kinds }));
    return held.flatMap(({ id, groups }) => {
      if (!groups.some((group) => initiators.includes(group))) return [];
      const counted = eligibleVoices(voices, id, held);
      const initiated = this.#initiatedBy(id, groups);
      const met = this.#metBy(counted);
      const key = `${initiated}/${met}`;
      const modes = this.#modes.get(key) ?? this.#modesOf(initiated, met);
      this.#modes.set(key, modes);
      return modes.length === 0 ? [] : [{ id, groups, voices: counted, modes, key }];
    });
  }

  /** By rule a letter: whether its condition on who initiates holds. */
  #initiatedBy(id: string, groups: readonly string[]): string {
    const known = this.#initiated.get(id);
    if (known !== undefined) return known;
    const found = this.#setting.policy.rules
      .map((rule) => (isInitiatedBy(rule, { id, groups }) ? 'y' : 'n'))
      .join('');
    this.#initiated.set(id, found);
    return found;
  }

  /** By rule a letter: whether these fill it. */
  #metBy(voices: readonly Voice[]): string {
    const key = voices
      .map(({ member }) => this.#looks.get(member) ?? '')
      .sort()
      .join();
    const known = this.#met.get(key);
    if (known !== undefined) return known;
    const clauses = new Map<string, boolean>();
    const letters = this.#setting.policy.rules.map((rule) => {
      if (rule.deny) return 'n';
      const text = JSON.stringify(rule.require.approvals);
      const met = clauses.get(text) ?? isMet(rule, voices);
      clauses.set(text, met);
      return met ? 'y' : 'n';
    });
    this.#met.set(key, letters.join(''));
    return letters.join('');
  }

  #modesOf(initiated: string, met: string): readonly Mode[] {
    const { rules } = this.#setting.policy;
    const at = new Map(rules.map((rule, i) => [rule, i]));
    const holds = (rule: Rule): boolean => met[at.get(rule) ?? -1] === 'y';
    const modes = new Map<string, Mode>();
    for (const form of this.#forms) {
      const matching = form.rules.filter((rule) => initiated[at.get(rule) ?? -1] === 'y');
      const filled = matching.filter((rule): rule is AllowRule => !rule.deny && holds(rule));
      const barred = matching.filter((rule) => rule.deny || !holds(rule));
      const seen = new Set<string>();
      for (const { when } of filled) {
        const key = JSON.stringify(when.amount);
        if (seen.has(key)) continue;
        seen.add(key);
        const mode = modeOf(form, { by: when.amount, filled, barred }, this.#ceilings);
        if (mode !== null) modes.set(keyOf(mode, this.#forms.indexOf(form)), mode);
      }
    }
    return [...modes.values()];
  }
}

/** The same short text for the same groups and kinds. */
function looksOf(members: readonly AnalysedMember[]): ReadonlyMap<string, string> {
  const numbers = new Map<string, number>();
  return new Map(
    members.map(({ id, groups, kinds }) => {
      const look = JSON.stringify([groups, kinds]);
      const number = numbers.get(look) ?? numbers.size;
      numbers.set(look, number);
      return [id, String(number)];
    }),
  );
}

function isMet({ require: { approvals } }: AllowRule, voices: readonly Voice[]): boolean {
  const asksNobody = clauseLeaves(approvals).some((leaf) => leaf.atLeast < 1);
  return !asksNobody && solveClause(approvals, voices).met;
}

function isInitiatedBy(
  { when }: Rule,
  { id, groups }: { readonly id: string; readonly groups: readonly string[] },
): boolean {
  if (when.initiator === null) return true;
  const facts: SpendFacts = {
    ...{ payments: [], amountSats: sats(0), feeSats: sats(0), vbytes: 1, hasReference: false },
    ...{ initiator: id, initiatorGroups: groups },
  };
  const moment = { usage: noUsage, now: 0, local: null };
  const asked = { ...when, amount: null, destinations: null, outputs: null };
  return judgeConditions({ ...asked, hours: null, reference: null }, facts, moment).every(
    ({ condition, holds }) => condition !== 'initiator' || holds,
  );
}

/** What amounts are counted over; 'wallet' stands for the organisation, too. */
type Dimension = Pick<AmountCondition, 'of' | 'windowSeconds'>;

function dimensionKey({ of, windowSeconds }: Dimension): string {
  return `${of}/${String(windowSeconds)}`;
}

/** What limits alone let a dimension hold, whatever was spent before under them. */
class Ceilings {
  readonly #limits: readonly Limit[];
  readonly #known = new Map<string, bigint>();

  constructor({ limits }: PolicyBody) {
    this.#limits = limits.filter(({ measure }) => measure === 'amount');
  }

  /** The dimensions that limits name. */
  get named(): readonly Dimension[] {
    return this.#limits.map(({ of, windowSeconds }) => {
      return { of: of === 'organisation' ? 'wallet' : of, windowSeconds };
    });
  }

  of(dimension: Dimension): bigint {
    const key = dimensionKey(dimension);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { of, windowSeconds } = dimension;
    const held = this.#limits.filter((limit) => limit.of === of || isOfWallet(limit));
    const most = ({ most: all, here }: Limit): bigint => BigInt(here ?? all);
    const sliding = held.flatMap((limit) =>
      limit.windowSeconds === null
        ? []
        : [{ windowSeconds: limit.windowSeconds, most: most(limit) }],
    );
    const single = held.filter((limit) => limit.windowSeconds === null).map(most);
    const found = least(
      covering(windowSeconds ?? 1, [sliding]),
      ...(windowSeconds === null ? single : []),
    );
    this.#known.set(key, found);
    return found;
  }
}

function isOfWallet({ of }: Limit): boolean {
  return of === 'wallet' || of === 'organisation';
}

interface Matching {
  /** The condition of the rule that allows the spend. */
  readonly by: AmountCondition | null;
  readonly filled: readonly AllowRule[];
  /** Rules that deny, or that the compromised do not fill: none of them may match. */
  readonly barred: readonly Rule[];
}

/** Null when no spend of the form can match one of the filled rules and none of the barred ones. */
function modeOf(form: Form, { by, filled, barred }: Matching, ceilings: Ceilings): Mode | null {
  if (barred.some(({ when }) => when.amount === null)) return null;
  const named = new Set(filled.flatMap(({ when }) => when.outputs?.any ?? []));
  if (form.needs.some(({ kind }) => kind !== null && !named.has(kind))) return null;
  const tops = topsOf(form, { by, barred }, ceilings);
  return tops === null ? null : shapeOf(form, tops);
}

/** By dimension the highest value that a permitted spend may have, nothing said of whether it can be had. */
function topsOf(
  form: Form,
  { by, barred }: Pick<Matching, 'by' | 'barred'>,
  ceilings: Ceilings,
): ReadonlyMap<string, bigint> | null {
  const tops = new Map(ceilings.named.map((one) => [dimensionKey(one), ceilings.of(one)]));
  const asked = [...(by === null ? [] : [by]), ...barred.flatMap(({ when }) => when.amount ?? [])];
  for (const dimension of asked) {
    const key = dimensionKey(dimension);
    const own = by !== null && dimensionKey(by) === key ? by : null;
    const others = barred.flatMap(({ when: { amount } }) =>
      amount !== null && dimensionKey(amount) === key ? [amount] : [],
    );
    // A spend without payments has no amount of its own; what a window holds besides is open.
    const isNothing =
      form.paymentsMost === 0 &&
      (dimension.windowSeconds === null || dimension.of === 'destination');
    const most = isNothing ? 0n : least(ceilings.of(dimension), bound(own?.atMost));
    const top = below(most, others);
    if (top === null || top <= (bound(own?.above) ?? -1n)) return null;
    tops.set(key, top);
  }
  return tops;
}

function bound(value: number | null | undefined): bigint | undefined {
  return value === null || value === undefined ? undefined : BigInt(value);
}

/** The highest value up to `top` outside every `above < value <= atMost`; null when there is none from 0 on. */
function below(top: bigint, barred: readonly AmountCondition[]): bigint | null {
  let value = top;
  // Each turn leaves one interval behind for good.
  for (let turn = 0; turn <= barred.length; turn++) {
    const hit = barred.find(
      ({ above, atMost }) => (bound(above) ?? -1n) < value && value <= least(bound(atMost)),
    );
    if (hit === undefined) return value;
    value = bound(hit.above) ?? -1n;
    if (value < 0n) return null;
  }
  return null;
}

function shapeOf(form: Form, tops: ReadonlyMap<string, bigint>): Mode | null {
  const caps = { wallet: [] as Cap[], initiator: [] as Cap[], destination: [] as Cap[] };
  let spend = MAX_MONEY_SATS;
  let payee = MAX_MONEY_SATS;
  if (form.paymentsMost > 0)
    for (const [key, most] of tops) {
      const [of, window] = key.split('/');
      if (of !== 'wallet' && of !== 'initiator' && of !== 'destination') continue;
      if (of === 'destination') payee = least(payee, most);
      else spend = least(spend, most);
      if (window !== 'null' && most < MAX_MONEY_SATS)
        caps[of].push({ windowSeconds: Number(window), most });
    }
  const payees = form.pays.reduce(
    (sum, one) => sum + (one.isOpen ? Infinity : one.payees.length),
    0,
  );
  const fits = BigInt(Math.min(payees, form.paymentsMost));
  const spendMost = form.paymentsMost === 0 ? 0n : least(spend, payee * fits);
  const isWorthless = form.needs.some(({ kind }) => kind === 'zero-value');
  if (form.paymentsMost > 0 && spendMost < 1n && !isWorthless) return null;
  const payeeMost = least(payee, spendMost);
  return {
    ...{ form, wallet: caps.wallet, initiator: caps.initiator, payee: caps.destination },
    ...{ spendMost, payeeMost },
  };
}

function keyOf(mode: Mode, form: number): string {
  const caps = [mode.wallet, mode.initiator, mode.payee].map((list) =>
    list
      .map(({ windowSeconds, most }) => `${String(windowSeconds)}:${String(most)}`)
      .sort()
      .join(),
  );
  return [form, ...caps, mode.spendMost, mode.payeeMost].join('/');
}
