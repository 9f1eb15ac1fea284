import { FEE_VBYTES, HISTORY_SPENDS, MAX_MONEY_SATS } from '../../base/limits.ts';
import type { Refusal } from '../../base/result.ts';
import type { Limit, PolicyBody } from '../body.ts';
import type { Atom, Obligation } from './atoms.ts';
import { sumOf, windowIndex } from './atoms.ts';
import { needsClearing } from './cases.ts';
import type { Ground } from './ground.ts';
import { anyOf, never } from './ground.ts';
import type { Scene } from './scene.ts';
import type { Extra, PlainPast } from './witness.ts';

/**
 * Why one side may refuse what the other permits. Together these are all reasons that there are: a case that is refused
 * is refused for one of them at least.
 */
export interface Reason {
  /** The same in every scene. */
  readonly key: string;
  readonly atoms: readonly Atom[];
  readonly obligations: readonly Obligation[];
  readonly extra: Extra;
  /** The rule of the refusing side, by index, that lacks approvals. */
  readonly lacking: number | null;
  /** Whether an objection is this reason. */
  readonly is: (objection: Refusal) => boolean;
}

const nothing: Extra = {
  fee: () => ({ feeSats: 0, vbytes: 200 }),
  past: null,
  isCleared: true,
};

function reason(key: string, parts: Partial<Reason>): Reason {
  return {
    key,
    atoms: [],
    obligations: [],
    extra: nothing,
    lacking: null,
    is: () => false,
    ...parts,
  };
}

/** Every reason in a scene; 'unknown' stands for one that cannot be looked into. */
export function* reasonsIn(ground: Ground): Generator<Reason | 'unknown', undefined> {
  const { settings, scene } = ground;
  const { yes, no } = settings;
  const { approveSeconds, signSeconds } = no.policy.expires;
  if (scene.refused) yield reason('refused', {});
  if (scene.refused) return undefined;
  if (yes.policy.expires.approveSeconds > approveSeconds)
    yield reason('expired', { is: ({ facts }) => 'approvalAgeSeconds' in facts });
  if (yes.policy.expires.signSeconds > signSeconds)
    yield reason('overdue', { is: ({ code }) => code === 'policy.sign.expired' });
  if (scene.payments === 'some' && needsClearing(no) && !needsClearing(yes))
    yield reason('screening', {
      extra: { ...nothing, isCleared: false },
      is: ({ code }) => code === 'screening.unanswered',
    });
  yield* limitReasons(ground);
  yield* ruleReasons(ground);
  yield* delayReasons(ground);
  yield* lackingReasons(ground);
  yield* feeReasons(ground);
  return undefined;
}

/** A rule denies, none matches, a kind of output is named by none. */
function* ruleReasons({ settings, terms, live }: Ground): Generator<Reason> {
  for (const rule of live.no)
    if (rule.refuses && rule.atoms !== null)
      yield reason(`rule ${String(rule.index)}`, {
        atoms: rule.atoms,
        is: ({ code, facts }) =>
          ['policy.denied', 'policy.quorum.zero'].includes(code) &&
          facts['rule'] === settings.no.policy.rules[rule.index]?.name,
      });
  const allowing = live.no.filter(({ refuses }) => !refuses);
  yield reason('none', {
    obligations: allowing.flatMap(never),
    is: ({ code }) => code === 'policy.none.matched' || code === 'policy.rules.empty',
  });
  for (const kind of terms.kinds)
    yield reason(`kind ${kind}`, {
      obligations: allowing
        .filter(({ rule }) => rule.when.outputs?.any?.includes(kind))
        .flatMap(never),
      is: ({ code, facts }) => code === 'policy.output.unnamed' && facts['kind'] === kind,
    });
}

/** A longer delay. */
function* delayReasons({ live }: Ground): Generator<Reason> {
  const allowing = {
    yes: live.yes.filter(({ refuses }) => !refuses),
    no: live.no.filter(({ refuses }) => !refuses),
  };
  const shortest = Math.min(...allowing.yes.map(({ delaySeconds }) => delaySeconds));
  for (const delay of new Set(allowing.no.map(({ delaySeconds }) => delaySeconds)))
    if (delay > shortest)
      yield reason(`delay ${String(delay)}`, {
        obligations: [
          anyOf(allowing.no.filter(({ delaySeconds }) => delaySeconds >= delay)),
          ...allowing.yes.filter(({ delaySeconds }) => delaySeconds >= delay).flatMap(never),
        ],
        is: ({ code }) => code === 'policy.delay.waiting',
      });
}

