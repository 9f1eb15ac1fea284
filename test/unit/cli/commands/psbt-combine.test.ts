import { afterAll, describe, expect, test } from '@jest/globals';
import { Transaction } from 'bitcoinjs-lib';
import { fromBase64, fromHex, toBase64, utf8 } from '../../../../src/core/base/bytes.ts';
import type { InspectIo } from '../../../../src/cli/commands/psbt-inspect.ts';
import { run as combine } from '../../../../src/cli/commands/psbt-combine.ts';
import { run as finalise } from '../../../../src/cli/commands/psbt-finalise.ts';
import { toPsbt, toPsbt2 } from '../../../../src/core/psbt/build.ts';
import { inputType } from '../../../../src/core/psbt/fields.ts';
import { inspectPsbt } from '../../../../src/core/psbt/inspect.ts';
import { ScriptChecker } from '../../../../src/server/chain/script-checker.ts';
import {
  accountOf,
  draftOf,
  editPsbt,
  fieldOf,
  multi,
  passed,
  signAll,
  signWithOneNonce,
  stranger,
  walletOf,
  withChecksum,
} from '../../../support/psbt.ts';

const descriptor = multi('sortedmulti', 2, ['hot', 'alice', 'bob']);
const draft = draftOf(walletOf(descriptor));
const { wallet, transaction, view } = draft;

/** The PSBT as the device of a name hands it back. */
function signedBy(name: string, keyIndex: number, of = draft, make = toPsbt): Uint8Array {
  const signatures = signAll(of, name, keyIndex).map((one) => [one]);
  const { coins } = of.view;
  return make({ wallet: of.wallet, transaction: of.transaction, coins, signatures });
}

const other = draftOf(wallet, undefined, [{ script: stranger, sats: 118_000n }]);
const broken = signWithOneNonce(draft, 'bob').map((one) => [one]);
const halves = [0, 1].map((kept) =>
  broken.map((signatures, input) => (input === kept ? signatures : [])),
);
const files: Record<string, Uint8Array> = {
  unsigned: draft.psbt,
  hot: signedBy('hot', 0),
  alice: utf8(toBase64(signedBy('alice', 1, draft, toPsbt2))),
  bob: signedBy('bob', 2),
  other: signedBy('bob', 2, other),
  wrong: editPsbt(draft.psbt, (maps) => {
    const [signature] = signAll(other, 'bob', 2);
    const { key = '', signature: value = '' } = signature ?? {};
    maps[1]?.push(fieldOf(inputType.partialSignature, fromHex(value), fromHex(key)));
  }),
  foreign: editPsbt(signedBy('hot', 0), (maps) => maps[1]?.push(fieldOf(0x70, new Uint8Array(9)))),
  one: toPsbt({ wallet, transaction, coins: view.coins, signatures: halves[0] ?? [] }),
  two: toPsbt({ wallet, transaction, coins: view.coins, signatures: halves[1] ?? [] }),
};

async function call(
  command: (args: readonly string[], io: InspectIo) => Promise<number>,
  names: readonly string[],
  by = descriptor,
) {
  let out = '';
  let err = '';
  const status = await command([...names, '--descriptor', by, '--network', 'regtest'], {
    stdin: () => Promise.resolve(files['hot'] ?? new Uint8Array()),
    out: (text) => (out += text),
    err: (text) => (err += text),
    readFile: (path) => Promise.resolve(files[path] ?? new Uint8Array()),
  });
  return { status, out, err: err.trim() };
}

const scripts = new ScriptChecker();
afterAll(() => scripts.close());

describe('psbt combine', () => {
  test('puts signatures of several devices together, in files and base64, of both versions', async () => {
    const { status, out } = await call(combine, ['hot', 'alice']);
    expect(status).toBe(0);
    const found = passed(
      inspectPsbt(fromBase64(out.trim()) ?? new Uint8Array(), wallet, {
        ...{ highestReceive: 20, highestChange: 20 },
      }),
    );
    expect(found.partialSignatures.map((by) => by.map(({ keyIndex }) => keyIndex))).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(found.view).toEqual(draft.view);
  });

  test('takes nothing but right signatures, and says the same whatever came along', async () => {
    const plain = await call(combine, ['hot']);
    expect(await call(combine, ['foreign', '-', 'unsigned'])).toEqual(plain);
    expect(await call(combine, ['hot', 'wrong'])).toMatchObject({
      status: 2,
      err: 'psbt.signature.invalid',
    });
    expect(await call(combine, ['hot', 'other'])).toMatchObject({
      status: 2,
      err: 'psbt.transaction.changed',
    });
    expect(await call(combine, ['one', 'two'])).toMatchObject({
      status: 2,
      err: 'psbt.signature.nonce',
    });
    expect((await call(combine, [])).status).toBe(64);
  });
});

describe('psbt finalise', () => {
  test('makes the transaction that nodes take, of exactly as many signatures as it needs', async () => {
    const { status, out } = await call(finalise, ['bob', 'hot', 'alice']);
    expect(status).toBe(0);
    const raw = fromHex(out.trim());
    expect(await scripts.check(raw, view.coins)).toBeNull();
    for (const { witness } of Transaction.fromBuffer(raw).ins) expect(witness).toHaveLength(4);
  });

  test('of taproot by key and by leaf, too', async () => {
    const keys = ['hot', 'alice'].map((name) => accountOf(name).expression);
    for (const body of [`tr(${keys[0] ?? ''})`, `tr(${keys[0] ?? ''},pk(${keys[1] ?? ''}))`]) {
      const by = withChecksum(body);
      const made = draftOf(walletOf(by));
      files['taproot'] = signedBy('hot', 0, made);
      const { out } = await call(finalise, ['taproot'], by);
      expect(await scripts.check(fromHex(out.trim()), made.view.coins)).toBeNull();
    }
  });

  test('says how many signatures are missing', async () => {
    expect(await call(finalise, ['hot'])).toMatchObject({
      status: 2,
      err: 'psbt.signatures.missing',
    });
  });
});
