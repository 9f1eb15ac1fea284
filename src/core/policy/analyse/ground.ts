import type { Clause, OutputKind, PolicyBody, Rule } from '../body.ts';
import { clauseLeaves } from '../body.ts';
import { isMet } from '../quorum.ts';
import type { Atom, Obligation, Store, Terms } from './atoms.ts';
import { ask, atomsOf, emptyStore, opposite, sumOf, windowIndex } from './atoms.ts';
import type { Side, Sides } from './cases.ts';
import { findEscape, stepsOf } from './coalition.ts';
import type { Recipients } from './recipients.ts';
import type { Scene } from './scene.ts';
import type { Setting } from './setting.ts';
import type { Steps } from './steps.ts';

/** A rule whose conditions on the scene hold. */
export interface LiveRule {
  readonly index: number;
  readonly rule: Rule;
  /** What else it asks; null when it cannot match. */
  readonly atoms: readonly Atom[] | null;
  /** What says that it does not match; null when it always does not. */
  readonly unless: Obligation | null;
  /** That it matches is enough for a refusal, whoever approves. */
  readonly refuses: boolean;
  readonly delaySeconds: number;
}

/** Where a case is looked for: in a scene, with some kinds of output. */
export interface Ground {
  readonly settings: Sides<Setting>;
  readonly scene: Scene;
  readonly terms: Terms;
  readonly live: Sides<readonly LiveRule[]>;
  /** What the permitting side asks of every spend; null when nothing can meet it. */
  readonly store: Store | null;
  readonly obligations: readonly Obligation[];
  /** Whether approvals that meet the clause of a rule of the permitting side meet that of one of the other. */
  readonly implies: (yes: LiveRule, no: LiveRule) => boolean;
  readonly steps: Steps;
}

/** That a rule does not match, as a list to be put among others. */
export function never({ unless }: LiveRule): readonly Obligation[] {
  return unless === null ? [] : [unless];
}

/** That one of some rules matches. */
export function anyOf(rules: readonly LiveRule[]): Obligation {
  return rules.flatMap(({ atoms }) => (atoms === null ? [] : [atoms]));
}

/** Every window of two policies, after the 0 of a spend alone, ascending. */
export function windowsOf(policies: readonly PolicyBody[]): readonly number[] {
  const named = policies.flatMap(({ limits, rules }) => [
    ...limits.flatMap(({ windowSeconds }) => windowSeconds ?? []),
    ...rules.flatMap(({ when }) => when.amount?.windowSeconds ?? []),
  ]);
  return [0, ...[...new Set(named)].sort((a, b) => a - b)];
}

/** The sets of kinds of output that a policy can let pass: each is named by some rule. */
export function kindSets({ rules }: PolicyBody): readonly (readonly OutputKind[])[] {
  const named = rules.flatMap(({ deny, when }) => (deny ? [] : (when.outputs?.any ?? [])));
  const kinds = [...new Set(named)];
  return Array.from({ length: 2 ** kinds.length }, (_, i) =>
    kinds.filter((_kind, bit) => (i >> bit) & 1),
  );
}

/** What scenes have in common, found out once. */
export class Grounds {
  readonly settings: Sides<Setting>;
  readonly #recipients: Recipients;
  readonly #steps: Steps;
  readonly #terms = new Map<string, Terms>();
  readonly #atoms = new Map<string, Pick<LiveRule, 'atoms' | 'unless'>>();
  readonly #unmet = new Map<string, boolean>();
  readonly #implied = new Map<string, boolean>();
  readonly #texts = new Map<Clause, string>();

  constructor(settings: Sides<Setting>, recipients: Recipients, steps: Steps) {
    this.settings = settings;
    this.#recipients = recipients;
    this.#steps = steps;
  }

