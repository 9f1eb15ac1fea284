import { Transaction } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { fromHex, utf8 } from '../../core/base/bytes.ts';
import { sha256 } from '../../core/base/digest.ts';
import { sats } from '../../core/base/sats.ts';
import { buildTransaction, toPsbt } from '../../core/psbt/build.ts';
import { decodeSignature } from '../../core/psbt/der.ts';
import type { InspectBounds } from '../../core/psbt/inspect.ts';
import { inspectPsbt } from '../../core/psbt/inspect.ts';
import type { ProvenSpend } from '../../core/psbt/sighash.ts';
import { signatureHashes } from '../../core/psbt/sighash.ts';
import { signInputs } from '../../core/psbt/signatures.ts';
import { readSpend } from '../../core/psbt/spend.ts';
import { descriptorChecksum } from '../../core/wallet/checksum.ts';
import type { Wallet } from '../../core/wallet/wallet.ts';
import { parseWallet } from '../../core/wallet/wallet.ts';
import { AccountSigner, accountKeyOf } from '../../keys/account-key.ts';
import type { Bench, Measured } from './bench.ts';

/**
 * Reading a PSBT of a 2-of-3 with two signatures on each of its inputs, every one of its own parent, beside the bare
 * verification of those signatures in the same library. The protocol stops at 250 inputs; the reader is measured beyond.
 * The two take turns, and times are those of the processor, so that what else the machine does counts for nobody.
 */
const INPUTS = [1, 10, 100, 1_000] as const;
/** Inputs read at least in one turn, so that the clock is fine enough. */
const INPUTS_OF_TURN = 1_000;
const ROUNDS = 9;
const FLAT = 1.5;
const TIMES_BARE = 2;

const accounts = ['hot', 'alice', 'bob'].map((name) =>
  accountKeyOf(sha256(utf8(`countersign bench ${name}`)), 'wsh', 'regtest'),
);
const bounds: InspectBounds = {
  highestReceive: 0,
  highestChange: 20,
  size: { inputs: 1_000, weight: 4_000_000 },
};

interface Case {
  readonly inputs: number;
  readonly read: () => void;
  readonly verify: () => void;
}

export const psbt: Bench = {
  name: 'psbt',
  summary: 'reading PSBTs of 1 to 1,000 inputs beside verifying their signatures',
  // eslint-disable-next-line @typescript-eslint/require-await -- the others wait for something
  run: async (say) => {
    const wallet = walletOf();
    const cases = INPUTS.map((inputs) => {
      say(`making a PSBT of ${String(inputs)} inputs`);
      return caseOf(wallet, inputs);
    });
    say('measuring');
    const measured = cases.map(measure);
    return goalsOf(measured);
  },
};

function walletOf(): Wallet {
  const keys = accounts.map(({ expression }) => `${expression}/<0;1>/*`).join(',');
  const body = `wsh(sortedmulti(2,${keys}))`;
  const parsed = parseWallet(`${body}#${descriptorChecksum(body) ?? ''}`, 'regtest');
  if (!parsed.ok) throw new Error(`bug: ${parsed.refusal.code}`);
  return parsed.value;
}

function caseOf(wallet: Wallet, inputs: number): Case {
  const spend = spendOf(wallet, inputs);
  const signed = accounts
    .slice(0, 2)
    .map(({ xprv }, keyIndex) =>
      signInputs(wallet, spend, { keyIndex, sign: new AccountSigner(xprv, 'regtest').sign }),
    );
  const signatures = spend.coins.map((_, input) => signed.flatMap((all) => all[input] ?? []));
  const bytes = toPsbt({ wallet, ...spend, change: [undefined, 5], signatures });
  const hashes = signatureHashes(wallet, spend);
  const bare = signed.flatMap((signatures) =>
    signatures.map(({ key, signature }, input) => ({
      hash: hashes(input, 1),
      key: fromHex(key),
      compact: decodeSignature(fromHex(signature)) ?? new Uint8Array(64),
    })),
  );
  return {
    inputs,
    read: () => {
      const found = inspectPsbt(bytes, wallet, bounds);
      if (!found.ok) throw new Error(`bug: ${found.refusal.code}`);
    },
    verify: () => {
      for (const { hash, key, compact } of bare)
        if (!ecc.verify(hash, key, compact, true)) throw new Error('bug: a wrong signature');
    },
  };
}

