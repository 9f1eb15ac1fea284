import { existsSync, readFileSync } from 'node:fs';
import { Api } from '../client/api.ts';
import { Http } from '../client/http.ts';
import { ed25519ProofKey } from '../client/proof-key.ts';
import type { Result } from '../core/base/result.ts';
import { explainCode } from '../core/base/codes.ts';
import { ok } from '../core/base/result.ts';
import { formatTime } from '../core/base/time.ts';
import { peekKeyFile, unlockersOf } from '../keys/key-file.ts';
import type { PassphraseSources } from '../keys/passphrase.ts';
import { readNewPassphrases, readPassphrases } from '../keys/passphrase.ts';
import { HOLDER } from '../keys/slots.ts';
import { backUpSigner, keysOfBackup, restoreSigner } from './backup.ts';
import { explainPackage, roundAsked, runRound } from './decide-command.ts';
import { signerFolder } from './folder.ts';
import { initialiseSigner } from './initialise.ts';
import { Journal } from './journal.ts';
import type { Values } from './options.ts';
import {
  descriptorsOf,
  given,
  helpText,
  listOf,
  modulePlaceIn,
  networkOf,
  parseOptions,
  sentinelsIn,
  unlockersIn,
  UsageError,
  useOf,
} from './options.ts';
import { prepareSigner } from './prepare.ts';
import { runSigner } from './run.ts';
import type { Unlocking } from './unlock.ts';
import { changeSignerUnlockers, newQuestionsOf, questionsOf } from './unlockers.ts';

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
  /** Value of COUNTERSIGN_PIN: of a hardware module. */
  readonly pin?: string | undefined;
  /** Asks without echo; null where there is no terminal. */
  readonly askHidden: ((question: string) => Promise<string | null>) | null;
  /** Ends `run`. */
  readonly signal: AbortSignal;
  /** Told once `run` has started. */
  readonly ready: () => void;
}

interface Call {
  readonly values: Values;
  readonly terminal: Terminal;
}

function sourcesOf({ values, terminal }: Call): PassphraseSources {
  return {
    environment: terminal.passphrase,
    descriptors: descriptorsOf(values),
    ask: terminal.askHidden,
  };
}

/** The PIN of a hardware module. Code `key.passphrase.missing`. */
async function pinOf({ values, terminal }: Call): Promise<Result<string>> {
  const sources = {
    environment: terminal.pin,
    descriptors: descriptorsOf(values, 'pin-fd'),
    ask: terminal.askHidden,
  };
  const read = await readPassphrases(sources, ['PIN of the hardware module']);
  if (!read.ok) return read;
  const pin = read.value.toString('utf8');
  read.value.fill(0);
  return ok(pin);
}

/** The passphrases of as many unlockers as the file needs. */
async function passphraseOf(call: Call, keyFile: string): Promise<Result<Buffer>> {
  const questions = questionsOf(keyFile);
  return questions.ok ? readPassphrases(sourcesOf(call), questions.value) : questions;
}

async function prepare(call: Call): Promise<Result<unknown>> {
  const { values, terminal } = call;
  const [network, use, unlockers] = [networkOf(values), useOf(values), unlockersIn(values)];
  const questions = newQuestionsOf(unlockers?.names ?? [HOLDER]);
  const passphrase = await readNewPassphrases(sourcesOf(call), questions);
  if (!passphrase.ok) return passphrase;
  const place = modulePlaceIn(values);
  const pin = place === undefined ? ok('') : await pinOf(call);
  if (!pin.ok) return pin;
  const prepared = await prepareSigner({
    wallet: given(values, 'wallet'),
    keyFile: given(values, 'key-file'),
    network,
    use,
    passphrase: passphrase.value,
    ...(unlockers === undefined ? {} : { unlockers }),
    ...(place === undefined ? {} : { module: { place, pin: pin.value } }),
  });
  passphrase.value.fill(0);
  if (prepared.ok) terminal.out(JSON.stringify(prepared.value));
  return prepared;
}

async function init(call: Call): Promise<Result<unknown>> {
  const { values, terminal } = call;
  const genesis = given(values, 'genesis');
  if (!/^[0-9a-f]{64}$/.test(genesis)) throw new UsageError('--genesis has 64 hex digits');
  const [folder, keyFile] = [given(values, 'folder'), given(values, 'key-file')];
  const { keys } = signerFolder(folder);
  const passphrase = await passphraseOf(call, existsSync(keys) ? keys : keyFile);
  if (!passphrase.ok) return passphrase;
  const initialised = await initialiseSigner({
    genesis,
    wallet: given(values, 'wallet'),
    folder,
    keyFile,
    charter: readFileSync(given(values, 'charter')),
    walletDocument: readFileSync(given(values, 'wallet-document')),
    passphrase: passphrase.value,
  });
  passphrase.value.fill(0);
  if (initialised.ok) terminal.out(JSON.stringify(initialised.value));
  return initialised;
}

