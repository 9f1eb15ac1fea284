import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Transaction, script as bitcoinScript } from 'bitcoinjs-lib';
import { concat, equalBytes, fromHex, toHex } from '../../src/core/base/bytes.ts';
import { decodeSignature } from '../../src/core/psbt/der.ts';
import { readMaps, writeMaps } from '../../src/core/psbt/fields.ts';
import { inspectPsbt } from '../../src/core/psbt/inspect.ts';
import { readSpend } from '../../src/core/psbt/spend.ts';
import { draftOf, multi, passed, walletOf } from '../support/psbt.ts';

const wallet = walletOf(multi('sortedmulti', 2, ['hot', 'alice', 'bob']));
const draft = draftOf(wallet);
const bounds = { highestReceive: 10, highestChange: 10 };

function flipped(bytes: Uint8Array, flips: readonly (readonly [number, number])[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (const [at, mask] of flips) copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ mask;
  return copy;
}

const flips = fc.array(fc.tuple(fc.nat(100_000), fc.integer({ min: 1, max: 255 })), {
  minLength: 1,
  maxLength: 3,
});

/**
 * What a changed PSBT may still say when it passes: amounts of the same coins, and nothing that the unsigned
 * transaction does not itself say. Read here a second way, straight from the bytes.
 */
function expectHonest(bytes: Uint8Array): void {
  const found = inspectPsbt(bytes, wallet, bounds);
  if (!found.ok) {
    expect(found.refusal.code).toMatch(/^psbt\./);
    return;
  }
  const { view, transaction } = found.value;
  const plain = Transaction.fromBuffer(transaction);
  expect(view.spend.outputs.map(({ script, sats }) => [script, sats])).toEqual(
    plain.outs.map(({ script, value }) => [toHex(script), Number(value)]),
  );
  expect(view.coins.map(({ sats }) => sats)).toEqual([70_000n, 50_000n]);
  const paid = plain.outs.reduce((sum, { value }) => sum + value, 0n);
  expect(view.feeSats).toBe(120_000n - paid);
  for (const { script, change } of view.spend.outputs)
    if (change !== undefined) expect(script).toBe(toHex(wallet.script(1, change)));
  if (equalBytes(transaction, draft.transaction)) expect(view).toEqual(draft.view);
}

test('random byte flips of a PSBT never throw and never change its meaning silently', () => {
  fc.assert(
    fc.property(flips, (changes) => {
      expectHonest(flipped(draft.psbt, changes));
    }),
    { numRuns: 1_500 },
  );
});

test('cut, doubled and inserted pieces of a PSBT never throw nor change its meaning', () => {
  const piece = fc.tuple(fc.nat(draft.psbt.length), fc.nat(60), fc.nat(draft.psbt.length));
  fc.assert(
    fc.property(piece, ([from, length, to]) => {
      const part = draft.psbt.slice(from, from + length);
      expectHonest(concat(draft.psbt.slice(0, to), part, draft.psbt.slice(to)));
      expectHonest(concat(draft.psbt.slice(0, from), draft.psbt.slice(from + length)));
    }),
    { numRuns: 300 },
  );
});

test('random bytes behind the magic never throw', () => {
  const magic = draft.psbt.slice(0, 5);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(inspectPsbt(concat(magic, bytes), wallet, bounds).ok).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

test('random byte flips of the unsigned transaction never throw when the signer reads it', () => {
  fc.assert(
    fc.property(flips, (changes) => {
      const transaction = flipped(draft.transaction, changes);
      const found = readSpend(wallet, transaction, draft.claims, { highestChange: 10 });
      if (!found.ok) expect(found.refusal.code).toMatch(/^psbt\./);
      else expect(found.value.spend.inputs).toEqual(draft.view.spend.inputs);
    }),
    { numRuns: 1_500 },
  );
});

test('signatures are read as bitcoinjs-lib does, of the strict form alone', () => {
  const half = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
  const order = 2n * half + 1n;
  const edges = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x100n, half, half + 1n, order - 1n, order];
  const scalar = fc.oneof(
    fc.constantFrom(...edges),
    fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
    fc.bigInt({ min: 0n, max: 1n << 130n }),
  );
  const hex = (value: bigint): string => value.toString(16).padStart(64, '0');
  const changes = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 2 });
  let taken = 0;
  fc.assert(
    fc.property(scalar, scalar, changes, (r, s, edits) => {
      const bytes = Uint8Array.from(signatureOf(fromHex(hex(r) + hex(s))));
      for (const [at, value] of edits) bytes[at % bytes.length] = value;
      const compact = decodeSignature(bytes);
      expect(compact === null ? null : toHex(compact)).toBe(readByLibrary(bytes, half, order));
      if (compact !== null) taken += 1;
    }),
    { numRuns: 5_000 },
  );
  expect(taken).toBeGreaterThan(500);
});

const { encode: derOf, decode: readDer } = bitcoinScript.signature;
const signatureOf = (compact: Uint8Array): Uint8Array => derOf(compact, 1);

/** r || s where the library reads it, writes the same again, and both are in range. */
function readByLibrary(bytes: Uint8Array, half: bigint, order: bigint): string | null {
  try {
    const { signature, hashType } = readDer(bytes);
    const r = BigInt(`0x${toHex(signature.slice(0, 32))}`);
    const s = BigInt(`0x${toHex(signature.slice(32))}`);
    const isRight = hashType === 1 && equalBytes(signatureOf(signature), bytes);
    return isRight && r > 0n && r < order && s > 0n && s <= half ? toHex(signature) : null;
  } catch {
    return null;
  }
}

test('maps are written as they were read', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  const field = fc.record({ type: fc.nat(70_000), keyData: bytes, value: bytes });
  const map = fc.uniqueArray(field, {
    maxLength: 8,
    selector: ({ type, keyData }) => `${String(type)} ${toHex(keyData)}`,
  });
  fc.assert(
    fc.property(fc.array(map, { maxLength: 5 }), (maps) => {
      expect(passed(readMaps(writeMaps(maps)))).toEqual(maps);
    }),
  );
});
