import { describe, expect, test } from '@jest/globals';
import { satisfier } from '@bitcoinerlab/miniscript';
import fc from 'fast-check';
import { Transaction, initEccLib, script as bitcoinScript } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { concat, fromHex } from '../../src/core/base/bytes.ts';
import { sats } from '../../src/core/base/sats.ts';
import type { Lock } from '../../src/core/wallet/condition.ts';
import { spendableBy } from '../../src/core/wallet/condition.ts';
import { keySetsWithout, spendingPaths } from '../../src/core/wallet/spending-paths.ts';
import type { Satisfaction, Wallet } from '../../src/core/wallet/wallet.ts';
import { parseWallet } from '../../src/core/wallet/wallet.ts';
import { checkScripts } from '../../src/server/chain/script-check.ts';
import type { RandomScript } from '../support/miniscript.ts';
import {
  analysed,
  descriptorOf,
  forLibrary,
  randomKey,
  saneMiniscript,
  wildMiniscript,
} from '../support/miniscript.ts';
import { codeOf } from '../support/psbt.ts';

initEccLib(ecc);

/** What the reference knows of one satisfaction: which keys sign and until when it waits. */
interface Way {
  readonly keys: readonly number[];
  readonly sequence: number | undefined;
  readonly lockTime: number | undefined;
}

/** Every satisfaction that @bitcoinerlab/miniscript finds, malleable ones too. */
function waysOf(script: RandomScript): readonly Way[] {
  const tapscript = script.context === 'leaf';
  const found = satisfier(forLibrary(script), { tapscript, maxSolutions: null });
  return [...found.nonMalleableSats, ...found.malleableSats].map(
    ({ asm, nSequence, nLockTime }) => ({
      keys: [...asm.matchAll(/<sig\(@([0-9]+)\)>/g)].map(([, key]) => Number(key)),
      sequence: nSequence,
      lockTime: nLockTime,
    }),
  );
}

/** A moment: the age of the coin in the unit of a sequence, and the height or time of the chain. */
interface Moment {
  readonly sequence: number | undefined;
  readonly lockTime: number | undefined;
}

const TIME_FLAG = 0x00400000;

function wayIsOpen(way: Way, now: Moment): boolean {
  const sequence =
    way.sequence === undefined ||
    (now.sequence !== undefined &&
      (way.sequence & TIME_FLAG) === (now.sequence & TIME_FLAG) &&
      way.sequence <= now.sequence);
  const lockTime =
    way.lockTime === undefined ||
    (now.lockTime !== undefined &&
      way.lockTime < 500_000_000 === now.lockTime < 500_000_000 &&
      way.lockTime <= now.lockTime);
  return sequence && lockTime;
}

function lockIsOpen(lock: Lock, now: Moment): boolean {
  const { sequence = 0, lockTime = 0 } = now;
  if ('blocks' in lock) return sequence < TIME_FLAG && lock.blocks <= sequence;
  if ('seconds' in lock)
    return sequence > TIME_FLAG && lock.seconds <= (sequence - TIME_FLAG) * 512;
  if ('height' in lock) return lockTime < 500_000_000 && lock.height <= lockTime;
  return lockTime >= 500_000_000 && lock.time <= lockTime;
}

const subsets = (count: number): readonly ReadonlySet<number>[] =>
  Array.from(
    { length: 2 ** count },
    (_, bits) =>
      new Set(Array.from({ length: count }, (__, at) => at).filter((at) => (bits >> at) & 1)),
  );

function moments(ways: readonly Way[]): readonly Moment[] {
  const sequences = [undefined, ...new Set(ways.flatMap(({ sequence }) => sequence ?? []))];
  const lockTimes = [undefined, ...new Set(ways.flatMap(({ lockTime }) => lockTime ?? []))];
  return sequences.flatMap((sequence) => lockTimes.map((lockTime) => ({ sequence, lockTime })));
}

const never = { sequence: undefined, lockTime: undefined };

describe('random sane miniscripts', () => {
  test('are spent by whom, and when, a second implementation finds that they are', () => {
    let waiting = 0;
    let read = 0;
    fc.assert(
      fc.property(saneMiniscript(5), (script) => {
        const ways = waysOf(script);
        const parsed = parseWallet(descriptorOf(script), 'regtest');
        const now = ways.filter((way) => wayIsOpen(way, never));
        if (!parsed.ok) {
          waiting += 1;
          expect([codeOf(parsed), now]).toEqual(['wallet.miniscript.locked', []]);
          return;
        }
        read += 1;
        const wallet = parsed.value;
        const paths = spendingPaths(wallet.condition, 10_000) ?? [];
        for (const keys of subsets(wallet.keys.length)) {
          const his = ways.filter((way) => way.keys.every((key) => keys.has(key)));
          for (const moment of moments(ways)) {
            const spends = his.some((way) => wayIsOpen(way, moment));
            const isOpen = (lock: Lock): boolean => lockIsOpen(lock, moment);
            expect(spendableBy(wallet.condition, keys, isOpen)).toBe(spends);
            const onPath = paths.some(
              (path) => [...path.keys].every((key) => keys.has(key)) && path.locks.every(isOpen),
            );
            expect(onPath).toBe(spends);
          }
          const lacking = now.map((way) => way.keys.filter((key) => !keys.has(key)).length);
          expect(wallet.missing(keys)).toBe(Math.min(...lacking));
        }
        for (const [key] of wallet.keys.entries()) {
          const sets = keySetsWithout(wallet.condition, { key, isOpen: () => false }, 10_000);
          const without = now.map((way) => new Set(way.keys)).filter((way) => !way.has(key));
          const least = without.filter(
            (set) =>
              !without.some(
                (other) => other.size < set.size && [...other].every((one) => set.has(one)),
              ),
          );
          const text = (found: Iterable<ReadonlySet<number>>): readonly string[] =>
            [...new Set([...found].map((set) => [...set].sort().join()))].sort();
          expect(text(sets ?? [])).toEqual(text(least));
        }
      }),
      { numRuns: 500 },
    );
    expect(read).toBeGreaterThan(waiting);
  });

  test('are satisfied exactly when they can be, as nodes verify, and never above the worst case', async () => {
    await fc.assert(
      fc.asyncProperty(saneMiniscript(6), fc.nat(), async (script, seed) => {
        const parsed = parseWallet(descriptorOf(script), 'regtest');
        if (!parsed.ok) return;
        const wallet = parsed.value;
        const all = subsets(wallet.keys.length);
        const keys = all[seed % all.length] ?? new Set<number>();
        const made = spend(wallet, keys);
        expect(made === null).toBe(wallet.missing(keys) > 0);
        if (made === null) return;
        expect(weightOf(made.satisfaction)).toBeLessThanOrEqual(wallet.inputWeight);
        expect(await checkScripts(made.raw, made.spent)).toBeNull();
      }),
      { numRuns: 40 },
    );
  });
});