/** What opens the keys of a signer's folder: passphrases, and the PIN of the module that keeps the hot key. */
async function unlockingOf(call: Call, folder: string): Promise<Result<Unlocking>> {
  const { keys } = signerFolder(folder);
  const passphrase = await passphraseOf(call, keys);
  if (!passphrase.ok) return passphrase;
  const shown = existsSync(keys) ? peekKeyFile(keys, 'signer') : ok({ module: false });
  if (!shown.ok) return shown;
  const pin = shown.value.module ? await pinOf(call) : ok(null);
  return pin.ok ? ok({ folder, passphrase: passphrase.value, pin: pin.value }) : pin;
}

async function run(call: Call): Promise<Result<unknown>> {
  const { values, terminal } = call;
  const folder = given(values, 'folder');
  const unlocking = await unlockingOf(call, folder);
  if (!unlocking.ok) return unlocking;
  return runSigner({
    ...unlocking.value,
    server: given(values, 'server'),
    sentinels: sentinelsIn(values),
    signal: terminal.signal,
    ready: terminal.ready,
    // One JSON object a line: for the operator and his log collector.
    tell: (event) => {
      const at = formatTime(Math.floor(Date.now() / 1000));
      terminal.err(JSON.stringify({ at, ...event }));
    },
  });
}

/** Who opens the key file, and as many of them as it takes. */
async function unlockers(call: Call): Promise<Result<unknown>> {
  const { values, terminal } = call;
  const next = unlockersIn(values);
  if (next === undefined) throw new UsageError('--unlockers and --needed are missing');
  const folder = given(values, 'folder');
  const change = { ...next, folder, renew: listOf(values, 'renew') };
  const changed = await changeSignerUnlockers(change, sourcesOf(call));
  if (changed.ok) terminal.out(JSON.stringify(changed.value));
  return changed;
}

function backup({ values, terminal }: Call): Result<unknown> {
  const made = backUpSigner(given(values, 'folder'), given(values, 'out'));
  if (made.ok) terminal.out(JSON.stringify(made.value));
  return made;
}

async function restore(call: Call): Promise<Result<unknown>> {
  const { values, terminal } = call;
  const [file, server] = [given(values, 'from'), given(values, 'server')];
  const passphrase = await passphraseOf(call, keysOfBackup(file));
  if (!passphrase.ok) return passphrase;
  const restored = await restoreSigner({
    folder: given(values, 'folder'),
    file,
    passphrase: passphrase.value,
    readerOf: (seed) => new Api(new Http({ server, key: ed25519ProofKey(seed) })).log(),
  });
  passphrase.value.fill(0);
  if (restored.ok) terminal.out(JSON.stringify(restored.value));
  return restored;
}

/** Over a package, on a host without network. */
async function decide(call: Call, file: string): Promise<Result<unknown>> {
  const { values, terminal } = call;
  const round = roundAsked(file, values, (event) => {
    terminal.err(JSON.stringify(event));
  });
  if (round === null) return explainPackage(file, values, terminal.out);
  const unlocking = await unlockingOf(call, round.folder);
  return unlocking.ok ? runRound({ ...round, ...unlocking.value }, terminal.out) : unlocking;
}

function status({ values, terminal }: Call): Result<unknown> {
  const place = signerFolder(given(values, 'folder'));
  const opened = Journal.open(place.journal);
  if (!opened.ok) return opened;
  const unlockers = unlockersOf(place.keys, 'signer');
  if (!unlockers.ok) return unlockers;
  const { identity, ledger, log } = opened.value;
  const held = {
    ...identity,
    receipts: ledger.position,
    head: ledger.previous,
    at: ledger.position === 0 ? null : formatTime(ledger.at),
    logSize: log.head()?.size ?? 0,
    reserved: [...ledger.reservations.keys()],
    signed: [...ledger.signed.keys()],
    unlockers: unlockers.value.names,
    needed: unlockers.value.needed,
  };
  terminal.out(JSON.stringify(held));
  opened.value.close();
  return ok(null);
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<Result<unknown>> {
  const { command, values, word } = parseOptions(args);
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
    case 'decide':
      return decide(call, word);
    case 'unlockers':
      return unlockers(call);
    case 'backup':
      return backup(call);
    case 'restore':
      return restore(call);
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