function spendOf(wallet: Wallet, inputs: number): ProvenSpend {
  const places = Array.from({ length: inputs }, (_, index) => ({ branch: 0 as const, index }));
  const parents = places.map(({ branch, index }) => {
    const parent = new Transaction();
    parent.version = 2;
    parent.addInput(sha256(utf8(`bench ${String(index)}`)), 0);
    parent.addOutput(wallet.script(branch, index), 100_000n);
    parent.addOutput(fromHex(`0014${'cd'.repeat(20)}`), 100_000n);
    return parent;
  });
  const half = BigInt(inputs) * 40_000n;
  const transaction = buildTransaction({
    inputs: parents.map((parent) => ({ outpoint: `${parent.getId()}:0` })),
    outputs: [
      { script: fromHex(`0014${'ab'.repeat(20)}`), sats: sats(half) },
      { script: wallet.script(1, 5), sats: sats(half) },
    ],
    lockTime: 0,
  });
  const claims = places.map((place, at) => ({
    ...place,
    parent: parents[at]?.toBuffer() ?? new Uint8Array(0),
  }));
  const view = readSpend(wallet, transaction, claims, {
    highestChange: 20,
    size: { inputs: 1_000, weight: 4_000_000 },
  });
  if (!view.ok) throw new Error(`bug: ${view.refusal.code}`);
  return { transaction, coins: view.value.coins };
}

interface Times {
  readonly inputs: number;
  /** Microseconds an input, medians. */
  readonly read: number;
  readonly verify: number;
}

function measure({ inputs, read, verify }: Case): Times {
  const turns = Math.ceil(INPUTS_OF_TURN / inputs);
  // Both once before the clock runs: code is compiled once, and is no PSBT's fault.
  processorTime(turns, read);
  processorTime(turns, verify);
  const rounds = Array.from({ length: ROUNDS }, () => ({
    read: processorTime(turns, read),
    verify: processorTime(turns, verify),
  }));
  const each = (of: 'read' | 'verify'): number =>
    median(rounds.map((round) => round[of])) / (turns * inputs);
  return { inputs, read: each('read'), verify: each('verify') };
}

function processorTime(times: number, work: () => void): number {
  const from = process.cpuUsage();
  for (let i = 0; i < times; i++) work();
  const { user, system } = process.cpuUsage(from);
  return user + system;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function goalsOf(measured: readonly Times[]): readonly Measured[] {
  const round = (value: number): number => Math.round(value * 100) / 100;
  const flat = measured.filter(({ inputs }) => inputs >= 10).map(({ read }) => read);
  const spread = round(Math.max(...flat) / Math.min(...flat));
  return [
    {
      name: 'longest time an input beside the shortest, 10 to 1,000 inputs',
      value: spread,
      goal: FLAT,
      ok: spread <= FLAT,
    },
    ...measured.map(({ inputs, read, verify }) => {
      const ratio = round(read / verify);
      return {
        name: `reading beside bare verification, ${String(inputs)} inputs`,
        value: ratio,
        goal: TIMES_BARE,
        ok: ratio <= TIMES_BARE,
      };
    }),
    ...measured.map(({ inputs, read }) => ({
      name: `microseconds an input, ${String(inputs)} inputs`,
      value: Math.round(read),
      goal: null,
      ok: true,
    })),
    ...measured.slice(-1).map(({ verify }) => ({
      name: 'microseconds of bare verification an input',
      value: Math.round(verify),
      goal: null,
      ok: true,
    })),
  ];
}
