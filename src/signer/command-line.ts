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
import { runSigner } from './run.ts';

const FAULT = 1;
const REFUSED = 2;
const USAGE = 64;

/** What a command does with the outside besides files and the server, so that tests stand in for a terminal. */
export interface Terminal {
  /** A line of the result, on standard output. */
  readonly out: (line: string) => void;
  /** On standard error. */
  readonly err: (line: string) => void;
  /** Value of COUNTERSIGN_PASSPHRASE. */
  readonly passphrase: string | undefined;
  /** Asks without echo; null where there is no terminal. */
  readonly askHidden: (() => Promise<string | null>) | null;
  /** Ends `run`. */
  readonly signal: AbortSignal;
  /** Told once `run` has started. */
  readonly ready: () => void;
}

interface Call {
  readonly values: Values;
  readonly terminal: Terminal;
}

function passphraseOf({ values, terminal }: Call): Promise<Result<string>> {
  return readPassphrase({
    environment: terminal.passphrase,
    descriptor: numberOf(values, 'passphrase-fd'),
    ask: terminal.askHidden,
  });
}

async function prepare(call: Call): Promise<Result<unknown>> {
  const { values, terminal } = call;
  const [network, use] = [networkOf(values), useOf(values)];
  const passphrase = await passphraseOf(call);
  if (!passphrase.ok) return passphrase;
  const prepared = await prepareSigner({
    wallet: given(values, 'wallet'),
    keyFile: given(values, 'key-file'),
    network,
    use,
    passphrase: passphrase.value,
  });
  if (prepared.ok) terminal.out(JSON.stringify(prepared.value));
  return prepared;
}

async function init(call: Call): Promise<Result<unknown>> {
  const { values, terminal } = call;
  const genesis = given(values, 'genesis');
  if (!/^[0-9a-f]{64}$/.test(genesis)) throw new UsageError('--genesis has 64 hex digits');
  const passphrase = await passphraseOf(call);
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
  if (initialised.ok) terminal.out(JSON.stringify(initialised.value));
  return initialised;
}

async function run(call: Call): Promise<Result<unknown>> {
  const { values, terminal } = call;
  const passphrase = await passphraseOf(call);
  if (!passphrase.ok) return passphrase;
  return runSigner({
    folder: given(values, 'folder'),
    server: given(values, 'server'),
    passphrase: passphrase.value,
    signal: terminal.signal,
    ready: terminal.ready,
    // One JSON object a line: for the operator and his log collector.
    tell: (event) => {
      const at = formatTime(Math.floor(Date.now() / 1000));
      terminal.err(JSON.stringify({ at, ...event }));
    },
  });
}

function status({ values, terminal }: Call): Result<unknown> {
  const opened = Journal.open(signerFolder(given(values, 'folder')).journal);
  if (!opened.ok) return opened;
  const { identity, ledger, log } = opened.value;
  const held = {
    ...identity,
    receipts: ledger.position,
    head: ledger.previous,
    at: ledger.position === 0 ? null : formatTime(ledger.at),
    logSize: log.head()?.size ?? 0,
    reserved: [...ledger.reservations.keys()],
    signed: [...ledger.signed.keys()],
  };
  terminal.out(JSON.stringify(held));
  opened.value.close();
  return ok(null);
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<Result<unknown>> {
  const { command, values } = parseOptions(args);
  const call = { values, terminal };
  switch (command) {
    case 'help':
      terminal.out(helpText());
      return ok(null);
    case 'prepare':
      return prepare(call);
    case 'init':
      return init(call);
    case 'run':
      return run(call);
    case 'status':
      return status(call);
  }
}

/** Runs one command line. Returns the exit status: 0 done, 1 a fault, 2 refused with a code, 64 usage. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const done = await dispatch(args, terminal);
    if (done.ok) return 0;
    const { code, facts } = done.refusal;
    const { meaning, action } = explainCode(code);
    terminal.err(`${code}: ${meaning} ${action} ${JSON.stringify(facts)}`);
    return REFUSED;
  } catch (error) {
    const isUsage = error instanceof UsageError;
    const text = error instanceof Error ? error.message : String(error);
    terminal.err(`countersign-signer: ${text}${isUsage ? '; see --help' : ''}`);
    return isUsage ? USAGE : FAULT;
  }
}
