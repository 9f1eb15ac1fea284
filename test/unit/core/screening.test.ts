import { describe, expect, test } from '@jest/globals';
import { authorise, authoriseAsIf, reservationEnd } from '../../../src/core/authorise.ts';
import { formatTime } from '../../../src/core/base/time.ts';
import type { Fact } from '../../../src/core/log/entry.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import { replay } from '../../../src/core/log/replay.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { PolicyWitness, fare } from '../../../src/core/policy/replay-policy.ts';
import type { ScreeningAnswer } from '../../../src/core/screening.ts';
import { paidScripts, worstAnswer } from '../../../src/core/screening.ts';
import { currentDocuments } from '../../../src/core/governance/current.ts';
import {
  World,
  approveAll,
  listedAddress,
  noon,
  policyOf,
  proposed,
  strangerAddress,
} from '../../support/world.ts';

type Destinations = Extract<Fact, { fact: 'screening' }>['destinations'];

const required = policyOf('hot-1').replace('rules:', 'screening: required\nrules:');
const undelayed = (policy: string): string => policy.replace('      delay: 60s\n', '');

function fact(world: World, proposal: string, destinations: Destinations): Uint8Array {
  const at = formatTime(world.now);
  return entryBytes({ type: 'fact', fact: { fact: 'screening', at, proposal, destinations } });
}

/** The service answers about a proposal that pays one script; the code, or that it was taken. */
function answer(world: World, { digest }: ProposalRecord, said: ScreeningAnswer) {
  const reference = said === 'clear' ? null : 'case-17';
  return world.append(fact(world, digest, [{ output: 0, answer: said, reference }]));
}

const said = (world: World, proposal: ProposalRecord) => {
  const { outcome, refusal } = world.verdict(proposal);
  return refusal?.code ?? outcome;
};

describe('what is screened of a spend', () => {
  const output = (script: string, sats: number, change?: number) =>
    change === undefined ? { script, sats } : { script, sats, change };

  test('is each script once, with all that it is paid, and no change', () => {
    const outputs = [
      ...[output('aa', 5), output('cc', 9, 0), output('bb', 7), output('aa', 6)],
      ...[output('dd', 0)],
    ];
    expect(paidScripts({ outputs })).toEqual([
      { output: 0, script: 'aa', sats: 11 },
      { output: 2, script: 'bb', sats: 7 },
      { output: 4, script: 'dd', sats: 0 },
    ]);
  });

  test.each([
    [['clear', 'clear'], 'clear'],
    [['clear', 'hold'], 'hold'],
    [['hold', 'clear', 'deny'], 'deny'],
  ] as const)('of %j the worst answer counts', (answers, worst) => {
    const all = answers.map((one, i) => ({ output: i, answer: one, reference: null }));
    expect(worstAnswer(all)).toBe(worst);
  });

  test('nobody is cleared by no answer at all', () => {
    expect(() => worstAnswer([])).toThrow();
  });
});

describe('an answer in the log', () => {
  test.each([
    [[], 'clear', 'applied'],
    [['hold'], 'clear', 'applied'],
    [['hold'], 'deny', 'applied'],
    [['hold'], 'hold', 'fact.duplicate'],
    [['clear'], 'clear', 'fact.duplicate'],
    [['clear'], 'hold', 'applied'],
    [['clear'], 'deny', 'applied'],
    [['deny'], 'deny', 'fact.duplicate'],
    [['deny'], 'clear', 'fact.invalid'],
    [['deny'], 'hold', 'fact.invalid'],
  ] as const)('after %j, %s is %s', (before, next, outcome) => {
    const { world, proposal } = proposed();
    for (const one of before) expect(answer(world, proposal, one)).toBe('applied');
    expect(answer(world, proposal, next)).toBe(outcome);
  });

  test('is about every destination once, in order, or it is none', () => {
    const { world } = proposed();
    const pays = [
      [strangerAddress, 100_000],
      [listedAddress, 200_000],
      [strangerAddress, 300_000],
    ] as const;
    const { digest } = world.propose({ pays });
    const one = (output: number, of: ScreeningAnswer = 'clear') => ({
      ...{ output, answer: of, reference: null },
    });
    const take = (...all: Destinations) => world.append(fact(world, digest, all));
    expect(take(one(0))).toBe('fact.invalid');
    expect(take(one(1), one(0))).toBe('fact.invalid');
    expect(take(one(0), one(2))).toBe('fact.invalid');
    expect(take(one(0), one(1), one(2))).toBe('fact.invalid');
    expect(take(one(0), one(0))).toBe('fact.invalid');
    expect(take(one(0), one(1, 'hold'))).toBe('applied');
    expect(world.state.screenings.get(digest)).toMatchObject({ answer: 'hold' });
    // Another destination is held now: that is news, though the worst is the same.
    expect(take(one(0, 'hold'), one(1))).toBe('applied');
    expect(world.state.screenings.get(digest)?.destinations[1]?.answer).toBe('clear');
  });

  test('of a proposal that nobody knows, or that pays nobody, is none', () => {
    const { world } = proposed();
    const nobody = world.propose({ pays: [] });
    expect(answer(world, nobody, 'deny')).toBe('fact.invalid');
    expect(world.append(fact(world, 'ab'.repeat(32), []))).toBe('log.entry.invalid');
    const unknown = fact(world, 'ab'.repeat(32), [{ output: 0, answer: 'deny', reference: null }]);
    expect(world.append(unknown)).toBe('proposal.unknown');
  });

  test('names a case in a few plain characters only', () => {
    const { world, proposal } = proposed();
    const named = (reference: string) =>
      world.append(fact(world, proposal.digest, [{ output: 0, answer: 'hold', reference }]));
    for (const wrong of ['', 'x'.repeat(65), 'a b', '<b>', 'a%'])
      expect(named(wrong)).toBe('log.entry.invalid');
    expect(named('A-1.b_2/c'.padEnd(64, 'x'))).toBe('applied');
  });

  test('is taken of a signed proposal, which stays signed', () => {
    const made = proposed(new World({ policy: undelayed(policyOf('hot-1')) }));
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    expect(said(world, proposal)).toBe('signed');
    expect(answer(world, proposal, 'deny')).toBe('applied');
    expect(said(world, proposal)).toBe('signed');
  });
});