/** A matching rule whose clause approvals do not meet that meet all that match on the other side. */
function* lackingReasons({ settings, live, implies }: Ground): Generator<Reason> {
  for (const rule of live.no) {
    if (rule.refuses || rule.atoms === null) continue;
    const implying = live.yes.filter((other) => !other.refuses && implies(other, rule));
    yield reason(`clause ${String(rule.index)}`, {
      atoms: rule.atoms,
      obligations: implying.flatMap(never),
      lacking: rule.index,
      is: ({ code, facts }) =>
        code === 'policy.quorum.missing' &&
        facts['rule'] === settings.no.policy.rules[rule.index]?.name,
    });
  }
}

function mostOf({ here, most }: Limit): number {
  return here ?? most;
}

function* limitReasons(ground: Ground): Generator<Reason | 'unknown'> {
  for (const [i, limit] of ground.settings.no.policy.limits.entries()) {
    // Nobody is paid: limits of destinations hold whatever they say.
    if (limit.of === 'destination' && ground.scene.payments === 'none') continue;
    const key = `limit ${String(i)}`;
    const is = ({ code, facts }: Refusal): boolean =>
      (code === 'policy.limit.exceeded' || code === 'policy.fee.budget') &&
      facts['limit'] === limit.name;
    const window = windowIndex(ground.terms, limit.windowSeconds);
    switch (limit.measure) {
      case 'amount': {
        const sum = sumOf(ground.terms, 'no', limit.of);
        yield reason(key, { atoms: [{ is: 'above', sum, window, sats: mostOf(limit) }], is });
        break;
      }
      case 'count':
        yield* countReasons(ground, limit, { key, is, window });
        break;
      case 'fee':
        yield* feeLimitReasons(ground, limit, { key, is, window });
        break;
    }
  }
}

type About = Pick<Reason, 'key' | 'is'> & { readonly window: number };

/** As many earlier spends as the limit allows, as old as they can be so that no shorter window holds them. */
function* countReasons(
  ground: Ground,
  limit: Limit,
  { key, is, window }: About,
): Generator<Reason | 'unknown'> {
  const spends = mostOf(limit);
  if (spends === 0) yield reason(key, { is });
  if (spends === 0 || window === 0) return;
  const past: PlainPast = {
    window,
    spends,
    feeSats: 0,
    by: limit.of === 'initiator' ? 'initiator' : 'another',
    paysOwner: limit.of === 'destination',
  };
  if (!mayCount(ground, past)) return;
  if (spends > HISTORY_SPENDS) yield 'unknown';
  else yield reason(key, { is, extra: { ...nothing, past } });
}

/** Whether the limits on numbers of the permitting side hold so many earlier spends and one more. */
function mayCount(
  { settings, terms }: Ground,
  { window, spends, by, paysOwner }: PlainPast,
): boolean {
  return settings.yes.policy.limits.every((limit) => {
    if (limit.measure !== 'count' || windowIndex(terms, limit.windowSeconds) < window) return true;
    const counts =
      limit.of === 'initiator'
        ? by === 'initiator'
        : limit.of !== 'destination' || (paysOwner && terms.recipients.sameOwners);
    return !counts || mostOf(limit) > spends;
  });
}

/** A fee of the past, which no cap of one transaction knows, or one of the spend itself. */
function* feeLimitReasons(
  ground: Ground,
  limit: Limit,
  { key, is, window }: About,
): Generator<Reason> {
  const fee = mostOf(limit) + 1;
  if (window > 0) {
    const spends = fee > Number(MAX_MONEY_SATS) ? 2 : 1;
    const by = limit.of === 'initiator' ? 'initiator' : 'another';
    const past: PlainPast = {
      window,
      spends,
      feeSats: Math.ceil(fee / spends),
      by,
      paysOwner: false,
    };
    const holds = ground.settings.yes.policy.limits.every(
      (other) =>
        other.measure !== 'fee' ||
        windowIndex(ground.terms, other.windowSeconds) < window ||
        (other.of === 'initiator' && by !== 'initiator') ||
        mostOf(other) >= fee,
    );
    if (holds && mayCount(ground, past)) yield reason(key, { is, extra: { ...nothing, past } });
  }
  const paid = feeOf(ground, fee, null);
  if (paid !== null) yield reason(key, { ...paid, is });
}

