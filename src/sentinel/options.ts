import { parseArgs } from 'node:util';

/** A command line that cannot be meant: exit status 64. */
export class UsageError extends Error {}

interface CommandText {
  readonly name: 'prepare' | 'init' | 'run' | 'status' | 'test-alarm';
  readonly summary: string;
  /** Name, value and explanation of each option; all are required but those that say otherwise. */
  readonly options: readonly (readonly [string, string, string])[];
}

const folder = ['folder', 'DIRECTORY', "the sentinel's own folder"] as const;
const passphrase = [
  'passphrase-fd',
  'N',
  'optional: read the passphrase from this descriptor; else COUNTERSIGN_PASSPHRASE, else asked',
] as const;
const alarm = [
  'alarm',
  'FILE',
  'optional: where people are told, by mail and webhook (default: alarm.json of the folder, if there)',
] as const;

export const commands: readonly CommandText[] = [
  {
    name: 'prepare',
    summary: 'make the keys of a new sentinel; print its entry for the charter',
    options: [
      ['id', 'ID', 'as the charter will name it'],
      ['key-file', 'FILE', 'new encrypted file that will hold them'],
      passphrase,
    ],
  },
  {
    name: 'init',
    summary: 'make its state for one organisation, once; print its entry for the charter again',
    options: [
      ['genesis', 'DIGEST', 'digest of the genesis charter: compare it, then type it in full'],
      folder,
      ['key-file', 'FILE', 'what prepare made; it is moved into the folder'],
    ],
  },
  {
    name: 'run',
    summary:
      'follow the log, cosign, take every "no", watch the chain that the variables CHAIN, NETWORK, BITCOIN_RPC_URL, … name, tell people, until it is stopped',
    options: [
      folder,
      ['server', 'URL', 'where the log is read'],
      ['host', 'ADDRESS', 'optional: to listen on (default: 127.0.0.1)'],
      ['port', 'PORT', 'optional: to listen on (default: 3100)'],
      alarm,
      passphrase,
    ],
  },
  {
    name: 'status',
    summary: 'print what the state of a stopped sentinel holds',
    options: [folder],
  },
  {
    name: 'test-alarm',
    summary: 'send a test message on every channel, and say which of them took it',
    options: [folder, alarm],
  },
];

export function helpText(): string {
  const lines = ['countersign-sentinel: sees what the server does, and can only say no', ''];
  for (const { name, summary, options } of commands) {
    lines.push(`  countersign-sentinel ${name}`, `      ${summary}`);
    for (const [option, value, text] of options)
      lines.push(`      ${`--${option} ${value}`.padEnd(28)} ${text}`);
    lines.push('');
  }
  lines.push('Exit status: 0 done, 1 a fault, 2 refused with a code, 64 usage.');
  return lines.join('\n');
}

export type Values = Readonly<Record<string, string | undefined>>;

export interface Parsed {
  readonly command: CommandText['name'] | 'help';
  readonly values: Values;
}

/** The command and its options. Throws {@link UsageError}. */
export function parseOptions(args: readonly string[]): Parsed {
  const [first = 'help', ...rest] = args;
  if (['help', '--help', '-h'].includes(first) || rest.includes('--help'))
    return { command: 'help', values: {} };
  const command = commands.find(({ name }) => name === first);
  if (command === undefined) throw new UsageError(`there is no command "${first}"`);
  const options = Object.fromEntries(
    command.options.map(([name]) => [name, { type: 'string' as const }]),
  );
  let values: Values;
  try {
    ({ values } = parseArgs({ args: rest, options, strict: true, allowPositionals: false }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  for (const [name, , text] of command.options)
    if (!text.startsWith('optional') && values[name] === undefined)
      throw new UsageError(`${command.name} needs --${name}`);
  return { command: command.name, values };
}

/** A required option. */
export function given(values: Values, name: string): string {
  const value = values[name];
  if (value === undefined) throw new UsageError(`--${name} is missing`);
  return value;
}

/** A whole number up to a bound, or undefined. */
export function numberOf(values: Values, name: string, most: number): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const number = /^[0-9]{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(number <= most)) throw new UsageError(`--${name} is a number up to ${String(most)}`);
  return number;
}
