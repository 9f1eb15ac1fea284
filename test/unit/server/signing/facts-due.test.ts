import { describe, expect, test } from '@jest/globals';
import type { FactRecord } from '../../../../src/core/log/state.ts';
import type { Place } from '../../../../src/server/signing/facts-due.ts';
import { factsDue } from '../../../../src/server/signing/facts-due.ts';

const blockA = 'a'.repeat(64);
const blockB = 'b'.repeat(64);

const sent: FactRecord = {
  broadcastAt: 1,
  broadcasts: ['d'.repeat(64)],
  confirmed: null,
  settledAt: null,
};
const confirmed: FactRecord = {
  ...sent,
  confirmed: { height: 100, block: blockA, txid: 'd'.repeat(64) },
};
const settled: FactRecord = { ...confirmed, settledAt: 2 };
const txid = 'd'.repeat(64);
const inA: Place = { txid, at: { height: 100, block: blockA }, former: blockA };
const nowhere: Place = { txid, at: null, former: null };

const kinds = (known: FactRecord, place: Place, tip: number) =>
  factsDue(known, place, tip).map(({ fact }) => fact);

describe('the facts that are due', () => {
  test('nothing is due of what was not broadcast or waits in the mempool', () => {
    expect(kinds({ ...sent, broadcastAt: null }, inA, 100)).toEqual([]);
    expect(kinds(sent, nowhere, 100)).toEqual([]);
  });

  test('a confirmation is due once, with its height and block', () => {
    expect(factsDue(sent, { ...inA, former: null }, 100)).toEqual([
      { fact: 'confirmed', txid, height: 100, block: blockA },
    ]);
    expect(kinds(confirmed, inA, 104)).toEqual([]);
  });

  test('it settles with the sixth confirmation, once', () => {
    expect(kinds(confirmed, inA, 104)).toEqual([]);
    expect(kinds(confirmed, inA, 105)).toEqual(['settled']);
    expect(kinds(settled, inA, 106)).toEqual([]);
  });

  test('after a long absence everything is due at once, in order', () => {
    expect(kinds(sent, { ...inA, former: null }, 120)).toEqual(['confirmed', 'settled']);
  });

  test('a confirmation is taken back when another block stands in its place', () => {
    expect(kinds(confirmed, { txid, at: null, former: blockB }, 101)).toEqual(['unconfirmed']);
    expect(kinds(settled, { txid, at: null, former: blockB }, 106)).toEqual(['unconfirmed']);
  });

  test('a transaction that moved to another block is unconfirmed and confirmed again', () => {
    const moved: Place = { txid, at: { height: 101, block: 'c'.repeat(64) }, former: blockB };
    expect(kinds(confirmed, moved, 101)).toEqual(['unconfirmed', 'confirmed']);
    expect(kinds(settled, moved, 106)).toEqual(['unconfirmed', 'confirmed', 'settled']);
  });

  test('a block that was not read yet takes nothing back', () => {
    expect(kinds(confirmed, nowhere, 99)).toEqual([]);
    expect(kinds(settled, nowhere, 0)).toEqual([]);
  });
});