describe('a proposal under a policy that requires screening', () => {
  const screened = () => proposed(new World({ policy: required }));

  test('asks for approvals first, takes its budget, and then waits for the answer', () => {
    const made = screened();
    const { world, proposal } = made;
    expect(said(world, proposal)).toBe('policy.quorum.missing');
    approveAll(made);
    world.round();
    expect(world.ledger.reservations.has(proposal.digest)).toBe(true);
    expect(said(world, proposal)).toBe('screening.unanswered');
    expect(world.verdict(proposal).outcome).toBe('pending');
    world.now = noon + 3_600;
    expect(world.round()).toEqual([]);
    expect(said(world, proposal)).toBe('screening.unanswered');
    expect(world.verdict(proposal).trace.screening).toEqual({
      ...{ required: true, answer: null, at: null, destinations: [] },
    });
  });

  test('is signed once it is cleared, at the end of the delay, which ran meanwhile', () => {
    const made = screened();
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    world.now = noon + 59;
    expect(answer(world, proposal, 'clear')).toBe('applied');
    expect(said(world, proposal)).toBe('policy.delay.waiting');
    world.now = noon + 60;
    expect(said(world, proposal)).toBe('authorised');
    expect(world.round().map(({ record }) => record)).toEqual(['sign']);
  });

  test('goes from held to cleared, and back to held while it is unsigned', () => {
    const made = screened();
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    world.now = noon + 60;
    for (const [one, code] of [
      ['hold', 'screening.held'],
      ['clear', 'authorised'],
      ['hold', 'screening.held'],
    ] as const) {
      expect(answer(world, proposal, one)).toBe('applied');
      expect(said(world, proposal)).toBe(code);
    }
    expect(world.verdict(proposal).refusal?.facts).toEqual({
      ...{ outputs: [0], references: ['case-17'] },
    });
    expect(world.ledger.reservations.has(proposal.digest)).toBe(true);
    expect(reservationEnd(world.verdict(proposal))).toBeNull();
  });

  test('that pays nobody needs no answer', () => {
    const own = required.replace(
      '  - name: all payments',
      '  - { name: own, when: { payments: none }, require: { approvals: { from: treasury, atLeast: 1 } } }\n  - name: all payments',
    );
    const { world } = proposed(new World({ policy: own }));
    const proposal = world.propose({ pays: [] });
    expect(world.approve('alice', proposal)).toBe('applied');
    world.round();
    expect(world.verdict(proposal).trace.screening).toBeNull();
    expect(said(world, proposal)).toBe('signed');
  });

  test('expires as it would without', () => {
    const made = screened();
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    // Delay and a day to sign in, from the quorum.
    world.now = noon + 60 + 86_400;
    expect(said(world, proposal)).toBe('screening.unanswered');
    world.now += 1;
    expect(said(world, proposal)).toBe('policy.sign.expired');
    expect(world.round().map(({ record }) => record)).toEqual(['release', 'refusal']);
    expect(answer(world, proposal, 'clear')).toBe('applied');
    expect(said(world, proposal)).toBe('policy.sign.expired');
  });
});

