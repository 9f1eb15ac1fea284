import { parseArgs } from 'node:util';
import { assert } from '../../core/base/assert.ts';
import { equalBytes, fromBase64, fromUtf8 } from '../../core/base/bytes.ts';
import { explainCode } from '../../core/base/codes.ts';
import { ADDRESS_INDEX } from '../../core/base/limits.ts';
import type { Refusal, Result } from '../../core/base/result.ts';
import { ok } from '../../core/base/result.ts';
import { formatBtc } from '../../core/base/sats.ts';
import { PSBT_MAGIC } from '../../core/psbt/fields.ts';
import type { InspectedPsbt } from '../../core/psbt/inspect.ts';
import { inspectPsbt } from '../../core/psbt/inspect.ts';
import { describeSpend } from '../../core/psbt/spend.ts';
import type { Network } from '../../core/wallet/network.ts';
import { networkNames } from '../../core/wallet/network.ts';
import type { Wallet } from '../../core/wallet/wallet.ts';
import { parseWallet } from '../../core/wallet/wallet.ts';
import { warningLines } from '../warning-lines.ts';

/** What the command needs of the outside. */
export interface InspectIo {
  stdin(): Promise<Uint8Array>;
  out(text: string): void;
  err(text: string): void;
  readFile(path: string): Promise<Uint8Array>;
}

export const usage = `Usage: countersign psbt inspect FILE --descriptor DESC --network NETWORK [--json]

Reads a PSBT of version 0 or 2 (base64 or binary; - for standard input) against a wallet and shows
what it would do: every coin, payment, change and the fee, each derived again from the descriptor.

  --descriptor DESC   pkh, wpkh, sh(wpkh), tr, wsh or sh(wsh) of multi, sortedmulti, miniscript, keys ending
                      in <0;1>/*; the checksum may be left out
  --network NETWORK   ${networkNames.join(', ')}
  --highest N         highest address index to look for on each branch (default 200; beyond the
                      indices of the inputs, 200 more are looked for)
  --json              one JSON object on standard output
  --help              this text

Exit status: 0 right, 1 fault, 2 refused (the code on standard error), 64 usage.
`;

/** Unused addresses looked ahead of, where no history of the wallet is at hand. */
const LOOKAHEAD = 200;

/** What a command about PSBTs is asked. */
export interface Options {
  readonly files: readonly [string, ...string[]];
  readonly descriptor: string;
  readonly network: Network;
  readonly highest: number;
  readonly json: boolean;
}

/** `countersign psbt inspect`. Returns the exit status. Touches nothing but what `io` hands it. */
export function run(args: readonly string[], io: InspectIo): Promise<number> {
  return aboutPsbts(args, io, {
    usage,
    mostFiles: 1,
    done: ([psbt], { wallet, json }) =>
      ok(json ? renderJson(psbt, wallet) : renderText(psbt, wallet)),
  });
}

/** What is done with PSBTs that were read and inspected. */
export interface PsbtWork {
  readonly usage: string;
  readonly mostFiles: number;
  /** What goes to standard output. */
  readonly done: (
    psbts: readonly [InspectedPsbt, ...InspectedPsbt[]],
    given: { readonly wallet: Wallet; readonly json: boolean },
  ) => Result<string>;
}

/** A command about PSBT files and the wallet of a descriptor: reads, inspects, and does its work. */
export async function aboutPsbts(
  args: readonly string[],
  io: InspectIo,
  { usage: help, mostFiles, done }: PsbtWork,
): Promise<number> {
  const options = readOptions(args, mostFiles);
  if (options === 'help') {
    io.out(help);
    return 0;
  }
  if (typeof options === 'string') {
    io.err(`${options}\n\n${help}`);
    return 64;
  }
  const wallet = walletOf(options);
  if (!wallet.ok) return refused(wallet.refusal, options, io);
  const psbts: InspectedPsbt[] = [];
  for (const file of options.files) {
    let bytes: Uint8Array;
    try {
      bytes = file === '-' ? await io.stdin() : await io.readFile(file);
    } catch (fault) {
      io.err(`cannot read ${file}: ${fault instanceof Error ? fault.message : 'unknown'}\n`);
      return 1;
    }
    const inspected = inspect(bytes, wallet.value, options);
    if (!inspected.ok) return refused(inspected.refusal, options, io);
    psbts.push(inspected.value);
  }
  const [first, ...others] = psbts;
  assert(first !== undefined, 'there is one file at least');
  const text = done([first, ...others], { wallet: wallet.value, json: options.json });
  if (!text.ok) return refused(text.refusal, options, io);
  io.out(text.value);
  return 0;
}

