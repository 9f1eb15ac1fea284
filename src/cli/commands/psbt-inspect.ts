import { parseArgs } from 'node:util';
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

interface Options {
  readonly file: string;
  readonly descriptor: string;
  readonly network: Network;
  readonly highest: number;
  readonly json: boolean;
}

/** `countersign psbt inspect`. Returns the exit status. Touches nothing but what `io` hands it. */
export async function run(args: readonly string[], io: InspectIo): Promise<number> {
  const options = readOptions(args);
  if (options === 'help') {
    io.out(usage);
    return 0;
  }
  if (typeof options === 'string') {
    io.err(`${options}\n\n${usage}`);
    return 64;
  }
  let bytes: Uint8Array;
  try {
    bytes = options.file === '-' ? await io.stdin() : await io.readFile(options.file);
  } catch (fault) {
    io.err(`cannot read ${options.file}: ${fault instanceof Error ? fault.message : 'unknown'}\n`);
    return 1;
  }
  const inspected = inspect(bytes, options);
  if (!inspected.ok) return refused(inspected.refusal, options, io);
  const { psbt, wallet } = inspected.value;
  io.out(options.json ? renderJson(psbt, wallet) : renderText(psbt, wallet));
  return 0;
}

function readOptions(args: readonly string[]): Options | string {
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
  if (file === undefined || more.length > 0) return 'exactly one FILE is expected';
  if (values.descriptor === undefined) return '--descriptor is missing';
  const network = networkNames.find((name) => name === values.network);
  if (network === undefined) return `--network must be one of ${networkNames.join(', ')}`;
  const highest = Number(values.highest);
  if (!/^[0-9]{1,7}$/.test(values.highest) || highest > ADDRESS_INDEX)
    return `--highest must be a number from 0 to ${String(ADDRESS_INDEX)}`;
  return { file, descriptor: values.descriptor.trim(), network, highest, json: values.json };
}

function inspect(
  bytes: Uint8Array,
  { descriptor, network, highest }: Options,
): Result<{ psbt: InspectedPsbt; wallet: Wallet }> {
  const wallet = parseWallet(descriptor, network, { checksum: 'optional', branches: 'any' });
  if (!wallet.ok) return wallet;
  const psbt = inspectPsbt(decodePsbt(bytes), wallet.value, {
    highestReceive: highest,
    highestChange: highest,
    beyondInputs: LOOKAHEAD,
  });
  return psbt.ok ? ok({ psbt: psbt.value, wallet: wallet.value }) : psbt;
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
function countSignatures(psbt: InspectedPsbt, wallet: Wallet): readonly object[] {
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
  for (const { code, facts } of psbt.warnings)
    lines.push(`Warning ${code} ${JSON.stringify(facts)}`);
  return `${lines.join('\n')}\n`;
}

/** An address in groups of four, to be compared by eye. */
export function inGroups(address: string): string {
  return address.replace(/.{4}(?=.)/g, '$& ');
}
