import { describe, expect, test } from '@jest/globals';
import { Transaction } from 'bitcoinjs-lib';
import { canonicalBytes } from '../../../../src/core/base/canonical.ts';
import { concat, fromHex, toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { estimateVbytes } from '../../../../src/core/psbt/build.ts';
import { finalise } from '../../../../src/core/psbt/finalise.ts';
import { encodeSignature } from '../../../../src/core/psbt/der.ts';
import { signatureHashes } from '../../../../src/core/psbt/sighash.ts';
import type { PartialSignature } from '../../../../src/core/psbt/signatures.ts';
import {
  parsePartialSignatures,
  signInputs,
  verifyPartialSignatures,
} from '../../../../src/core/psbt/signatures.ts';
import {
  accountOf,
  codeOf,
  draftOf,
  multi,
  passed,
  signAll,
  signerOf,
  walletOf,
  withChecksum,
  wpkh,
} from '../../../support/psbt.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const pair = walletOf(multi('sortedmulti', 2, ['hot', 'alice', 'bob']));
const draft = draftOf(pair);
const single = draftOf(walletOf(wpkh('hot')));
const { transaction } = draft;
const { coins } = draft.view;
const hot = signAll(draft, 'hot', 0);
const alice = signAll(draft, 'alice', 1);
const bob = signAll(draft, 'bob', 2);

const verify = (signatures: readonly PartialSignature[]): string =>
  codeOf(verifyPartialSignatures(pair, { transaction, coins }, signatures));
const withFirst = (change: Partial<PartialSignature>): string =>
  verify(alice.map((signature, at) => (at === 0 ? { ...signature, ...change } : signature)));

describe('the signature hash', () => {
  test('is what bitcoinjs-lib computes for each input of both kinds (BIP 143)', () => {
    for (const { wallet, transaction: bytes, view } of [draft, single])
      for (const [at, coin] of view.coins.entries()) {
        const { branch, index, sats, script } = coin;
        const keyHash = script.slice(2);
        const code =
          wallet.scripts(branch, index).witnessScript ??
          concat(fromHex('76a914'), keyHash, fromHex('88ac'));
        const other = Transaction.fromBuffer(bytes).hashForWitnessV0(at, code, sats, 1);
        expect(
          toHex(signatureHashes(wallet, { transaction: bytes, coins: view.coins })(at, 1)),
        ).toBe(toHex(other));
      }
  });
});

describe('partial signatures', () => {
  test('of one key on every input name the key', () => {
    for (const [keyIndex, signatures] of [hot, alice, bob].entries())
      expect(passed(verifyPartialSignatures(pair, { transaction, coins }, signatures))).toEqual({
        keyIndex,
      });
  });

  test('survive their blob', () => {
    expect(passed(parsePartialSignatures(canonicalBytes(alice)))).toEqual(alice);
  });

  test.each([
    ['json.malformed', utf8('nothing')],
    ['json.noncanonical', utf8(' []')],
    ['schema.mismatch', utf8('[]')],
    ['schema.mismatch', utf8('{}')],
    ['schema.mismatch', canonicalBytes([{ ...alice[0], extra: 1 }])],
    ['schema.mismatch', canonicalBytes([{ ...alice[0], key: `04${'11'.repeat(32)}` }])],
    ['schema.mismatch', canonicalBytes([{ ...alice[0], signature: '30' }])],
    ['schema.mismatch', canonicalBytes(Array.from({ length: 251 }, () => alice[0]))],
  ])('are refused with %s', (code, bytes) => {
    expect(codeOf(parsePartialSignatures(bytes))).toBe(code);
  });

  test('must cover every input', () => {
    expect(verify(alice.slice(1))).toBe('psbt.signature.incomplete');
    expect(verify([...alice, ...alice])).toBe('psbt.signature.incomplete');
    expect(verify([])).toBe('psbt.signature.incomplete');
  });

  test('must all be by one key of the descriptor', () => {
    expect(verify([...alice.slice(0, 1), ...bob.slice(1)])).toBe('psbt.signature.mixed');
    expect(withFirst({ key: toHex(pair.keyAt(1, 0, 4)) })).toBe('psbt.signature.foreign');
  });

  test('must be of this transaction', () => {
    const other = draftOf(pair, undefined, [{ script: pair.script(1, 5), sats: 100_000n }]);
    expect(verify(signAll(other, 'alice', 1))).toBe('psbt.signature.invalid');
    expect(verify([...alice].reverse())).toBe('psbt.signature.foreign');
  });

  test('must be SIGHASH_ALL', () => {
    const { signature = '' } = alice[0] ?? {};
    for (const byte of ['00', '02', '03', '81', '82', '83', 'ff'])
      expect(withFirst({ signature: signature.slice(0, -2) + byte })).toBe(
        'psbt.signature.sighash',
      );
  });

  test('must be strict DER with low S', () => {
    const key = accountOf('alice').node.derive(0).derive(3);
    const compact = key.sign(signatureHashes(pair, { transaction, coins })(0, 1));
    const s = BigInt(`0x${toHex(compact.slice(32))}`);
    const r = toHex(compact.slice(0, 32));
    const der = (part: bigint | string): string => {
      const hex = typeof part === 'string' ? part : part.toString(16).padStart(64, '0');
      const trimmed = hex.replace(/^(00)+/, '');
      const body = Number.parseInt(trimmed.slice(0, 2), 16) > 127 ? `00${trimmed}` : trimmed;
      return `02${(body.length / 2).toString(16).padStart(2, '0')}${body}`;
    };
    const whole = (parts: string): string =>
      `30${(parts.length / 2).toString(16).padStart(2, '0')}${parts}01`;
    expect(withFirst({ signature: whole(der(r) + der(s)) })).toBe('passed');
    expect(withFirst({ signature: whole(der(r) + der(ORDER - s)) })).toBe(
      'psbt.signature.encoding',
    );
    const padded = der(r).replace(/^02(..)/, (_, n: string) => {
      return `02${(Number.parseInt(n, 16) + 1).toString(16)}00`;
    });
    expect(withFirst({ signature: whole(padded + der(s)) })).toBe('psbt.signature.encoding');
    expect(withFirst({ signature: `${toHex(compact)}01` })).toBe('psbt.signature.encoding');
  });

  test('with a high S from the key holder are made low', () => {
    const high = (compact: Uint8Array): Uint8Array => {
      const s = ORDER - BigInt(`0x${toHex(compact.slice(32))}`);
      return concat(compact.slice(0, 32), fromHex(s.toString(16).padStart(64, '0')));
    };
    const { sign, keyIndex } = signerOf('alice', 1);
    const signed = signInputs(
      pair,
      { transaction, coins },
      {
        keyIndex,
        sign: (...args) => high(sign(...args)),
      },
    );
    expect(signed).toEqual(alice);
    expect(() => encodeSignature(new Uint8Array(63))).toThrow('bug');
  });

  test('that the key holder made wrongly are a bug, not handed out', () => {
    const wrong = { keyIndex: 1, sign: signerOf('bob', 2).sign };
    expect(() => signInputs(pair, { transaction, coins }, wrong)).toThrow('bug');
  });
});

describe('the final transaction', () => {
  const final = (...signers: (readonly PartialSignature[])[]): string =>
    codeOf(finalise(pair, { transaction, coins }, signers));

  test('has exactly as many signatures as needed, in script order, whatever came', () => {
    const txid = Transaction.fromBuffer(transaction).getId();
    const two = passed(finalise(pair, { transaction, coins }, [bob, alice]));
    const three = passed(finalise(pair, { transaction, coins }, [bob, alice, hot, hot]));
    expect([two.txid, three.txid]).toEqual([txid, txid]);
    expect(three.raw).toEqual(passed(finalise(pair, { transaction, coins }, [hot, alice])).raw);
    for (const [at, { witness }] of Transaction.fromBuffer(three.raw).ins.entries()) {
      const { branch, index } = coins[at] ?? { branch: 0, index: 0 };
      expect(witness).toHaveLength(4);
      expect(witness[0]).toHaveLength(0);
      expect(witness[3]).toEqual(pair.scripts(branch, index).witnessScript);
      const order = [0, 1].map((key) => toHex(pair.keyAt(key, branch, index))).sort();
      const keyOf = (signature: Uint8Array | undefined): string =>
        [hot, alice]
          .flat()
          .find((known) => known.signature === toHex(signature ?? new Uint8Array()))?.key ?? '';
      expect(order.indexOf(keyOf(witness[1]))).toBeLessThan(order.indexOf(keyOf(witness[2])));
    }
  });

  test('is refused with too few signers; one counts once', () => {
    expect(final(alice, bob)).toBe('passed');
    expect(final(alice)).toBe('psbt.signatures.missing');
    expect(final(alice, alice)).toBe('psbt.signatures.missing');
    expect(final()).toBe('psbt.signatures.missing');
  });

  test('is not blocked by a bad set beside enough good ones', () => {
    const bad = alice.map((signature) => ({ ...signature, signature: bob[0]?.signature ?? '' }));
    expect(final(bad, alice, bob)).toBe('passed');
    expect(final(bad, bob)).toBe('psbt.signature.invalid');
  });

  test('of wpkh is at most as large as estimated', () => {
    const { wallet, transaction: bytes, view } = single;
    const found = passed(
      finalise(wallet, { transaction: bytes, coins: view.coins }, [signAll(single, 'hot', 0)]),
    );
    const size = Transaction.fromBuffer(found.raw).virtualSize();
    expect(size).toBeLessThanOrEqual(view.vbytes);
    expect(size).toBeGreaterThan(view.vbytes - 3);
    const outputs = view.spend.outputs.map(({ script }) => ({ script: fromHex(script) }));
    expect(estimateVbytes(wallet, 2, outputs)).toBe(view.vbytes);
  });
});

test('without an origin, derivations name the fingerprint of the xpub itself', () => {
  const { xpub, node } = accountOf('hot');
  const bare = draftOf(walletOf(withChecksum(`wpkh(${xpub}/<0;1>/*)`)));
  const place = `${toHex(node.fingerprint)}0000000003000000`;
  expect(toHex(bare.psbt)).toContain(place);
});