/** The highest fee of a spend that the permitting side lets pass, its share of the payments aside. */
function highestFee({ fees, limits }: PolicyBody, payments: Scene['payments']): number {
  const { rateSatPerVbyte, selfSats } = fees;
  return Math.min(
    Number(MAX_MONEY_SATS),
    rateSatPerVbyte === null ? Infinity : rateSatPerVbyte * FEE_VBYTES,
    payments === 'none' ? selfSats : Infinity,
    ...limits.flatMap((limit) => (limit.measure === 'fee' ? [mostOf(limit)] : [])),
  );
}

/** A spend with a fee, of a size, if the permitting side lets it pass. */
function feeOf(
  { settings, scene }: Ground,
  feeSats: number,
  size: number | null,
): Pick<Reason, 'atoms' | 'extra'> | null {
  const { policy } = settings.yes;
  const { rateSatPerVbyte: rate, sharePerMille: share } = policy.fees;
  if (feeSats > highestFee(policy, scene.payments)) return null;
  const vbytes = size ?? Math.max(200, rate === null ? 0 : Math.ceil(feeSats / rate));
  if (rate !== null && feeSats > rate * vbytes) return null;
  const extra = { ...nothing, fee: () => ({ feeSats, vbytes }) };
  if (scene.payments === 'none' || share === null) return { atoms: [], extra };
  if (share === 0) return null;
  const least = (BigInt(feeSats) * 1_000n + BigInt(share) - 1n) / BigInt(share);
  return { atoms: [alone('above', Number(least) - 1)], extra };
}

function alone(is: 'above' | 'atMost', sats: number): Atom {
  return { is, sum: 'wallet', window: 0, sats };
}

function* feeReasons(ground: Ground): Generator<Reason> {
  const { rateSatPerVbyte, selfSats } = ground.settings.no.policy.fees;
  const about = (cap: string) => ({
    is: ({ code, facts }: Refusal) => code === 'policy.fee.exceeded' && facts['cap'] === cap,
  });
  // The smallest size needs the smallest fee to pass the cap; the other one is what people know.
  if (rateSatPerVbyte !== null)
    for (const vbytes of [200, 1]) {
      const paid = feeOf(ground, rateSatPerVbyte * vbytes + 1, vbytes);
      if (paid !== null) yield reason('fee rate', { ...paid, ...about('rate') });
    }
  if (ground.scene.payments === 'none') {
    const paid = feeOf(ground, selfSats + 1, null);
    if (paid !== null) yield reason('fee self', { ...paid, ...about('self') });
    return;
  }
  for (const atoms of shareGaps(ground))
    yield reason('fee share', { atoms, extra: shareExtra(ground), ...about('share') });
}

/** The smallest fee that passes a share of an amount. */
function beyondShare(share: number, amountSats: number): number {
  return Number((BigInt(share) * BigInt(amountSats)) / 1_000n) + 1;
}

function shareExtra({ settings }: Ground): Extra {
  const { sharePerMille } = settings.no.policy.fees;
  const rate = settings.yes.policy.fees.rateSatPerVbyte;
  const fee = (amountSats: number) => {
    const feeSats = beyondShare(sharePerMille ?? 0, amountSats);
    return { feeSats, vbytes: Math.max(200, rate === null ? 0 : Math.ceil(feeSats / rate)) };
  };
  return { ...nothing, fee };
}

/** From this amount on, two shares that differ have a whole satoshi between them. */
const SHARE_GAP_SATS = 1_000;

/** Amounts for which a fee passes the cap by share of one side and not that of the other. */
function* shareGaps({ settings }: Ground): Generator<readonly Atom[]> {
  const { sharePerMille: share } = settings.no.policy.fees;
  const { sharePerMille: other } = settings.yes.policy.fees;
  const highest = highestFee(settings.yes.policy, 'some');
  if (share === null || highest < 1 || (other !== null && other <= share)) return;
  const most =
    share === 0 ? [] : [alone('atMost', Number((BigInt(highest) * 1_000n - 1n) / BigInt(share)))];
  if (other === null) yield most;
  if (other === null) return;
  yield [alone('above', SHARE_GAP_SATS - 1), ...most];
  let from: number | null = null;
  for (let amount = 0; amount <= SHARE_GAP_SATS; amount++) {
    const fee = beyondShare(share, amount);
    const isGap = amount < SHARE_GAP_SATS && fee <= highest && fee * 1_000 <= other * amount;
    if (isGap) from ??= amount;
    else if (from !== null) {
      yield [alone('above', from - 1), alone('atMost', amount - 1)];
      from = null;
    }
  }
}
