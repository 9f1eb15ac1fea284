import { Psbt, Transaction } from 'bitcoinjs-lib';
import { reversed, toHex } from '../../core/base/bytes.ts';
import { inspectPsbt } from '../../core/psbt/inspect.ts';
import type { InspectedPsbt } from '../../core/psbt/inspect.ts';
import type { FieldMap } from '../../core/psbt/fields.ts';
import { inputType, single } from '../../core/psbt/fields.ts';
import { openPsbt } from '../../core/psbt/open.ts';
import { asVersion0, readBySecond } from '../../core/psbt/parsers.ts';
import { parseSecond } from '../../core/psbt/transaction.ts';
import type { Sample } from './corpus.ts';
import { samples } from './corpus.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

/** A PSBT that did what none may do. */
export interface Fault {
  readonly seed: number;
  readonly number: number;
  readonly psbt: Uint8Array;
  readonly what: string;
}

export interface FuzzResult {
  readonly looked: number;
  readonly accepted: number;
  /** By code. */
  readonly refused: ReadonlyMap<string, number>;
  readonly slowestMs: number;
  readonly fault: Fault | null;
}

/** How long one PSBT of two inputs may take: a hundred times what it takes. */
const HANG_MS = 50;
const WARM_UP = 10;
const ATTEMPTS = 5;
const bounds = { highestReceive: 20, highestChange: 20 };

/**
 * Reads mutated PSBTs until one throws, hangs, or is accepted although the two libraries see something else in it than we
 * do. `step` is told how many were looked at, every thousand.
 */
export function fuzzPsbt(
  { count, seed }: { readonly count: number; readonly seed: number },
  step: (looked: number) => void = () => undefined,
): FuzzResult {
  const random = new Random(seed);
  const corpus = samples();
  const refused = new Map<string, number>();
  let accepted = 0;
  let slowestMs = 0;
  // Keys are derived once a wallet, code is compiled once: neither is the fault of one PSBT.
  for (const sample of corpus) {
    sample.wallet.find(new Uint8Array(0), { receive: 20, change: 20 });
    for (let again = 0; again < WARM_UP; again++) look(sample, sample.psbt);
  }
  for (let number = 0; number < count; number++) {
    const sample = corpus[random.below(corpus.length)];
    if (sample === undefined) throw new Error('bug: the corpus is empty');
    const psbt = mutate(sample.psbt, random);
    const seen = look(sample, psbt);
    slowestMs = Math.max(slowestMs, seen.ms);
    if (seen.code === null) accepted += 1;
    else refused.set(seen.code, (refused.get(seen.code) ?? 0) + 1);
    const what =
      seen.fault ?? (seen.ms > HANG_MS ? `took ${String(Math.round(seen.ms))} ms` : null);
    if (what !== null) {
      const fault = { seed, number, psbt, what };
      return { looked: number + 1, accepted, refused, slowestMs, fault };
    }
    if ((number + 1) % 1_000 === 0) step(number + 1);
  }
  return { looked: count, accepted, refused, slowestMs, fault: null };
}

interface Seen {
  readonly code: string | null;
  readonly ms: number;
  readonly fault: string | null;
}

/** Time is the processor's, and the least of several where the first is long: the host may be busy. */
function look({ wallet }: Sample, psbt: Uint8Array): Seen {
  let ms = Infinity;
  for (let again = 0; again < ATTEMPTS && ms > HANG_MS; again++) {
    const from = process.cpuUsage();
    try {
      const found = inspectPsbt(psbt, wallet, bounds);
      const { user, system } = process.cpuUsage(from);
      ms = Math.min(ms, (user + system) / 1000);
      if (ms > HANG_MS) continue;
      if (!found.ok) return { code: found.refusal.code, ms, fault: null };
      return { code: null, ms, fault: contradiction(psbt, found.value) };
    } catch (fault) {
      return { code: null, ms: 0, fault: `threw ${fault instanceof Error ? fault.message : ''}` };
    }
  }
  return { code: null, ms, fault: null };
}

/** What one of the libraries sees otherwise than we do, or null. */
function contradiction(psbt: Uint8Array, inspected: InspectedPsbt): string | null {
  const { view, transaction } = inspected;
  const ours = JSON.stringify({
    inputs: view.spend.inputs.map(({ outpoint, sats }, at) => [outpoint, sats, view.sequences[at]]),
    outputs: view.spend.outputs.map(({ script, sats }) => [script, sats]),
    lockTime: view.spend.lockTime,
    version: view.version,
  });
  const opened = openPsbt(psbt);
  if (!opened.ok) return 'is opened and then is not';
  const first = factsOfFirst(asVersion0(opened.value));
  if (first !== ours) return `bitcoinjs-lib sees ${first}, we see ${ours}`;
  const second = factsOfSecond(readBySecond(opened.value), opened.value.inputs);
  if (second !== ours) return `@scure/btc-signer sees ${second}, we see ${ours}`;
  return transaction.length === opened.value.transaction.length ? null : 'has two transactions';
}

function factsOfFirst(bytes: Uint8Array): string {
  const psbt = Psbt.fromBuffer(bytes);
  const inputs = psbt.txInputs.map(({ hash, index, sequence }, at) => {
    const { nonWitnessUtxo, witnessUtxo } = psbt.data.inputs[at] ?? {};
    const parent = nonWitnessUtxo === undefined ? null : Transaction.fromBuffer(nonWitnessUtxo);
    const value = parent === null ? witnessUtxo?.value : parent.outs[index]?.value;
    return [`${toHex(reversed(hash))}:${String(index)}`, Number(value), sequence];
  });
  const outputs = psbt.txOutputs.map(({ script, value }) => [toHex(script), Number(value)]);
  return JSON.stringify({ inputs, outputs, lockTime: psbt.locktime, version: psbt.version });
}

/** It reads previous transactions by themselves. */
function factsOfSecond(psbt: ReturnType<typeof readBySecond>, maps: readonly FieldMap[]): string {
  const inputs = Array.from({ length: psbt.inputsLength }, (_, at) => {
    const { txid, index = 0, sequence, witnessUtxo } = psbt.getInput(at);
    const claimed: { readonly amount: bigint } | undefined = witnessUtxo;
    const parent = single(maps[at] ?? [], inputType.nonWitnessUtxo);
    const outputs = parent === null ? undefined : parseSecond(parent)?.outputs;
    const value = outputs === undefined ? claimed?.amount : outputs[index]?.value;
    const outpoint = `${toHex(txid ?? new Uint8Array())}:${String(index)}`;
    return [outpoint, Number(value), sequence ?? 0xffffffff];
  });
  const outputs = Array.from({ length: psbt.outputsLength }, (_, at) => {
    const { script, amount } = psbt.getOutput(at);
    return [toHex(script ?? new Uint8Array()), Number(amount)];
  });
  return JSON.stringify({ inputs, outputs, lockTime: psbt.lockTime, version: psbt.version });
}
