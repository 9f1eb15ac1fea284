import { describe, expect, test } from '@jest/globals';
import { proveAssertions } from '../../../../src/core/policy/analyse/prove.ts';
import { policyProblems } from '../../../../src/core/policy/check.ts';
import { mutantsOf } from '../../../support/policy-mutants.ts';
import { compareCase, policyFiles, readTable } from '../../../support/policy-table.ts';

// What each ready policy means, as spends that pass and spends that do not, and that nothing in it goes untested.

test('there are six ready policies and the two of the demonstration', () => {
  expect(policyFiles).toHaveLength(8);
});

describe.each(policyFiles)('%s', (file) => {
  const { policy, charter, cases } = readTable(file);

  test.each(cases)('$name', (one) => {
    const { expected, found } = compareCase(policy, charter, one);
    expect(found).toEqual(expected);
  });

  test('can be published into the charter of its table', () => {
    const { members, initiators, governance, custody } = charter;
    const clause = governance?.clause ?? null;
    const place = { members, initiators, governance: clause, custody, others: [] };
    expect(policyProblems(policy, place)).toEqual([]);
  });

  test('has its assertions proven', () => {
    const { members, initiators, governance, wallet } = charter;
    const setting = { members, initiators, policy, book: null };
    const proven = [...proveAssertions({ setting, governance, wallet, unseenSats: 0n })];
    expect(proven.filter(({ holds }) => !holds)).toEqual([]);
  });

  test('asserts what compromised people can move, unless it is of the demonstration', () => {
    expect(policy.assert.length > 0).toBe(!file.startsWith('demo-'));
  });

  test('has each rule, limit, cap, tier and hour decided by a case, to the sat and the second', () => {
    const unnoticed = [...mutantsOf(policy)].filter(({ policy: changed }) =>
      cases.every((one) => {
        const { expected, found } = compareCase(changed, charter, one);
        return JSON.stringify(found) === JSON.stringify(expected);
      }),
    );
    expect(unnoticed.map(({ change }) => change)).toEqual([]);
  });
});