describe('a denial', () => {
  test.each([
    ['required', required],
    ['not required', policyOf('hot-1')],
  ])('is final where screening is %s, and gives the budget back', (_, policy) => {
    const made = proposed(new World({ policy }));
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    expect(world.ledger.reservations.has(proposal.digest)).toBe(true);
    expect(answer(world, proposal, 'deny')).toBe('applied');
    expect(world.verdict(proposal)).toMatchObject({
      outcome: 'refused',
      refusal: { code: 'screening.denied', facts: { outputs: [0], references: ['case-17'] } },
    });
    expect(world.round()).toMatchObject([
      { record: 'release', code: 'screening.denied' },
      { record: 'refusal', code: 'screening.denied' },
    ]);
    expect(world.ledger.reservations.size).toBe(0);
    expect(world.round()).toEqual([]);
  });

  test('needs no quorum', () => {
    const { world, proposal } = proposed();
    expect(answer(world, proposal, 'deny')).toBe('applied');
    expect(said(world, proposal)).toBe('screening.denied');
  });
});

describe('where no policy requires screening', () => {
  test('no answer holds nothing, and a hold does', () => {
    const made = proposed();
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    world.now = noon + 60;
    expect(said(world, proposal)).toBe('authorised');
    expect(answer(world, proposal, 'hold')).toBe('applied');
    expect(said(world, proposal)).toBe('screening.held');
    expect(world.round()).toEqual([]);
    expect(answer(world, proposal, 'clear')).toBe('applied');
    expect(said(world, proposal)).toBe('authorised');
  });
});

describe('another policy, looked back with', () => {
  /** A world in which one proposal was signed without an answer and one after a clear. */
  function past() {
    const world = new World({ policy: undelayed(policyOf('hot-1')) });
    const first = proposed(world);
    approveAll(first);
    world.round();
    const second = { world, proposal: world.propose({ pays: [[listedAddress, 300_000]] }) };
    expect(answer(world, second.proposal, 'clear')).toBe('applied');
    approveAll(second);
    world.round();
    const third = { world, proposal: world.propose({ pays: [[listedAddress, 400_000]] }) };
    expect(answer(world, third.proposal, 'hold')).toBe('applied');
    approveAll(third);
    world.round();
    return { world, proposals: [first, second, third].map(({ proposal }) => proposal) };
  }
  const policyBody = (world: World) => {
    const found = currentDocuments(world.state, 'hot-1')?.policy?.document.body;
    if (found === undefined) throw new Error('a policy is in force');
    return found;
  };

  test('is told by the answers of that time', () => {
    const { world, proposals } = past();
    const [first, second, third] = proposals.map(({ digest }) => digest);
    const witness = new PolicyWitness({ ...policyBody(world), screening: 'required' });
    const found = replay(
      world.genesis,
      world.leaves.length,
      (i) => world.leaves[i] ?? new Uint8Array(),
      {
        blobs: (sha256) => world.store.get(sha256),
        witness,
      },
    );
    if ('code' in found) throw new Error(found.code);
    expect(found.findings).toEqual([]);
    const fared = witness.finish(found.state).proposals.map((one) => ({
      ...{ proposal: one.proposal, change: one.change, code: one.instead.code },
    }));
    expect(fared).toEqual([
      { proposal: first, change: 'held', code: 'screening.unanswered' },
      { proposal: second, change: null, code: null },
      // Its signer last wrote that it took the budget: there both say that it may.
      { proposal: third, change: null, code: 'signer.pending' },
    ]);
  });

  test('that asks for fewer people would not have signed what is held', () => {
    const { world } = past();
    const proposal = world.propose({ pays: [[listedAddress, 500_000]] });
    expect(world.approve('alice', proposal)).toBe('applied');
    world.round();
    const { state, ledger, now } = world;
    const rules = policyBody(world).rules.map((rule) => ({
      ...{ name: rule.name, when: rule.when, deny: false as const },
      require: { approvals: { from: 'treasury', atLeast: 1, kinds: null }, delaySeconds: 0 },
    }));
    const fewer = { ...policyBody(world), rules };
    const changeUnder = (policy: typeof fewer) =>
      fare({ state, ledger, proposal, now }, world.verdict(proposal), policy).change;
    expect(changeUnder(fewer)).toBe('passes');
    expect(changeUnder({ ...fewer, screening: 'required' })).toBe('otherwise');
    expect(answer(world, proposal, 'hold')).toBe('applied');
    expect(changeUnder(fewer)).toBe('otherwise');
    expect(answer(world, proposal, 'clear')).toBe('applied');
    expect(changeUnder({ ...fewer, screening: 'required' })).toBe('passes');
  });

  test('never lets pass what is held or denied', () => {
    const { world, proposals } = past();
    const third = proposals[2];
    if (third === undefined) throw new Error('there are three');
    const { state, ledger, now } = world;
    const moment = { state, ledger, proposal: third, now };
    expect(authoriseAsIf(moment, policyBody(world)).refusal?.code).toBe('screening.held');
    expect(answer(world, third, 'deny')).toBe('applied');
    expect(authoriseAsIf(moment, policyBody(world)).refusal?.code).toBe('screening.denied');
    expect(authorise(state, ledger, third.digest, now).outcome).toBe('refused');
  });
});
