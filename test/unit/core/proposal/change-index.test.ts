import { describe, expect, test } from '@jest/globals';
import { freeChangeIndex, plannedChange } from '../../../../src/core/proposal/change-index.ts';
import { changeWarnings, checkWatched } from '../../../../src/server/proposals/draft-plan.ts';
import { codeOf } from '../../../support/psbt.ts';
import type { World } from '../../../support/world.ts';
import { approveAll, proposed } from '../../../support/world.ts';

const planned = (world: World): readonly number[] => [
  ...plannedChange(world.state, 'hot-1', world.now),
];

describe('the change indices that proposals plan', () => {
  test('are those of open and of signed proposals, and of none that ended or expired', () => {
    const { world, proposal } = proposed();
    expect(planned(world)).toEqual([0]);
    world.now += 86_400;
    expect(planned(world)).toEqual([]);
    world.now -= 86_400;
    approveAll({ world, proposal });
    world.round();
    world.now += 61;
    world.round();
    world.now += 30 * 86_400;
    expect(planned(world)).toEqual([0]);
    expect([...plannedChange(world.state, 'hot-2', world.now)]).toEqual([]);
  });

  test('end with a rejection', () => {
    const { world, proposal } = proposed();
    world.say(world.approval('carol', proposal, { decision: 'reject' }));
    expect(planned(world)).toEqual([]);
  });
});

test('new change takes the lowest index that nobody plans, within the range', () => {
  const taken = new Set([3, 4, 6]);
  expect(freeChangeIndex(taken, 2, 9)).toBe(2);
  expect(freeChangeIndex(taken, 3, 9)).toBe(5);
  expect(freeChangeIndex(taken, 3, 5)).toBe(5);
  expect(freeChangeIndex(taken, 3, 4)).toBe(3);
  expect(freeChangeIndex(new Set(), 10, 9)).toBe(10);
});

test('change that was used before, or that another proposal uses, is told', () => {
  const { view } = proposed().proposal;
  const told = (next: number, ...indices: readonly number[]) =>
    changeWarnings(view, { next, planned: new Set(indices) });
  expect(told(0)).toEqual([]);
  expect(told(0, 0)).toEqual([{ code: 'change.planned', facts: { indices: [0] } }]);
  expect(told(1, 0)).toEqual([{ code: 'change.used', facts: { indices: [0] } }]);
});

test('a coin at an address that is not watched is named so', () => {
  const { coins } = proposed().proposal.view;
  expect(codeOf(checkWatched(coins, [1, 0]))).toBe('passed');
  expect(codeOf(checkWatched(coins, [0, 9]))).toBe('coin.gap');
});
