import { join, resolve } from 'node:path';
import { readChainSettings } from '../chain/settings.ts';
import { explainCode } from '../core/base/codes.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import { label } from '../core/base/schema.ts';
import { formatTime } from '../core/base/time.ts';
import { readNewPassphrases, readPassphrases } from '../keys/passphrase.ts';
import type { PassphraseSources } from '../keys/passphrase.ts';
import { Alarms } from './alarms.ts';
import { channelsOf } from './channels.ts';
import { initialiseSentinel, prepareSentinel } from './initialise.ts';
import { Journals } from './journals.ts';
import { Mailbox } from './mailbox.ts';
import type { Values } from './options.ts';
import { given, helpText, numberOf, parseOptions, UsageError } from './options.ts';
import { runSentinel, settingsOf } from './run.ts';
import { sentinelFolder, StateFile } from './state-file.ts';

const FAULT = 1;
const REFUSED = 2;
const USAGE = 64;
const PORT = 3_100;
const PORT_MOST = 65_535;
const DESCRIPTOR_MOST = 1_023;

/** What a command does with the outside besides files and the network, so that tests stand in for a terminal. */
export interface Terminal {
  /** A line of the result, on standard output. */
  readonly out: (line: string) => void;
  /** On standard error. */
  readonly err: (line: string) => void;
  /** Value of COUNTERSIGN_PASSPHRASE. */
  readonly passphrase: string | undefined;
  /** The variables that name the chain to look at. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Asks without echo; null where there is no terminal. */
  readonly askHidden: ((question: string) => Promise<string | null>) | null;
  /** Ends `run`. */
  readonly signal: AbortSignal;
  /** Told once `run` listens. */
  readonly ready: (port: number) => void;
}

interface Call {
  readonly values: Values;
  readonly terminal: Terminal;
}

function sourcesOf({ values, terminal }: Call): PassphraseSources {
  const descriptor = numberOf(values, 'passphrase-fd', DESCRIPTOR_MOST);
  return {
    environment: terminal.passphrase,
    descriptors: descriptor === undefined ? [] : [descriptor],
    ask: terminal.askHidden,
  };
}

async function prepare(call: Call): Promise<Result<unknown>> {
  const { values, terminal } = call;
  const id = given(values, 'id');
  if (!label.safeParse(id).success) throw new UsageError(`"${id}" is no id`);
  const question = 'A new passphrase of the sentinel, eight characters or more';
  const passphrase = await readNewPassphrases(sourcesOf(call), [question]);
  if (!passphrase.ok) return passphrase;
  const keyFile = given(values, 'key-file');
  const prepared = await prepareSentinel({ id, keyFile, passphrase: passphrase.value });
  if (prepared.ok) terminal.out(JSON.stringify(prepared.value));
  return prepared;
}

function init({ values, terminal }: Call): Result<unknown> {
  const genesis = given(values, 'genesis');
  if (!/^[0-9a-f]{64}$/.test(genesis)) throw new UsageError('--genesis has 64 hex digits');
  const [folder, keyFile] = [given(values, 'folder'), given(values, 'key-file')];
  const initialised = initialiseSentinel({ genesis, folder, keyFile });
  if (!initialised.ok) return initialised;
  const { id, key, freezeKey } = initialised.value;
  terminal.out(JSON.stringify({ id, key, freezeKey }));
  return initialised;
}

async function run(call: Call): Promise<Result<unknown>> {
  const { values, terminal } = call;
  const folder = resolve(given(values, 'folder'));
  const port = numberOf(values, 'port', PORT_MOST) ?? PORT;
  // A wrong file is found before a passphrase is asked for.
  const alarm = settingsOf(folder, values['alarm']);
  const chain = readChainSettings(terminal.environment);
  if (typeof chain === 'string') throw new UsageError(chain);
  const passphrase = await readPassphrases(sourcesOf(call), ['Passphrase of the sentinel']);
  if (!passphrase.ok) return passphrase;
  return runSentinel({
    ...{ folder, port, alarm, chain, passphrase: passphrase.value },
    server: given(values, 'server'),
    host: values['host'] ?? '127.0.0.1',
    signal: terminal.signal,
    ready: terminal.ready,
    // One JSON object a line: for the operator and his log collector.
    tell: (event) => {
      terminal.err(JSON.stringify({ at: formatTime(Math.floor(Date.now() / 1_000)), ...event }));
    },
  });
}

function status({ values, terminal }: Call): Result<unknown> {
  const opened = StateFile.open(sentinelFolder(given(values, 'folder')).state);
  if (!opened.ok) return opened;
  const file = opened.value;
  const journals = new Journals(file, () => undefined);
  const held = {
    ...file.identity,
    logSize: file.log.head()?.size ?? 0,
    mailbox: new Mailbox(file).last(),
    journals: Object.fromEntries(
      journals.wallets().map((wallet) => [wallet, journals.head(wallet).position]),
    ),
    alarms: new Alarms(
      file,
      () => 0,
      () => undefined,
    ).count(),
  };
  terminal.out(JSON.stringify(held));
  file.close();
  return ok(null);
}

/** Sends on every channel at once; who took it stands in the answer. Throws when there is no channel, or one fails. */
async function testAlarm({ values, terminal }: Call): Promise<Result<unknown>> {
  const folder = resolve(given(values, 'folder'));
  const settings = settingsOf(folder, values['alarm']);
  const channels = settings === null ? [] : channelsOf(settings, 'test');
  if (channels.length === 0)
    throw new UsageError(`there is no channel: write ${join(folder, 'alarm.json')}`);
  const at = Math.floor(Date.now() / 1_000);
  const text = 'A test of the alarm\nNothing has happened. If you read this, alarms reach you.';
  const sent = await Promise.all(
    channels.map(async (channel) => {
      try {
        await channel.send({ id: 0, at, kind: 'test', text, facts: {} });
        return { channel: channel.name, delivered: true };
      } catch (error) {
        const fault = error instanceof Error ? error.message : String(error);
        return { channel: channel.name, delivered: false, fault };
      } finally {
        channel.close();
      }
    }),
  );
  terminal.out(JSON.stringify({ channels: sent }));
  if (sent.some(({ delivered }) => !delivered)) throw new Error('a channel did not take it');
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
    case 'test-alarm':
      return testAlarm(call);
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
    terminal.err(`countersign-sentinel: ${text}${isUsage ? '; see --help' : ''}`);
    return isUsage ? USAGE : FAULT;
  }
}