  at(scene: Scene, kinds: readonly OutputKind[]): Ground {
    const { settings } = this;
    const terms = this.#termsOf(scene.payments, kinds);
    const live = {
      yes: this.#liveRules(scene, terms, 'yes'),
      no: this.#liveRules(scene, terms, 'no'),
    };
    const allowing = live.yes.filter(({ refuses }) => !refuses);
    const limits = settings.yes.policy.limits.flatMap((limit): readonly Atom[] => {
      if (limit.measure !== 'amount') return [];
      if (limit.of === 'destination' && scene.payments === 'none') return [];
      const sum = sumOf(terms, 'yes', limit.of);
      const window = windowIndex(terms, limit.windowSeconds);
      return [{ is: 'atMost', sum, window, sats: limit.here ?? limit.most }];
    });
    const empty = emptyStore(terms);
    return {
      settings,
      scene,
      terms,
      live,
      store: empty === null ? null : ask(empty, limits, terms),
      obligations: [
        anyOf(allowing),
        ...live.yes.filter(({ refuses }) => refuses).flatMap(never),
        ...kinds.map((kind) =>
          anyOf(allowing.filter(({ rule }) => rule.when.outputs?.any?.includes(kind))),
        ),
      ],
      implies: (yes, no) => this.#implies(scene, yes, no),
      steps: this.#steps,
    };
  }

  #termsOf(payments: Scene['payments'], kinds: readonly OutputKind[]): Terms {
    const key = [payments, ...kinds].join();
    const known = this.#terms.get(key);
    if (known !== undefined) return known;
    const { yes, no } = this.settings;
    const windows = windowsOf([yes.policy, no.policy]);
    const open = { recipients: this.#recipients, windows, payments, kinds, counts: [] };
    const counts = yes.policy.limits.flatMap((limit) => {
      if (limit.measure !== 'count') return [];
      const window = windowIndex(open, limit.windowSeconds);
      return [{ of: sumOf(open, 'yes', limit.of), window, most: limit.here ?? limit.most }];
    });
    const made: Terms = { ...open, counts };
    this.#terms.set(key, made);
    return made;
  }

  #liveRules(scene: Scene, terms: Terms, side: Side): readonly LiveRule[] {
    const { rules } = this.settings[side].policy;
    return scene.live[side].flatMap((index) => {
      const rule = rules[index];
      if (rule === undefined) return [];
      const asked = this.#asked(terms, side, { index, rule });
      const delaySeconds = rule.deny ? 0 : rule.require.delaySeconds;
      const isRefused = this.#refuses(scene, side, rule);
      return [{ index, rule, ...asked, refuses: isRefused, delaySeconds }];
    });
  }

  #asked(
    terms: Terms,
    side: Side,
    { index, rule }: Pick<LiveRule, 'index' | 'rule'>,
  ): Pick<LiveRule, 'atoms' | 'unless'> {
    const key = [side, index, terms.payments, ...terms.kinds].join();
    const known = this.#atoms.get(key);
    if (known !== undefined) return known;
    const atoms = atomsOf(terms, side, rule);
    const unless = atoms === null ? null : atoms.map((atom) => [opposite(atom, terms)]);
    this.#atoms.set(key, { atoms, unless });
    return { atoms, unless };
  }

  /** On the permitting side also what nobody can approve; on the other that is for the approvals to decide. */
  #refuses({ initiator, people }: Scene, side: Side, rule: Rule): boolean {
    if (rule.deny) return true;
    const { approvals } = rule.require;
    if (clauseLeaves(approvals).some(({ atLeast }) => atLeast < 1)) return true;
    if (side === 'no') return false;
    const key = [initiator, this.#written(approvals)].join('\n');
    const known = this.#unmet.get(key);
    if (known !== undefined) return known;
    this.#steps.take(stepsOf(approvals) + people.yes.length);
    const isUnmet = !isMet(approvals, people.yes);
    this.#unmet.set(key, isUnmet);
    return isUnmet;
  }

  /** Equal clauses are the same text, whichever rules they are of. */
  #written(clause: Clause): string {
    const known = this.#texts.get(clause) ?? JSON.stringify(clause);
    this.#texts.set(clause, known);
    return known;
  }

  #implies(
    { initiator, people, seesAll }: Scene,
    { rule }: LiveRule,
    { rule: other }: LiveRule,
  ): boolean {
    if (rule.deny || other.deny) return false;
    const clauses = [rule.require.approvals, other.require.approvals] as const;
    this.#steps.take(1);
    const texts = clauses.map((clause) => this.#written(clause));
    if (texts[0] === texts[1] && seesAll) return true;
    const key = [initiator, ...texts].join('\n');
    const known = this.#implied.get(key);
    if (known !== undefined) return known;
    const met = { clauses: [clauses[0]], people: people.yes };
    const found = findEscape(met, { clauses: [clauses[1]], people: people.no }, this.#steps);
    this.#implied.set(key, found === null);
    return found === null;
  }
}
