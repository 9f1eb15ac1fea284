import { ANALYSIS_EXAMPLES, ANALYSIS_STEPS } from '../../base/limits.ts';
import type { Refusal, Result } from '../../base/result.ts';
import { ok, refuse } from '../../base/result.ts';
import type { Seconds } from '../../base/time.ts';
import type { SpendFacts, UsageRecord } from '../evaluate.ts';
import type { Voice } from '../quorum.ts';
import type { Case, Sides } from './cases.ts';
import { factsOf, needsClearing, usageOf } from './cases.ts';
import { differenceOf, judgeSolution } from './example.ts';
import type { Ground } from './ground.ts';
import { Grounds, kindSets } from './ground.ts';
import type { Reason } from './reasons.ts';
import { reasonsIn } from './reasons.ts';
import { recipientsOf } from './recipients.ts';
import { scenesOf } from './scene.ts';
import type { Finding } from './search.ts';
import { search } from './search.ts';
import type { Setting } from './setting.ts';
import { Steps } from './steps.ts';

/** A spend that one setting permits and the other does not. */
export interface Example {
  /** As the setting sees it that permits it; the other one finds its scripts in its own address book. */
  readonly spend: SpendFacts;
  /** Earlier spends of the wallet that hold budget, seen likewise. */
  readonly usage: readonly UsageRecord[];
  readonly approvals: readonly Voice[];
  /** What the screening service has said of it; null where neither setting asks. */
  readonly screening: 'clear' | 'unanswered' | null;
  /** When it would be signed. */
  readonly now: Seconds;
  /** Since the quorum was met. */
  readonly elapsedSeconds: number;
  /** Since it might first have been signed. */
  readonly overdueSeconds: number;
  /** Of the oldest approval, when the quorum was met. */
  readonly approvalAgeSeconds: number;
  /** Why the other setting refuses it. */
  readonly because: Refusal;
}

export interface Comparison {
  readonly verdict: 'tightens' | 'loosens' | 'both' | 'same';
  /** What only the later setting permits, one for each reason why the former does not; at most ANALYSIS_EXAMPLES. */
  readonly easier: readonly Example[];
  /** What only the former setting permits. */
  readonly harder: readonly Example[];
}

/**
 * Compares two settings exactly (design 4, "Tools over policies"): whether any spend whatever, with any history,
 * approvals and times, is permitted by one and not by the other. Histories, bytes and approvals are the same under
 * both; members, groups, kinds, initiators and the address book are each its own. Every example was put to the real
 * evaluation of both. Requires that both settings know their address book or neither does.
 * Refuses with `policy.analysis.toolarge` what cannot be decided within {@link ANALYSIS_STEPS}: whoever asks because
 * he wants to trust the answer must take that for "it loosens".
 */
export function compare(before: Setting, after: Setting): Result<Comparison> {
  const inOne = (settings: Sides<Setting>) =>
    differences(settings, ANALYSIS_EXAMPLES, new Steps(ANALYSIS_STEPS));
  const easier = inOne({ yes: after, no: before });
  const harder = inOne({ yes: before, no: after });
  if (easier === 'unknown' || harder === 'unknown') return tooLarge();
  const loosens = easier.length > 0;
  const tightens = harder.length > 0;
  const verdict = loosens ? (tightens ? 'both' : 'loosens') : tightens ? 'tightens' : 'same';
  return ok({ verdict, easier, harder });
}

/**
 * One direction of {@link compare}: a spend that `after` permits and `before` does not, or null when there is none.
 * Whoever asks about many settings hands in the steps that he has for all. Refuses with `policy.analysis.toolarge`.
 */
export function loosens(
  before: Setting,
  after: Setting,
  steps: Steps = new Steps(ANALYSIS_STEPS),
): Result<Example | null> {
  const found = differences({ yes: after, no: before }, 1, steps);
  return found === 'unknown' ? tooLarge() : ok(found[0] ?? null);
}

function tooLarge(): Result<never> {
  return refuse('policy.analysis.toolarge', { steps: ANALYSIS_STEPS });
}

