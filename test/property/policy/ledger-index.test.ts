import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { REPEAT_SECONDS, WINDOW_SECONDS } from '../../../src/core/base/limits.ts';
import { sats } from '../../../src/core/base/sats.ts';
import type { Ledger } from '../../../src/core/log/ledger.ts';
import { createLedger } from '../../../src/core/log/ledger.ts';
import type { ProposalRecord, State } from '../../../src/core/log/state.ts';
import { spendConflict, usageOf } from '../../../src/core/policy/facts.ts';
import type { Look } from '../../../src/core/policy/look.ts';
import { windowSlowly } from '../../support/usage-reference.ts';
import { proposed } from '../../support/world.ts';

/** The index of a ledger against scans of the ledger: what holds budget, and what stands in the way of a spend. */

const day = 86_400;
const { world, proposal: sample } = proposed();
const look: Look = { listed: new Map([['aa', { owner: 'ann', tags: [] }]]), said: new Map() };

interface Draft {
  readonly coins: readonly string[];
  readonly pays: readonly (readonly [string, number])[];
  readonly reference: string | null;
  readonly repeats: number | null;
}
const draft: fc.Arbitrary<Draft> = fc.record({
  coins: fc.uniqueArray(fc.constantFrom('c1', 'c2', 'c3', 'c4', 'c5', 'c6'), {
    minLength: 1,
    maxLength: 2,
  }),
  pays: fc.array(fc.tuple(fc.constantFrom('aa', 'bb'), fc.integer({ min: 1, max: 2 })), {
    maxLength: 2,
  }),
  reference: fc.constantFrom(null, null, 'T-1'),
  repeats: fc.option(fc.nat(5), { nil: null }),
});

function proposalsOf(drafts: readonly Draft[]): readonly ProposalRecord[] {
  const digest = (i: number) => `p${String(i)}`;
  return drafts.map(({ coins, pays, reference, repeats }, i) => {
    const { spend } = sample.view;
    const inputs = coins.map((outpoint) => ({ ...spend.inputs[0], outpoint, sats: 1 }));
    const outputs = pays.map(([script, amount]) => ({ script, sats: amount }));
    return {
      ...sample,
      digest: digest(i),
      index: i,
      statement: {
        ...sample.statement,
        initiator: i % 2 === 0 ? 'even' : 'odd',
        reference,
        repeats: repeats === null ? null : digest(repeats),
      },
      view: {
        ...sample.view,
        spend: { ...spend, inputs, outputs },
        amountSats: sats(pays.reduce((sum, [, amount]) => sum + amount, 0)),
        feeSats: sats(1),
      },
    };
  });
}

interface Step {
  readonly does: 'reserve' | 'release' | 'intent' | 'sign' | 'ask';
  readonly which: number;
  readonly after: number;
}
const step: fc.Arbitrary<Step> = fc.record({
  does: fc.constantFrom('reserve', 'reserve', 'release', 'intent', 'sign', 'sign', 'ask'),
  which: fc.nat(5),
  after: fc.constantFrom(0, 1, day, 6 * day, 7 * day - 1, 7 * day, 200 * day, 366 * day, 400 * day),
});

/** As applyReceipt does; a signer that breaks its rules may sign one coin twice. */
function record(ledger: Ledger, { does, after }: Step, digest: string): void {
  const { reservations, intents, signed } = ledger;
  ledger.at += after;
  ledger.position += 1;
  if (does === 'reserve' && !signed.has(digest) && !reservations.has(digest))
    reservations.set(digest, ledger.at);
  if (does === 'release' && !intents.has(digest)) reservations.delete(digest);
  if (does === 'intent' && reservations.has(digest)) intents.add(digest);
  if (does === 'sign' && !signed.has(digest)) {
    intents.add(digest);
    signed.set(digest, { at: ledger.at, signatures: '' });
    reservations.delete(digest);
  }
}

function expectUsage(state: State, ledger: Ledger, proposal: ProposalRecord, now: number): void {
  const held = [...state.proposals.values()].flatMap((other) => {
    const committed = ledger.signed.get(other.digest)?.at;
    const at = committed ?? ledger.reservations.get(other.digest);
    if (at === undefined || other === proposal) return [];
    const payments = other.view.spend.outputs.map(({ script, sats: amount }) => ({
      script,
      sats: sats(amount),
      destination: look.listed.get(script) ?? null,
    }));
    const { amountSats, feeSats } = other.view;
    const kind = committed === undefined ? ('reserved' as const) : ('committed' as const);
    const { initiator } = other.statement;
    return [{ proposal: other.digest, state: kind, at, payments, amountSats, feeSats, initiator }];
  });
  const usage = usageOf(state, ledger, proposal, look);
  const found: unknown[] = [];
  const expected: unknown[] = [];
  for (const [of, key] of [
    ['wallet', null],
    ['initiator', 'even'],
    ['destination', 'ann'],
    ['destination', null],
  ] as const)
    for (const measure of ['amount', 'count', 'fee'] as const)
      for (const windowSeconds of [7 * day, WINDOW_SECONDS]) {
        const slow = windowSlowly(measure, { of, key, windowSeconds }, held, now);
        const span = { measure, of, windowSeconds };
        found.push({ ...span, key, ...usage.windowState(span, key, now) });
        const freesAt = slow.ageing[0]?.freesAt ?? null;
        expected.push({ ...span, key, spent: slow.spent, reserved: slow.reserved, freesAt });
      }
  expect(found).toEqual(expected);
}