test('random scripts are refused where a second implementation calls them insane, and for the same cause', () => {
  const causes = new Map<string, number>();
  const told = ['passed', 'wallet.miniscript.type', 'wallet.miniscript.unsigned'];
  const property = fc.property(wildMiniscript(5), (script) => {
    const { issane, valid, needsSignature, nonMalleable, timelockMix } = analysed(script);
    const parsed = parseWallet(descriptorOf(script), 'regtest');
    const code = codeOf(parsed);
    causes.set(code, (causes.get(code) ?? 0) + 1);
    if (parsed.ok) expect([script, issane]).toEqual([script, true]);
    // What we refuse beyond them: what could never spend without waiting, and what nodes do not relay.
    if (issane)
      expect(['passed', 'wallet.miniscript.locked', 'wallet.miniscript.size']).toContain(code);
    if (!valid) return;
    if (code === 'wallet.miniscript.unsigned') expect(needsSignature).toBe(false);
    if (code === 'wallet.miniscript.malleable') expect(nonMalleable).toBe(false);
    if (code === 'wallet.miniscript.locks.mixed') expect(timelockMix).toBe(true);
  });
  // How often each occurs is chance: where one is rare, more are made until it was tried often enough.
  const isRare = (cause: string): boolean => (causes.get(cause) ?? 0) <= 10;
  fc.assert(property, { numRuns: 1_000 });
  for (let more = 0; more < 4 && told.some(isRare); more++) fc.assert(property, { numRuns: 1_000 });
  for (const cause of told) expect(causes.get(cause) ?? 0).toBeGreaterThan(10);
});

test('a descriptor with characters changed, lost or added is read or refused, never a crash', () => {
  const piece = fc.constantFrom(
    '(',
    ')',
    ',',
    '{',
    '}',
    ':',
    '0',
    '1',
    'v:',
    'tr(',
    'pk(',
    '[',
    '/',
  );
  const edits = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(3), piece), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(saneMiniscript(4), edits, (script, changes) => {
      let [body = ''] = descriptorOf(script).split('#');
      for (const [where, cut, text] of changes) {
        const at = Math.floor(where * body.length);
        body = body.slice(0, at) + text + body.slice(at + cut);
      }
      const found = parseWallet(body, 'regtest', { checksum: 'optional' });
      if (found.ok) expect(found.value.address(0, 0)).toMatch(/^bcrt1/);
      else expect(found.refusal.code).toMatch(/^wallet\./);
    }),
    { numRuns: 500 },
  );
});

/** Weight units of an input with these (BIP 141). */
function weightOf({ scriptSig, witness }: Satisfaction): number {
  const items = witness.reduce((sum, { length }) => sum + (length < 253 ? 1 : 3) + length, 0);
  return 4 * (36 + 1 + scriptSig.length + 4) + 1 + items;
}

/** A transaction that spends one coin at 1/7 by these keys, or null when they do not suffice. */
function spend(wallet: Wallet, keys: ReadonlySet<number>) {
  const [branch, index, value] = [1, 7, 100_000n] as const;
  const script = wallet.script(branch, index);
  const transaction = new Transaction();
  transaction.version = 2;
  transaction.addInput(new Uint8Array(32).fill(9), 0, 0xfffffffd);
  transaction.addOutput(fromHex(`0014${'ab'.repeat(20)}`), 90_000n);
  const { witnessScript, taproot } = wallet.scripts(branch, index);
  const signatures = new Map<number, Uint8Array>();
  for (const key of keys) {
    const node = randomKey(key).node.derive(branch).derive(index);
    if (witnessScript !== null) {
      const hash = transaction.hashForWitnessV0(0, witnessScript, value, Transaction.SIGHASH_ALL);
      signatures.set(key, bitcoinScript.signature.encode(node.sign(hash), 1));
    } else {
      const [leafHash, type] = [taproot?.leaf?.hash, key % 2 === 0 ? 0 : 1];
      const hash = transaction.hashForWitnessV1(0, [script], [value], type, leafHash);
      const signature = node.signSchnorr(hash);
      signatures.set(key, type === 0 ? signature : concat(signature, Uint8Array.of(type)));
    }
  }
  const satisfaction = wallet.satisfy(branch, index, signatures);
  if (satisfaction === null) return null;
  transaction.setInputScript(0, satisfaction.scriptSig);
  transaction.setWitness(0, [...satisfaction.witness]);
  return {
    satisfaction,
    raw: transaction.toBuffer(),
    spent: [{ script, sats: sats(value) }],
  };
}
