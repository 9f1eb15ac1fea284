import { readFileSync } from 'node:fs';
import type { Result } from '../core/base/result.ts';
import { explainCode } from '../core/base/codes.ts';
import { ok } from '../core/base/result.ts';
import { formatTime } from '../core/base/time.ts';
import { readPassphrase } from '../keys/passphrase.ts';
import { signerFolder } from './folder.ts';
import { initialiseSigner } from './initialise.ts';
import { Journal } from './journal.ts';
import type { Values } from './options.ts';
import {
  given,
  helpText,
  networkOf,
  numberOf,
  parseOptions,
  UsageError,
  useOf,
} from './options.ts';
import { prepareSigner } from './prepare.ts';
import type { RunEvent } from './run.ts';
import { runSigner } from './run.ts';

const FAULT = 1;
const REFUSED = 2;
const USAGE = 64;

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** One JSON object a line on standard error: for the operator and his log collector. */
function tell(event: RunEvent): void {
  const at = formatTime(Math.floor(Date.now() / 1000));
  process.stderr.write(`${JSON.stringify({ at, ...event })}\n`);
}

async function askHidden(): Promise<string | null> {
  const { password, isCancel } = await import('@clack/prompts');
  const typed = await password({ message: 'Passphrase of the signer', output: process.stderr });
  return isCancel(typed) ? null : typed;
}

function passphraseOf(values: Values): Promise<Result<string>> {
  const environment = process.env['COUNTERSIGN_PASSPHRASE'];
  // Not handed on to anything that this process might start, nor shown by a later look at its environment.
  delete process.env['COUNTERSIGN_PASSPHRASE'];
  const ask = process.stdin.isTTY && process.stderr.isTTY ? askHidden : null;
  return readPassphrase({ environment, descriptor: numberOf(values, 'passphrase-fd'), ask });
}

async function prepare(values: Values): Promise<Result<unknown>> {
  const [network, use] = [networkOf(values), useOf(values)];
  const passphrase = await passphraseOf(values);
  if (!passphrase.ok) return passphrase;
  const prepared = await prepareSigner({
    wallet: given(values, 'wallet'),
    keyFile: given(values, 'key-file'),
    network,
    use,
    passphrase: passphrase.value,
  });
  if (prepared.ok) print(prepared.value);
  return prepared;
}

async function init(values: Values): Promise<Result<unknown>> {
  const genesis = given(values, 'genesis');
  if (!/^[0-9a-f]{64}$/.test(genesis)) throw new UsageError('--genesis has 64 hex digits');
  const passphrase = await passphraseOf(values);
  if (!passphrase.ok) return passphrase;
  const initialised = await initialiseSigner({
    genesis,
    wallet: given(values, 'wallet'),
    folder: given(values, 'folder'),
    keyFile: given(values, 'key-file'),
    charter: readFileSync(given(values, 'charter')),
    walletDocument: readFileSync(given(values, 'wallet-document')),
    passphrase: passphrase.value,
  });
  if (initialised.ok) print(initialised.value);
  return initialised;
}

async function run(values: Values): Promise<Result<unknown>> {
  const passphrase = await passphraseOf(values);
  if (!passphrase.ok) return passphrase;
  const ending = new AbortController();
  const end = (): void => {
    ending.abort();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
  // Forked by a supervisor: without it nobody would end this process.
  process.on('disconnect', end);
  const ran = await runSigner({
    folder: given(values, 'folder'),
    server: given(values, 'server'),
    passphrase: passphrase.value,
    signal: ending.signal,
    ready: () => {
      process.send?.('ready');
    },
    tell,
  });
  if (process.connected) process.disconnect();
  return ran;
}

function status(values: Values): Result<unknown> {
  const opened = Journal.open(signerFolder(given(values, 'folder')).journal);
  if (!opened.ok) return opened;
  const { identity, ledger, log } = opened.value;
  print({
    ...identity,
    receipts: ledger.position,
    head: ledger.previous,
    at: ledger.position === 0 ? null : formatTime(ledger.at),
    logSize: log.head()?.size ?? 0,
    reserved: [...ledger.reservations.keys()],
    signed: [...ledger.signed.keys()],
  });
  opened.value.close();
  return ok(null);
}

async function dispatch(args: readonly string[]): Promise<Result<unknown>> {
  const { command, values } = parseOptions(args);
  switch (command) {
    case 'help':
      process.stdout.write(`${helpText()}\n`);
      return ok(null);
    case 'prepare':
      return prepare(values);
    case 'init':
      return init(values);
    case 'run':
      return run(values);
    case 'status':
      return status(values);
  }
}

try {
  const done = await dispatch(process.argv.slice(2));
  if (!done.ok) {
    const { code, facts } = done.refusal;
    const { meaning, action } = explainCode(code);
    process.stderr.write(`${code}: ${meaning} ${action} ${JSON.stringify(facts)}\n`);
    process.exitCode = REFUSED;
  }
} catch (error) {
  const isUsage = error instanceof UsageError;
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`countersign-signer: ${text}${isUsage ? '; see --help' : ''}\n`);
  process.exitCode = isUsage ? USAGE : FAULT;
}
