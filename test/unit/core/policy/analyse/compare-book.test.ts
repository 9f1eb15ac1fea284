import { describe, expect, test } from '@jest/globals';
import { compare } from '../../../../../src/core/policy/analyse/compare.ts';
import type { BookEntry, Setting } from '../../../../../src/core/policy/analyse/setting.ts';
import type { DestinationTerm, DenyRule, PolicyBody } from '../../../../../src/core/policy/body.ts';
import { aSetting, compared, verdictOf } from '../../../../support/comparing.ts';
import { aLimit, aRule, aWhen } from '../../../../support/policy-builder.ts';

const entry = (i: number, owner: string, tags: readonly string[] = []): BookEntry => ({
  script: `0014${i.toString(16).padStart(40, '0')}`,
  owner,
  tags,
});
const toAll = (...all: readonly DestinationTerm[]) =>
  aRule('all', { destinations: { all, any: null } });
const deny = (...any: readonly DestinationTerm[]): DenyRule => ({
  name: 'deny',
  when: aWhen({ destinations: { all: null, any } }),
  deny: true,
  require: null,
});
const perOwner = { limits: [aLimit({ of: 'destination' })] };
const acme = entry(1, 'acme');
const bolt = entry(2, 'bolt');

const change = (
  policy: Partial<PolicyBody>,
  before: readonly BookEntry[],
  after: readonly BookEntry[],
) => verdictOf(aSetting(policy, { book: before }), aSetting(policy, { book: after }));

describe('an address book', () => {
  test('that grows loosens where listed ones may be paid, and not where nobody asks', () => {
    expect(change({ rules: [toAll('listed')] }, [acme], [acme, bolt])).toBe('loosens');
    expect(change({}, [acme], [acme, bolt])).toBe('same');
    expect(change({ rules: [toAll('owner:acme')] }, [acme], [acme, bolt])).toBe('same');
  });

  test('that shrinks tightens there, and lets what was listed be paid as unlisted', () => {
    expect(change({ rules: [toAll('listed')] }, [acme, bolt], [acme])).toBe('tightens');
    expect(change({ rules: [toAll('unlisted')] }, [acme, bolt], [acme])).toBe('loosens');
  });

  test('with an entry written twice is the same', () => {
    expect(change({ rules: [toAll('listed')] }, [acme], [acme, acme])).toBe('same');
  });

  test('with a tag that a rule denies tightens, and with one that a rule permits loosens', () => {
    const blocked = [entry(1, 'acme', ['blocked']), bolt];
    const rules = [aRule('payments'), deny('tag:blocked')];
    expect(change({ rules }, [acme, bolt], blocked)).toBe('tightens');
    expect(change({ rules: [toAll('tag:blocked')] }, [acme, bolt], blocked)).toBe('loosens');
    expect(change({ rules: [toAll('listed')] }, [acme, bolt], blocked)).toBe('same');
  });

  test('with another owner changes what a rule names and what a limit counts', () => {
    const moved = [entry(1, 'bolt'), bolt];
    expect(change({ rules: [toAll('owner:acme')] }, [acme, bolt], moved)).toBe('tightens');
    expect(change({ rules: [toAll('listed')] }, [acme, bolt], moved)).toBe('same');
    expect(change({ ...perOwner, rules: [toAll('listed')] }, [acme, bolt], moved)).toBe('tightens');
  });

  test('with an owner of its own gives an unlisted address a limit of its own', () => {
    expect(change(perOwner, [acme], [acme, bolt])).toBe('loosens');
    // Nobody else may be paid, so nobody shares the limit of the unlisted ones.
    const rules = [aRule('payments'), deny('unlisted')];
    expect(change({ ...perOwner, rules }, [acme, bolt], [acme])).toBe('tightens');
  });

  test('without entries makes one limit of all', () => {
    const wallet = { limits: [aLimit()] };
    expect(verdictOf(aSetting(wallet, { book: [] }), aSetting(perOwner, { book: [] }))).toBe(
      'same',
    );
    expect(
      verdictOf(aSetting(wallet, { book: [acme] }), aSetting(perOwner, { book: [acme] })),
    ).toBe('loosens');
  });

  test('bounds what all of its owners together may get', () => {
    // Acme and the unlisted ones get 1,000 each and there is nobody else.
    const both = (most: number): Partial<PolicyBody> => ({
      limits: [...perOwner.limits, aLimit({ name: 'all', most, windowSeconds: null })],
    });
    const setting = (most: number): Setting => aSetting(both(most), { book: [acme] });
    expect(verdictOf(setting(2_000), setting(3_000))).toBe('same');
    expect(verdictOf(setting(1_999), setting(2_000))).toBe('loosens');
  });

  test('shows the spend with the scripts of its entries', () => {
    const policy = { rules: [toAll('listed')] };
    const { easier } = compared(
      aSetting(policy, { book: [acme] }),
      aSetting(policy, { book: [acme, bolt] }),
    );
    expect(easier.map(({ spend }) => spend.payments.map(({ script }) => script))).toEqual([
      [bolt.script],
    ]);
  });

  test('may list a script that burns value, which takes two kinds of output at once', () => {
    const book = [{ ...acme, script: '6a01' }];
    const rule = aRule('burnt', {
      destinations: { all: ['owner:acme'], any: null },
      amount: { above: 0, atMost: null, windowSeconds: null, of: 'wallet' },
      outputs: { any: ['data-value', 'zero-value'], above: null, atMost: null },
    });
    const empty: DenyRule = {
      ...deny('listed'),
      when: aWhen({ outputs: { any: ['zero-value'], above: null, atMost: null } }),
    };
    expect(
      verdictOf(
        aSetting({ rules: [rule, empty] }, { book }),
        aSetting({ rules: [rule] }, { book }),
      ),
    ).toBe('loosens');
  });

  test('of ten thousand entries takes no longer than it must', () => {
    const book = Array.from({ length: 10_000 }, (_, i) =>
      entry(i, `owner-${String(i % 4_000)}`, i % 7 === 0 ? ['vip'] : []),
    );
    const policy: Partial<PolicyBody> = {
      ...perOwner,
      rules: [toAll('listed'), aRule('vip', { destinations: { all: null, any: ['tag:vip'] } })],
    };
    const started = performance.now();
    const found = compare(
      aSetting(policy, { book }),
      aSetting(policy, { book: book.map((one, i) => (i === 7 ? { ...one, tags: [] } : one)) }),
    );
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(found.ok).toBe(true);
  });
});