/** Examples of what one side permits and the other does not; none only when there are none. */
function differences(
  settings: Sides<Setting>,
  most: number,
  steps: Steps,
): readonly Example[] | 'unknown' {
  const found = new Map<string, Example>();
  let isKnown = true;
  const known = new Set<string>();
  const rules = settings.yes.policy.rules.length + settings.no.policy.rules.length;
  for (const ground of groundsOf(settings, steps)) {
    if (ground === 'unknown' || !steps.take(1 + rules)) {
      isKnown = false;
      break;
    }
    if (ground.store === null) continue;
    for (const reason of reasonsIn(ground)) {
      if (found.size === most) break;
      if (reason !== 'unknown' && found.has(reason.key)) continue;
      const finding = reason === 'unknown' ? reason : inquire(ground, reason, known);
      if (finding === 'unknown') isKnown = false;
      else if (finding !== null && reason !== 'unknown')
        found.set(reason.key, exampleOf(ground, reason, finding));
    }
    if (found.size === most) break;
  }
  return found.size === 0 && !isKnown ? 'unknown' : [...found.values()];
}

function* groundsOf(
  settings: Sides<Setting>,
  steps: Steps,
): Generator<Ground | 'unknown', undefined> {
  const recipients = recipientsOf(settings, steps);
  const scenes = scenesOf(settings, steps);
  if (recipients === 'unknown' || scenes === 'unknown') {
    yield 'unknown';
    return undefined;
  }
  const grounds = new Grounds(settings, recipients, steps);
  for (const kinds of kindSets(settings.yes.policy))
    for (const scene of scenes)
      if (scene.payments === 'some' || kinds.length === 0) yield grounds.at(scene, kinds);
  return undefined;
}

/** A case for a reason. What was not found once is not looked for again where all that is asked is the same. */
function inquire(ground: Ground, reason: Reason, known: Set<string>): Finding {
  const { store, terms, steps, live } = ground;
  if (store === null) return null;
  const obligations = [...ground.obligations, ...reason.obligations];
  if (!steps.take(obligations.length)) return 'unknown';
  const key = [
    reason.key,
    terms.payments,
    ...terms.kinds,
    ...live.no.map(({ index }) => index),
    ...reason.atoms.map(atomKey),
    ...obligations.flatMap((one) => ['or', ...one.map(identity)]),
  ].join();
  if (known.has(key)) return null;
  const lessons: unknown[] = [];
  const found = search(
    {
      terms,
      steps,
      judge: (solution) => {
        const judged = judgeSolution(ground, reason, solution);
        if (judged !== null && 'lesson' in judged) lessons.push(judged.lesson);
        return judged;
      },
    },
    store,
    [...reason.atoms.map((atom) => [[atom]]), ...obligations],
  );
  // What approvals have taught is true of this initiator's people alone.
  if (found === null && lessons.length === 0) known.add(key);
  return found;
}

const identities = new WeakMap<object, number>();
let identified = 0;

/** The atoms of a rule are made once for all scenes, so that they are told by who they are. */
function identity(atoms: object): number {
  const known = identities.get(atoms);
  if (known !== undefined) return known;
  identified++;
  identities.set(atoms, identified);
  return identified;
}

function atomKey(atom: object): string {
  return Object.values(atom).map(String).join(' ');
}

function exampleOf(ground: Ground, reason: Reason, found: Case): Example {
  const { because } = differenceOf(ground, reason, found);
  const { yes, no } = ground.settings;
  const isAsked = found.payments.length > 0 && (needsClearing(yes) || needsClearing(no));
  const { approvals, now, elapsedSeconds, overdueSeconds, approvalAgeSeconds } = found;
  return {
    spend: factsOf(found, 'yes', yes),
    usage: usageOf(found, 'yes'),
    approvals,
    screening: isAsked ? (found.isCleared ? 'clear' : 'unanswered') : null,
    now,
    elapsedSeconds,
    overdueSeconds,
    approvalAgeSeconds,
    because,
  };
}
