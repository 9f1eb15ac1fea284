import { describe, expect, test } from '@jest/globals';
import { concat, fromHex, toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { PSBT_BYTES, PSBT_MAP_FIELDS } from '../../../../src/core/base/limits.ts';
import { toPsbt } from '../../../../src/core/psbt/build.ts';
import type { Field } from '../../../../src/core/psbt/fields.ts';
import { inputType, littleEndian, outputType } from '../../../../src/core/psbt/fields.ts';
import { completeSignatures } from '../../../../src/core/psbt/found-signatures.ts';
import { inspectPsbt } from '../../../../src/core/psbt/inspect.ts';
import type { Wallet } from '../../../../src/core/wallet/wallet.ts';
import {
  codeOf,
  draftOf,
  editPsbt,
  editTransaction,
  fieldOf,
  fund,
  multi,
  passed,
  setField,
  signAll,
  stranger,
  walletOf,
  wpkh,
} from '../../../support/psbt.ts';

const wallet = walletOf(multi('sortedmulti', 2, ['hot', 'alice', 'bob']));
const draft = draftOf(wallet);
const bounds = { highestReceive: 20, highestChange: 20 };
const inspect = (psbt: Uint8Array, by: Wallet = wallet): string =>
  codeOf(inspectPsbt(psbt, by, bounds));
const edited = (edit: (maps: Field[][]) => void): string => inspect(editPsbt(draft.psbt, edit));
const adding = (map: number, type: number, value: Uint8Array, keyData?: Uint8Array): string =>
  edited((maps) => maps[map]?.push(fieldOf(type, value, keyData)));

describe('an uploaded PSBT', () => {
  test('is reduced to its transaction and coins', () => {
    const found = passed(inspectPsbt(draft.psbt, wallet, bounds));
    expect(found.transaction).toEqual(draft.transaction);
    expect(found.view).toEqual(draft.view);
    expect(found.warnings).toEqual([]);
    expect(found.partialSignatures).toEqual([[], []]);
  });

  test('needs no hints: scripts are searched within the bounds', () => {
    const bare = editPsbt(draft.psbt, (maps) => {
      for (const [at, map] of maps.entries())
        maps[at] = map.filter(({ type }) => at === 0 || type === inputType.nonWitnessUtxo);
    });
    expect(passed(inspectPsbt(bare, wallet, bounds)).view).toEqual(draft.view);
    const narrow = (highestReceive: number, highestChange: number): string =>
      codeOf(inspectPsbt(bare, wallet, { highestReceive, highestChange }));
    expect(narrow(3, 2)).toBe('passed');
    expect(narrow(2, 2)).toBe('psbt.input.foreign');
    expect(narrow(3, 1)).toBe('psbt.input.foreign');
  });

  test('looks for change beyond the inputs when asked to', () => {
    const near = { highestReceive: 0, highestChange: 0, beyondInputs: 2 };
    expect(passed(inspectPsbt(draft.psbt, wallet, near)).view).toEqual(draft.view);
    expect(codeOf(inspectPsbt(draft.psbt, wallet, { ...near, beyondInputs: 1 }))).toBe(
      'psbt.change.range',
    );
  });

  test('yields the verified signatures of each key', () => {
    const signed = editPsbt(draft.psbt, (maps) => {
      for (const [name, keyIndex] of [
        ['alice', 1],
        ['hot', 0],
      ] as const)
        for (const [input, { key, signature }] of signAll(draft, name, keyIndex).entries())
          if (input === 0 || name === 'hot')
            maps[1 + input]?.push(
              fieldOf(inputType.partialSignature, fromHex(signature), fromHex(key)),
            );
    });
    const found = passed(inspectPsbt(signed, wallet, bounds));
    expect(found.partialSignatures.map((by) => by.map(({ keyIndex }) => keyIndex))).toEqual([
      [0, 1],
      [0],
    ]);
    expect(completeSignatures(found)).toEqual([
      { keyIndex: 0, signatures: signAll(draft, 'hot', 0) },
    ]);
  });

  test('loses unknown and proprietary fields, with a warning', () => {
    const extended = editPsbt(draft.psbt, (maps) => {
      maps[0]?.push(fieldOf(0xfc, utf8('x'), Uint8Array.of(3, 97, 98, 99, 0)));
      maps[1]?.push(fieldOf(0x70, utf8('x')));
      maps[4]?.push(fieldOf(0x70, utf8('x')));
    });
    const found = passed(inspectPsbt(extended, wallet, bounds));
    expect(found.warnings).toEqual([{ code: 'fields.dropped', facts: { fields: 3 } }]);
    expect(found.view).toEqual(draft.view);
  });

  test('warns of change to a receive address and of several changes', () => {
    const odd = draftOf(wallet, undefined, [
      { script: wallet.script(1, 1), sats: 50_000n },
      { script: wallet.script(1, 2), sats: 50_000n },
      { script: wallet.script(0, 9), sats: 10_000n },
    ]);
    const claimed = editPsbt(odd.psbt, (maps) => {
      const hint = maps[1]?.find(({ type }) => type === inputType.derivation);
      const path = concat((hint?.value ?? new Uint8Array()).slice(0, -4), littleEndian(9, 4));
      maps[5]?.push(fieldOf(outputType.derivation, path, wallet.keyAt(0, 0, 9)));
    });
    const { warnings } = passed(inspectPsbt(claimed, wallet, bounds));
    expect(warnings.map(({ code }) => code)).toEqual(['fee.high', 'change.receive', 'change.many']);
  });
});

describe('a PSBT is refused', () => {
  test('for its size', () => {
    const padded = (bytes: number): string => {
      const room = bytes - draft.psbt.length - 1 - 1 - 1 - 5;
      return adding(1, 0x70, new Uint8Array(room + 1));
    };
    expect(padded(PSBT_BYTES)).toBe('passed');
    expect(padded(PSBT_BYTES + 1)).toBe('psbt.too.large');
  });

  test('when it is malformed', () => {
    expect(inspect(new Uint8Array())).toBe('psbt.malformed');
    expect(inspect(draft.transaction)).toBe('psbt.malformed');
    expect(inspect(draft.psbt.slice(0, -1))).toBe('psbt.malformed');
    expect(inspect(concat(draft.psbt, Uint8Array.of(0)))).toBe('psbt.encoding');
    expect(inspect(concat(draft.psbt, Uint8Array.of(1)))).toBe('psbt.malformed');
    expect(edited((maps) => maps[0]?.shift())).toBe('psbt.malformed');
    expect(edited((maps) => maps.pop())).toBe('psbt.malformed');
    expect(edited((maps) => maps[1]?.push(...maps[1].slice(0, 1)))).toBe('psbt.field.duplicate');
    expect(adding(1, inputType.sighash, littleEndian(1, 4), Uint8Array.of(0))).toBe(
      'psbt.malformed',
    );
    expect(adding(1, inputType.derivation, new Uint8Array(5), wallet.keyAt(0, 0, 0))).toBe(
      'psbt.malformed',
    );
    expect(adding(3, outputType.derivation, new Uint8Array(5), wallet.keyAt(0, 0, 0))).toBe(
      'psbt.malformed',
    );
  });

  test('with a size that is not minimal', () => {
    const at = 5;
    const longer = concat(
      draft.psbt.slice(0, at),
      Uint8Array.of(0xfd, 1, 0),
      draft.psbt.slice(at + 1),
    );
    expect(draft.psbt[at]).toBe(1);
    expect(inspect(longer)).toBe('psbt.encoding');
  });

  test('with too many fields in a map', () => {
    const withFields = (count: number): string =>
      edited((maps) => {
        const map = maps[3] ?? [];
        while (map.length < count)
          map.push(fieldOf(0x70, new Uint8Array(), littleEndian(map.length, 2)));
      });
    expect(withFields(PSBT_MAP_FIELDS)).toBe('passed');
    expect(withFields(PSBT_MAP_FIELDS + 1)).toBe('psbt.field.count');
  });

  test('for its version', () => {
    expect(adding(0, 0xfb, littleEndian(0, 4))).toBe('passed');
    expect(adding(0, 0xfb, littleEndian(1, 4))).toBe('psbt.version.unsupported');
    expect(adding(0, 0xfb, littleEndian(3, 4))).toBe('psbt.version.unsupported');
    expect(adding(0, 0xfb, littleEndian(0x102, 4))).toBe('psbt.version.unsupported');
    expect(adding(0, 0xfb, littleEndian(2, 4))).toBe('psbt.malformed');
  });

  test('with fields that change its meaning', () => {
    expect(adding(0, 0x09, Uint8Array.of(0))).toBe('psbt.field.unsupported');
    for (const type of [0x09, 0x0a, 0x19, 0x1a, 0x1b, 0x1c, 0x20])
      expect(adding(1, type, new Uint8Array(32))).toBe('psbt.field.unsupported');
  });

  test('of version 0 with fields of version 2', () => {
    for (const type of [0x02, 0x03, 0x04, 0x05, 0x06])
      expect(adding(0, type, new Uint8Array(type === 6 ? 1 : 4))).toBe('psbt.malformed');
    for (const type of [0x0e, 0x0f, 0x10, 0x11, 0x12])
      expect(adding(1, type, new Uint8Array(type === 0x0e ? 32 : 4))).toBe('psbt.malformed');
    expect(adding(3, 0x03, new Uint8Array(8))).toBe('psbt.malformed');
    expect(adding(3, 0x04, stranger)).toBe('psbt.malformed');
  });

  test('with final fields', () => {
    expect(adding(1, inputType.finalScriptSig, Uint8Array.of(0x51))).toBe('psbt.final');
    expect(adding(2, inputType.finalScriptWitness, Uint8Array.of(1, 0))).toBe('psbt.final');
  });

  test('that asks for another sighash than ALL', () => {
    expect(adding(1, inputType.sighash, littleEndian(1, 4))).toBe('passed');
    for (const type of [0, 2, 3, 0x81, 0x82, 0x83])
      expect(adding(1, inputType.sighash, littleEndian(type, 4))).toBe('psbt.sighash');
  });

  test('without the previous transaction, or with another', () => {
    expect(edited((maps) => maps[1]?.shift())).toBe('psbt.input.utxo.missing');
    const other = fund(wallet, [{ branch: 0, index: 3, sats: 90_000n }]);
    expect(edited((maps) => setField(maps, 1, inputType.nonWitnessUtxo, other))).toBe(
      'psbt.input.parent',
    );
    expect(edited((maps) => setField(maps, 1, inputType.nonWitnessUtxo, stranger))).toBe(
      'psbt.input.parent',
    );
  });

  test('that spends an output its previous transaction does not have', () => {
    const beyond = editTransaction(draft.transaction, (t) => {
      for (const [at, input] of t.ins.entries()) input.index = 2 + at;
    });
    expect(edited((maps) => setField(maps, 0, 0, beyond))).toBe('psbt.input.index');
  });

  test('that lies about an amount or a script (CVE-2020-14199)', () => {
    const lie = (map: number, sats: number): string =>
      edited((maps) => {
        const utxo = maps[map]?.find(({ type }) => type === inputType.witnessUtxo)?.value;
        const script = (utxo ?? new Uint8Array()).slice(8);
        setField(maps, map, inputType.witnessUtxo, concat(littleEndian(sats, 8), script));
      });
    expect(lie(1, 70_000)).toBe('passed');
    expect(lie(1, 69_999)).toBe('psbt.input.amount');
    expect(lie(2, 40_100)).toBe('psbt.input.amount');
  });

  test('that spends what is not ours', () => {
    expect(inspect(draft.psbt, walletOf(wpkh('hot')))).toBe('psbt.input.foreign');
    expect(inspect(draft.psbt, walletOf(multi('sortedmulti', 1, ['hot', 'alice', 'bob'])))).toBe(
      'psbt.input.foreign',
    );
  });

  test('with another script than that of the wallet', () => {
    const script = wallet.scripts(0, 4).witnessScript ?? new Uint8Array();
    expect(edited((maps) => setField(maps, 1, inputType.witnessScript, script))).toBe(
      'psbt.input.script',
    );
    expect(adding(1, inputType.redeemScript, script)).toBe('psbt.input.script');
  });

  test('whose change uses a foreign key or a lower threshold', () => {
    for (const other of [
      multi('sortedmulti', 2, ['hot', 'alice', 'mallory']),
      multi('sortedmulti', 1, ['hot', 'alice', 'bob']),
      multi('sortedmulti', 2, ['alice', 'bob', 'hot', 'mallory']),
    ]) {
      const forged = walletOf(other);
      const lying = draftOf(wallet, undefined, [
        { script: stranger, sats: 80_000n },
        { script: forged.script(1, 5), sats: 39_000n },
      ]);
      const claims = toPsbt({
        wallet,
        transaction: lying.transaction,
        coins: lying.view.coins,
        change: [undefined, 5],
      });
      expect(inspect(lying.psbt)).toBe('passed');
      expect(inspect(claims)).toBe('psbt.change.tampered');
    }
  });

  test('whose change lies beyond the range', () => {
    const far = (index: number): string => {
      const to = draftOf(wallet, undefined, [{ script: wallet.script(1, index), sats: 100_000n }]);
      return inspect(
        toPsbt({ wallet, transaction: to.transaction, coins: to.view.coins, change: [index] }),
      );
    };
    expect(far(20)).toBe('passed');
    expect(far(21)).toBe('psbt.change.range');
  });

  test('with a signature that is not right', () => {
    const [first] = signAll(draft, 'alice', 1);
    const key = fromHex(first?.key ?? '');
    const signature = fromHex(first?.signature ?? '');
    const signed = (value: Uint8Array, by: Uint8Array = key): string =>
      adding(1, inputType.partialSignature, value, by);
    const sighash = (byte: number): Uint8Array =>
      concat(signature.slice(0, -1), Uint8Array.of(byte));
    expect(signed(signature)).toBe('passed');
    expect(signed(sighash(0x82))).toBe('psbt.signature.sighash');
    expect(signed(signature, wallet.keyAt(0, 0, 3))).toBe('psbt.signature.invalid');
    expect(signed(signature, wallet.keyAt(1, 0, 4))).toBe('psbt.signature.foreign');
    expect(toHex(key)).toBe(toHex(wallet.keyAt(1, 0, 3)));
  });
});
