import { describe, expect, test } from '@jest/globals';
import { formatTime } from '../../../../src/core/base/time.ts';
import { entryBytes } from '../../../../src/core/log/entry.ts';
import type { ScreeningAnswer } from '../../../../src/core/screening.ts';
import { isAsked } from '../../../../src/server/screening/screening-due.ts';
import { questionOf, readAnswer } from '../../../../src/server/screening/screening-question.ts';
import type { ProposalRecord } from '../../../../src/core/log/state.ts';
import {
  World,
  approveAll,
  listedAddress,
  noon,
  policyOf,
  proposed,
  strangerAddress,
} from '../../../support/world.ts';

const script = {
  listed: '0014751e76e8199196d454941c45d1b3a323f1433bd6',
  stranger: '00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262',
};

function batch(): { readonly world: World; readonly proposal: ProposalRecord } {
  const { world } = proposed();
  const pays = [
    [strangerAddress, 100_000],
    [listedAddress, 200_000],
    [strangerAddress, 300_000],
  ] as const;
  return { world, proposal: world.propose({ pays }) };
}

describe('the question about a proposal', () => {
  test('names each script once with its sum, and whose it is in the address book, and nothing else', () => {
    const { world, proposal } = batch();
    expect(questionOf(world.state, proposal)).toEqual({
      proposal: proposal.digest,
      network: 'regtest',
      wallet: 'hot-1',
      reference: null,
      destinations: [
        { script: script.stranger, address: strangerAddress, sats: 400_000, owner: null },
        { script: script.listed, address: listedAddress, sats: 200_000, owner: 'exchange' },
      ],
    });
  });
});

describe('an answer', () => {
  const one = (of: string, answer: string, reference?: unknown) => ({
    ...{ script: of, answer },
    ...(reference === undefined ? {} : { reference }),
  });
  const read = (...destinations: readonly unknown[]) => {
    const { proposal } = batch();
    return readAnswer(proposal, JSON.stringify({ destinations }));
  };

  test('is put in the order of the outputs, whatever its own', () => {
    const answers = [one(script.listed, 'clear'), one(script.stranger, 'hold', 'a/1')];
    expect(read(...answers)).toEqual([
      { output: 0, answer: 'hold', reference: 'a/1' },
      { output: 1, answer: 'clear', reference: null },
    ]);
    const nothing = [one(script.listed, 'clear', null), one(script.stranger, 'clear')];
    expect(read(...nothing).map(({ reference }) => reference)).toEqual([null, null]);
  });

  test.each([
    ['of one destination only', [one(script.listed, 'clear')]],
    ['of one twice', [one(script.listed, 'clear'), one(script.listed, 'clear')]],
    [
      'of one twice and the other',
      [one(script.listed, 'clear'), one(script.stranger, 'clear'), one(script.stranger, 'deny')],
    ],
    ['in capitals', [one(script.listed.toUpperCase(), 'clear'), one(script.stranger, 'clear')]],
    [
      'with a reference of 65 characters',
      [one(script.listed, 'clear'), one(script.stranger, 'hold', 'x'.repeat(65))],
    ],
    ['with a line break', [one(script.listed, 'clear'), one(script.stranger, 'hold', 'a\nb')]],
    ['of another kind', [one(script.listed, 'clear'), one(script.stranger, 'maybe')]],
  ])('%s is none', (_, answers) => {
    expect(() => read(...answers)).toThrow('screening.answer.invalid');
  });

  test.each(['', 'null', '[]', '{}', '{"destinations":{}}', '{"destinations":[],"ok":true}'])(
    'that reads %j is none',
    (text) => {
      expect(() => readAnswer(batch().proposal, text)).toThrow('screening.answer.invalid');
    },
  );
});

describe('the service is asked', () => {
  const answer = (world: World, { digest: proposal }: ProposalRecord, said: ScreeningAnswer) => {
    const destinations = [{ output: 0, answer: said, reference: null }];
    const at = formatTime(world.now);
    world.append(
      entryBytes({ type: 'fact', fact: { fact: 'screening', at, proposal, destinations } }),
    );
  };

  test('about a new proposal, and again while it holds or clears, but not once it denies', () => {
    const { world, proposal } = proposed();
    for (const said of ['hold', 'clear'] as const) {
      expect(isAsked(world.state, proposal, world.now)).toBe(true);
      answer(world, proposal, said);
    }
    expect(isAsked(world.state, proposal, world.now)).toBe(true);
    answer(world, proposal, 'deny');
    expect(isAsked(world.state, proposal, world.now)).toBe(false);
  });

  test('not about a proposal that pays nobody, or that somebody has ended', () => {
    const { world, proposal } = proposed();
    expect(isAsked(world.state, world.propose({ pays: [] }), world.now)).toBe(false);
    world.say(world.approval('alice', proposal, { decision: 'reject' }));
    expect(isAsked(world.state, proposal, world.now)).toBe(false);
  });

  test('not about one that the policy refuses', () => {
    const { world } = proposed();
    const much = world.propose({ pays: [[listedAddress, 100_000_001]] });
    expect(world.verdict(much).outcome).toBe('refused');
    expect(isAsked(world.state, much, world.now)).toBe(false);
  });

  test('until the proposal expires, and beyond where the signer holds budget for it', () => {
    const expired = noon + 86_400;
    const { world, proposal } = proposed();
    expect(isAsked(world.state, proposal, expired - 1)).toBe(true);
    expect(isAsked(world.state, proposal, expired)).toBe(false);
    const waits = policyOf('hot-1').replace('delay: 60s', 'delay: 47h');
    const made = proposed(new World({ policy: waits }));
    approveAll(made);
    made.world.round();
    expect(isAsked(made.world.state, made.proposal, expired)).toBe(true);
  });

  test('about what is signed, until it is with the network', () => {
    const undelayed = policyOf('hot-1').replace('      delay: 60s\n', '');
    const made = proposed(new World({ policy: undelayed }));
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    expect(world.verdict(proposal).outcome).toBe('signed');
    expect(isAsked(world.state, proposal, world.now)).toBe(true);
    const { digest, txid } = proposal;
    const sent = { fact: 'broadcast', at: formatTime(world.now), proposal: digest, txid } as const;
    expect(world.append(entryBytes({ type: 'fact', fact: sent }))).toBe('applied');
    expect(isAsked(world.state, proposal, world.now)).toBe(false);
  });
});
