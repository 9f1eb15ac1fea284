import { describe, expect, test } from '@jest/globals';
import { concat, fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { blobAddress } from '../../../../src/core/base/digest.ts';
import { PARENT_BYTES } from '../../../../src/core/base/limits.ts';
import type { Result } from '../../../../src/core/base/result.ts';
import { buildTransaction } from '../../../../src/core/psbt/build.ts';
import { describeSpend, readSpend } from '../../../../src/core/psbt/spend.ts';
import type { CoinClaim } from '../../../../src/core/psbt/spend.ts';
import {
  parseParent,
  parseUnsigned,
  sameTransaction,
} from '../../../../src/core/psbt/transaction.ts';
import type { Draft } from '../../../support/psbt.ts';
import {
  codeOf,
  draftOf,
  editTransaction,
  fund,
  multi,
  passed,
  stranger,
  walletOf,
  wpkh,
} from '../../../support/psbt.ts';

const wallet = walletOf(wpkh('hot'));
const draft = draftOf(wallet);
const bounds = { highestChange: 20 };

type Edit = Parameters<typeof editTransaction>[1];
const read = (
  transaction: Uint8Array,
  claims: readonly CoinClaim[] = draft.claims,
): Result<unknown> => readSpend(wallet, transaction, claims, bounds);
const edited = (edit: Edit): string => codeOf(read(editTransaction(draft.transaction, edit)));
const paying = (script: string, value: bigint): string =>
  edited((transaction) => {
    Object.assign(transaction.outs[0] ?? {}, { script: fromHex(script), value });
  });

describe('a spend', () => {
  test('is read with amounts from the previous transactions and change from the descriptor', () => {
    const { view, transaction } = draft;
    const txid = parseParent(draft.parent)?.txid ?? '';
    expect(view.spend).toEqual({
      transaction: blobAddress(transaction),
      inputs: [
        { outpoint: `${txid}:0`, sats: 70_000 },
        { outpoint: `${txid}:1`, sats: 50_000 },
      ],
      outputs: [
        { script: toHex(stranger), sats: 80_000 },
        { script: toHex(wallet.script(1, 5)), sats: 39_000, change: 5 },
      ],
      feeSats: 1_000,
      lockTime: 0,
    });
    expect([view.amountSats, view.feeSats, view.version]).toEqual([80_000n, 1_000n, 2]);
    expect(view.sequences).toEqual([0xfffffffd, 0xfffffffd]);
  });

  test('is described with addresses, fee rate and worst-case size', () => {
    const described = describeSpend(draft.view, wallet);
    expect(described.change).toEqual([{ address: wallet.address(1, 5), sats: 39_000, index: 5 }]);
    expect(described.payments[0]?.sats).toBe(80_000);
    expect(described.vbytes).toBe(209);
    expect(described.feeRate).toBe(4.78);
  });

  test('counts an output beyond the range of change, or on branch 0, as a payment', () => {
    const to = (index: number, branch: 0 | 1): Draft =>
      draftOf(wallet, undefined, [{ script: wallet.script(branch, index), sats: 100_000n }]);
    expect(to(20, 1).view.spend.outputs[0]?.change).toBe(20);
    expect(to(21, 1).view.spend.outputs[0]?.change).toBeUndefined();
    expect(to(5, 0).view.amountSats).toBe(100_000n);
  });

  test('is read the same when a previous transaction comes with its witness', () => {
    const witnessed = editTransaction(draft.parent, (parent) => {
      parent.setWitness(0, [new Uint8Array(71)]);
    });
    const claims = draft.claims.map((claim) => ({ ...claim, parent: witnessed }));
    const found = passed(readSpend(wallet, draft.transaction, claims, bounds));
    expect(found.spend).toEqual(draft.view.spend);
    expect(found.coins[0]?.parent).toEqual(draft.parent);
  });
});

describe('a transaction is refused', () => {
  test('for its form', () => {
    expect(edited((t) => void (t.version = 1))).toBe('psbt.transaction.version');
    expect(edited((t) => void (t.version = 3))).toBe('psbt.transaction.version');
    expect(edited((t) => void (t.outs = []))).toBe('psbt.transaction.count');
    expect(codeOf(read(concat(draft.transaction, Uint8Array.of(0))))).toBe(
      'psbt.transaction.malformed',
    );
    expect(codeOf(read(draft.transaction.slice(0, -1)))).toBe('psbt.transaction.malformed');
    const nonMinimal = concat(
      draft.transaction.slice(0, 4),
      Uint8Array.of(0xfd, 2, 0),
      draft.transaction.slice(5),
    );
    expect(codeOf(read(nonMinimal))).toBe('psbt.transaction.malformed');
    expect(codeOf(read(new Uint8Array(100_001)))).toBe('psbt.too.large');
    expect(codeOf(read(new Uint8Array(100_000)))).toBe('psbt.transaction.malformed');
  });

  test('when it is signed already', () => {
    expect(edited((t) => t.setWitness(0, [new Uint8Array(71)]))).toBe('psbt.transaction.signed');
    expect(edited((t) => t.setInputScript(0, Uint8Array.of(0x51)))).toBe('psbt.transaction.signed');
  });

  test('beyond 250 inputs or outputs', () => {
    const outputs = (count: number): string =>
      edited((t) => {
        t.outs = Array.from({ length: count }, () => ({ script: stranger, value: 300n }));
      });
    expect(outputs(250)).toBe('passed');
    expect(outputs(251)).toBe('psbt.transaction.count');
    const inputs = (count: number): string =>
      edited((t) => {
        const [first] = t.ins;
        t.ins = Array.from(
          { length: count },
          (_, index) => ({ ...first, index }) as (typeof t.ins)[0],
        );
      });
    expect(inputs(250)).toBe('psbt.input.utxo.missing');
    expect(inputs(251)).toBe('psbt.transaction.count');
  });

  test('when it would weigh more than nodes relay', () => {
    const keys = Array.from({ length: 20 }, (_, at) => `key ${String(at)}`);
    const heavy = walletOf(multi('multi', 20, keys));
    const most = Math.floor((400_000 - 42 - 4 * (8 + 1 + 22)) / heavy.inputWeight);
    const weigh = (count: number): string => {
      const coins = Array.from({ length: count }, () => ({
        branch: 0 as const,
        index: 0,
        sats: 10_000n,
      }));
      const parent = fund(heavy, coins);
      const txid = parseParent(parent)?.txid ?? '';
      const transaction = buildTransaction({
        inputs: coins.map((_, vout) => ({ outpoint: `${txid}:${String(vout)}` })),
        outputs: [{ script: stranger, sats: draft.view.amountSats }],
        lockTime: 0,
      });
      const claims = coins.map(({ branch, index }) => ({ parent, branch, index }));
      return codeOf(readSpend(heavy, transaction, claims, bounds));
    };
    expect(weigh(most)).toBe('passed');
    expect(weigh(most + 1)).toBe('psbt.transaction.weight');
  });

  test('when it spends a coin twice', () => {
    expect(edited((t) => t.ins.push(...t.ins.slice(0, 1)))).toBe('psbt.input.duplicate');
  });

  test('for its lock times', () => {
    const sequence = (value: number): string =>
      edited((t) => {
        for (const input of t.ins) input.sequence = value;
      });
    expect(sequence(0x80000000)).toBe('passed');
    expect(sequence(0x7fffffff)).toBe('psbt.sequence.relative');
    expect(edited((t) => void (t.locktime = 499_999_999))).toBe('passed');
    expect(edited((t) => void (t.locktime = 500_000_000))).toBe('psbt.locktime.time');
    const locked = (last: number): string =>
      edited((t) => {
        t.locktime = 100;
        t.ins.forEach((input, at) => (input.sequence = at === 0 ? last : 0xffffffff));
      });
    expect(locked(0xfffffffe)).toBe('passed');
    expect(locked(0xffffffff)).toBe('psbt.locktime.inactive');
  });

  test('for coins that are not proven', () => {
    const { claims, transaction } = draft;
    const claiming = (change: Partial<CoinClaim>): string =>
      codeOf(
        read(
          transaction,
          claims.map((claim, at) => (at === 0 ? { ...claim, ...change } : claim)),
        ),
      );
    expect(codeOf(read(transaction, claims.slice(1)))).toBe('psbt.input.utxo.missing');
    expect(codeOf(read(transaction, [...claims, ...claims]))).toBe('psbt.input.utxo.missing');
    expect(claiming({ parent: fund(wallet, [{ branch: 0, index: 3, sats: 70_001n }]) })).toBe(
      'psbt.input.parent',
    );
    expect(claiming({ parent: draft.parent.slice(1) })).toBe('psbt.input.parent');
    expect(claiming({ index: 4 })).toBe('psbt.input.foreign');
    expect(claiming({ branch: 1 })).toBe('psbt.input.foreign');
    expect(claiming({ index: -1 })).toBe('psbt.input.foreign');
    expect(claiming({ index: 1_000_001 })).toBe('psbt.input.foreign');
    expect(claiming({ index: 0.5 })).toBe('psbt.input.foreign');
    expect(edited((t) => t.ins.forEach((input, at) => (input.index = at + 1)))).toBe(
      'psbt.input.foreign',
    );
    expect(edited((t) => t.ins.forEach((input, at) => (input.index = at + 2)))).toBe(
      'psbt.input.index',
    );
    expect(claiming({ parent: new Uint8Array(PARENT_BYTES) })).toBe('psbt.too.large');
  });

  test('for coins beyond all bitcoin', () => {
    const coins = [
      { branch: 0 as const, index: 0, sats: 2_100_000_000_000_000n },
      { branch: 0 as const, index: 1, sats: 1_000n },
    ];
    const parent = fund(wallet, coins);
    const txid = parseParent(parent)?.txid ?? '';
    const claims = coins.map(({ branch, index }) => ({ parent, branch, index }));
    const spending = (count: number): string => {
      const inputs = claims.map((_, at) => ({ outpoint: `${txid}:${String(at)}` }));
      const outputs = [{ script: stranger, sats: draft.view.amountSats }];
      const transaction = buildTransaction({
        inputs: inputs.slice(0, count),
        outputs,
        lockTime: 0,
      });
      return codeOf(read(transaction, claims.slice(0, count)));
    };
    expect(spending(1)).toBe('passed');
    expect(spending(2)).toBe('psbt.input.amount');
  });

  test('for an output that is dust, one satoshi below each limit', () => {
    const p2tr = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
    for (const [script, least] of [
      [`76a914${'11'.repeat(20)}88ac`, 546n],
      [`a914${'11'.repeat(20)}87`, 540n],
      [`0014${'11'.repeat(20)}`, 294n],
      [`0020${'11'.repeat(32)}`, 330n],
      [`5120${p2tr}`, 330n],
    ] as const) {
      expect(paying(script, least)).toBe('passed');
      expect(paying(script, least - 1n)).toBe('psbt.output.dust');
      expect(paying(script, 0n)).toBe('psbt.output.dust');
    }
  });

  test('for an output of another type', () => {
    for (const script of [
      '6a0401020304',
      '51024e73',
      `5220${'11'.repeat(32)}`,
      `5120${'ff'.repeat(32)}`,
      `0015${'11'.repeat(21)}`,
      `21${'02'.repeat(33)}ac`,
      '51',
      '',
    ])
      expect(paying(script, 80_000n)).toBe('psbt.output.type');
  });

  test('for amounts that do not add up', () => {
    const p2wpkh = toHex(stranger);
    expect(paying(p2wpkh, 81_000n)).toBe('passed');
    expect(paying(p2wpkh, 81_001n)).toBe('psbt.fee.negative');
    expect(paying(p2wpkh, 2_100_000_000_000_001n)).toBe('psbt.output.amount');
    expect(paying(p2wpkh, 2_100_000_000_000_000n)).toBe('psbt.output.amount');
    // One library reads amounts as signed, the other as unsigned.
    expect(paying(p2wpkh, -1n)).toBe('psbt.parsers.differ');
  });
});

test('two readings agree only when every field does', () => {
  const plain = passed(parseUnsigned(draft.transaction));
  expect(sameTransaction(plain, structuredClone(plain))).toBe(true);
  const [input] = plain.inputs;
  const [output] = plain.outputs;
  if (input === undefined || output === undefined) throw new Error('the draft has both');
  for (const other of [
    { ...plain, version: 1 },
    { ...plain, lockTime: 1 },
    { ...plain, inputs: plain.inputs.slice(1) },
    { ...plain, outputs: plain.outputs.slice(1) },
    { ...plain, inputs: [{ ...input, outpoint: 'x' }, ...plain.inputs.slice(1)] },
    { ...plain, inputs: [{ ...input, sequence: 0 }, ...plain.inputs.slice(1)] },
    { ...plain, outputs: [{ ...output, value: 1n }, ...plain.outputs.slice(1)] },
    { ...plain, outputs: [{ ...output, script: wallet.script(0, 0) }, ...plain.outputs.slice(1)] },
  ])
    expect(sameTransaction(plain, other)).toBe(false);
});