function readOptions(args: readonly string[], mostFiles: number): Options | string {
  let values;
  let positionals;
  try {
    ({ values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        descriptor: { type: 'string' },
        network: { type: 'string' },
        highest: { type: 'string', default: String(LOOKAHEAD) },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (fault) {
    return fault instanceof Error ? fault.message : 'the arguments cannot be read';
  }
  if (values.help) return 'help';
  const [file, ...more] = positionals;
  if (file === undefined || positionals.length > mostFiles)
    return mostFiles === 1
      ? 'exactly one FILE is expected'
      : `1 to ${String(mostFiles)} FILEs are expected`;
  if (values.descriptor === undefined) return '--descriptor is missing';
  const network = networkNames.find((name) => name === values.network);
  if (network === undefined) return `--network must be one of ${networkNames.join(', ')}`;
  const highest = Number(values.highest);
  if (!/^[0-9]{1,7}$/.test(values.highest) || highest > ADDRESS_INDEX)
    return `--highest must be a number from 0 to ${String(ADDRESS_INDEX)}`;
  const { json } = values;
  return { files: [file, ...more], descriptor: values.descriptor.trim(), network, highest, json };
}

function walletOf({ descriptor, network }: Options): Result<Wallet> {
  return parseWallet(descriptor, network, { checksum: 'optional', branches: 'any' });
}

function inspect(bytes: Uint8Array, wallet: Wallet, { highest }: Options): Result<InspectedPsbt> {
  return inspectPsbt(decodePsbt(bytes), wallet, {
    highestReceive: highest,
    highestChange: highest,
    beyondInputs: LOOKAHEAD,
  });
}

/** Binary as it is, or base64 with white space between; anything else is left for the reader to refuse. */
export function decodePsbt(bytes: Uint8Array): Uint8Array {
  if (equalBytes(bytes.slice(0, PSBT_MAGIC.length), PSBT_MAGIC)) return bytes;
  const text = fromUtf8(bytes);
  return (text === undefined ? undefined : fromBase64(text.replace(/\s+/g, ''))) ?? bytes;
}

function refused(refusal: Refusal, { json }: Options, io: InspectIo): number {
  const { meaning, action } = explainCode(refusal.code);
  if (json) io.out(`${JSON.stringify({ ok: false, refusal })}\n`);
  else io.out(`REFUSED: ${meaning} ${action}\n${renderFacts(refusal)}`);
  io.err(`${refusal.code}\n`);
  return 2;
}

function renderFacts({ facts }: Refusal): string {
  return Object.entries(facts)
    .map(([name, value]) => `  ${name}: ${JSON.stringify(value)}\n`)
    .join('');
}

function renderJson(psbt: InspectedPsbt, wallet: Wallet): string {
  const { inputs, payments, change, ...rest } = describeSpend(psbt.view, wallet);
  const spend = {
    inputs,
    payments: payments.map(({ address, sats }) => ({ address, sats })),
    change: change.map(({ address, sats }) => ({ address, sats })),
    ...rest,
    outputs: psbt.view.spend.outputs,
  };
  const signatures = countSignatures(psbt, wallet);
  return `${JSON.stringify({ ok: true, spend, signatures, warnings: psbt.warnings })}\n`;
}

/** How many inputs each key of the descriptor has validly signed. */
export function countSignatures(
  psbt: Pick<InspectedPsbt, 'partialSignatures'>,
  wallet: Wallet,
): readonly {
  readonly key: number;
  readonly fingerprint: string | null;
  readonly inputs: number;
}[] {
  const all = psbt.partialSignatures.flat();
  return wallet.keys.map(({ fingerprint }, key) => ({
    key,
    fingerprint,
    inputs: all.filter(({ keyIndex }) => keyIndex === key).length,
  }));
}

function renderText(psbt: InspectedPsbt, wallet: Wallet): string {
  const { inputs, payments, change, ...spend } = describeSpend(psbt.view, wallet);
  const money = (sats: number): string => `${formatBtc(BigInt(sats))} (${String(sats)} sat)`;
  const lines = [`Transaction ${spend.transaction} (SHA-256 of its unsigned bytes)`, ''];
  for (const [at, { address, sats, script }] of payments.entries()) {
    lines.push(`Payment ${String(at + 1)} of ${String(payments.length)}: ${money(sats)}`);
    lines.push(`  to ${inGroups(address)}`, `     ${address}`, `  script ${script}`);
  }
  for (const { address, sats, index } of change)
    lines.push(`Change: ${money(sats)} back to this wallet, 1/${String(index)}`, `     ${address}`);
  lines.push(`Paid away: ${money(spend.amountSats)}`);
  lines.push(
    `Fee: ${money(spend.feeSats)}, ${String(spend.feeRate)} sat/vB of ${String(spend.vbytes)} vB at most`,
  );
  if (spend.lockTime > 0) lines.push(`Valid from block ${String(spend.lockTime)}`);
  lines.push('', `Coins spent: ${String(inputs.length)}`);
  for (const { outpoint, sats, address } of inputs)
    lines.push(`  ${outpoint}  ${money(sats)}`, `     ${address}`);
  lines.push(...warningLines(psbt.warnings));
  return `${lines.join('\n')}\n`;
}

/** An address in groups of four, to be compared by eye. */
export function inGroups(address: string): string {
  return address.replace(/.{4}(?=.)/g, '$& ');
}