function conflictSlowly(
  state: State,
  ledger: Ledger,
  proposal: ProposalRecord,
  now: number,
): string | null {
  const others = [...state.proposals.values()].filter((other) => other !== proposal);
  const coinsOf = ({ view }: ProposalRecord) => view.spend.inputs.map(({ outpoint }) => outpoint);
  const shares = (other: ProposalRecord) =>
    coinsOf(other).some((coin) => coinsOf(proposal).includes(coin));
  const isSigned = ({ digest }: ProposalRecord) =>
    ledger.signed.has(digest) || ledger.intents.has(digest);
  if (others.some((other) => isSigned(other) && shares(other))) return 'coin.signed';
  const pays = ({ view }: ProposalRecord) =>
    JSON.stringify(view.spend.outputs.map(({ script, sats: amount }) => [script, amount]).sort());
  const last = others.findLast((other) => {
    const at = ledger.signed.get(other.digest)?.at;
    if (at === undefined || now - at >= REPEAT_SECONDS) return false;
    const { reference } = proposal.statement;
    if (reference !== null && reference === other.statement.reference) return true;
    return proposal.view.spend.outputs.length > 0 && pays(proposal) === pays(other);
  });
  if (last !== undefined && proposal.statement.repeats !== last.digest)
    return `spend.repeated ${last.digest}`;
  const isReserved = ({ digest }: ProposalRecord) => ledger.reservations.has(digest);
  return others.some((other) => isReserved(other) && shares(other)) ? 'coin.reserved' : null;
}

describe('the index of a ledger', () => {
  test('says after any receipts, over years, what scans of the ledger say', () => {
    const seen = new Map<string, number>();
    const drafts = fc.array(draft, { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(drafts, fc.array(step, { maxLength: 16 }), fc.nat(day), (some, steps, later) => {
        const proposals = proposalsOf(some);
        const state: State = {
          ...world.state,
          proposals: new Map(proposals.map((one) => [one.digest, one])),
        };
        const ledger = createLedger();
        ledger.at = 1_700_000_000;
        for (const one of [...steps, { does: 'ask' as const, which: 0, after: 0 }]) {
          const proposal = proposals[one.which];
          if (proposal === undefined) throw new Error('six proposals');
          if (one.does !== 'ask') {
            record(ledger, one, proposal.digest);
            continue;
          }
          const now = ledger.at + later;
          expectUsage(state, ledger, proposal, now);
          const conflict = spendConflict(state, ledger, proposal, now);
          const { code, facts } = conflict ?? { code: null, facts: {} };
          const by = code === 'spend.repeated' ? ` ${String(facts['proposal'])}` : '';
          const found = code === null ? null : `${code}${by}`;
          expect(found).toBe(conflictSlowly(state, ledger, proposal, now));
          seen.set(code ?? 'none', (seen.get(code ?? 'none') ?? 0) + 1);
        }
      }),
      { numRuns: 2_000 },
    );
    for (const code of ['none', 'coin.signed', 'spend.repeated', 'coin.reserved'])
      expect(seen.get(code) ?? 0).toBeGreaterThan(50);
  });

  test('counts in full after a state that lacked a proposal', () => {
    const pays = [['aa', 5]] as const;
    const drafts = ['c1', 'c2'].map((coin): Draft => ({
      coins: [coin],
      pays,
      reference: null,
      repeats: null,
    }));
    const [first, second] = proposalsOf(drafts);
    if (first === undefined || second === undefined) throw new Error('two proposals');
    const state = (...known: readonly ProposalRecord[]): State => ({
      ...world.state,
      proposals: new Map(known.map((one) => [one.digest, one])),
    });
    const ledger = createLedger();
    record(ledger, { does: 'sign', which: 0, after: 1 }, first.digest);
    expect(() => usageOf(state(second), ledger, second, look)).toThrow(/known proposal/);
    const span = { measure: 'amount', of: 'wallet', windowSeconds: day } as const;
    const usage = usageOf(state(first, second), ledger, second, look);
    expect(usage.windowState(span, null, ledger.at).spent).toBe(5);
  });
});
