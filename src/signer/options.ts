import { parseArgs } from 'node:util';
import type { Network } from '../core/wallet/network.ts';
import { networkNames } from '../core/wallet/network.ts';
import type { AccountUse } from '../keys/account-key.ts';
import type { Unlockers } from '../keys/key-file.ts';
import type { ModulePlace } from '../keys/module-place.ts';

/** A command line that cannot be meant: exit status 64. */
export class UsageError extends Error {}

interface CommandText {
  readonly name:
    'prepare' | 'init' | 'run' | 'status' | 'unlockers' | 'backup' | 'restore' | 'decide';
  readonly summary: string;
  /** What the word behind it is. */
  readonly word?: string;
  /** Name, value (empty: a switch) and explanation of each option; all are required but those that say otherwise. */
  readonly options: readonly (readonly [string, string, string])[];
}

const passphrase = [
  'passphrase-fd',
  'N,N',
  'optional: read passphrases, a line each, from these descriptors; else COUNTERSIGN_PASSPHRASE, else asked',
] as const;

const pin = [
  'pin-fd',
  'N',
  'optional: read the PIN of the module from this descriptor; else COUNTERSIGN_PIN, else asked',
] as const;

const unlockers = ['unlockers', 'NAME,NAME', 'the people who open the key file'] as const;
const needed = ['needed', 'N', 'how many of them it takes'] as const;

export const commands: readonly CommandText[] = [
  {
    name: 'prepare',
    summary: 'make the hot key and the receipt key of a new wallet; print what is public of them',
    options: [
      ['wallet', 'ID', 'the wallet they are for'],
      ['key-file', 'FILE', 'new encrypted file that will hold them'],
      ['network', 'NAME', networkNames.join(', ')],
      ['type', 'TYPE', 'wpkh for the hot key alone, wsh for multisig'],
      [unlockers[0], unlockers[1], `optional: ${unlockers[2]}, each by a passphrase of his own`],
      [
        'module',
        'FILE',
        'optional: library (PKCS#11) of a hardware module that makes and keeps the hot key',
      ],
      ['token', 'LABEL', 'optional: its token; with --module'],
      ['object', 'LABEL', 'optional: name of the key there; with --module'],
      pin,
      [needed[0], needed[1], `optional: ${needed[2]}; 2 or more for wallets held for others`],
      passphrase,
    ],
  },
  {
    name: 'init',
    summary: 'bind the keys to one organisation and wallet and create the journal, once',
    options: [
      ['genesis', 'DIGEST', 'digest of the genesis charter: compare it, then type it in full'],
      ['wallet', 'ID', 'the wallet'],
      ['folder', 'DIRECTORY', "the signer's own folder"],
      ['charter', 'FILE', 'the genesis charter, canonical JSON'],
      ['wallet-document', 'FILE', 'the document of the wallet, canonical JSON'],
      ['key-file', 'FILE', 'what prepare made; it is moved into the folder'],
      passphrase,
    ],
  },
  {
    name: 'run',
    summary: 'follow the log, decide, sign, and post receipts until it is stopped',
    options: [
      ['folder', 'DIRECTORY', "the signer's folder"],
      ['server', 'URL', 'where the log is read and receipts are posted'],
      ['sentinels', 'ID=URL,…', 'optional: where the sentinels of the charter answer'],
      passphrase,
      pin,
    ],
  },
  {
    name: 'status',
    summary: 'verify the journal and print what it holds',
    options: [['folder', 'DIRECTORY', "the signer's folder"]],
  },
  {
    name: 'decide',
    summary:
      'without network: verify a package and tell what the signer would decide and why; with --sign, do it',
    word: 'FILE',
    options: [
      ['genesis', 'DIGEST', 'digest of the genesis charter: compare it, then type it in full'],
      ['wallet', 'ID', 'the wallet'],
      ['folder', 'DIRECTORY', "optional: the signer's folder; its journal is followed on"],
      ['proposal', 'DIGEST', 'optional: this one alone; else all that are open'],
      ['at', 'TIME', 'optional: YYYY-MM-DDTHH:MM:SSZ instead of the clock, to look ahead'],
      ['json', '', 'optional: print one JSON object'],
      ['sign', '', 'optional: act as one round of the running signer; with --folder and --out'],
      ['wait', 'SECONDS', 'optional: with --sign, go on so long: delays run while it does'],
      [
        'out',
        'FILE',
        'optional: new file for the receipts; hand it in by countersign receipts post',
      ],
      passphrase,
      pin,
    ],
  },
  {
    name: 'backup',
    summary: 'copy journal and key file of the stopped signer; good until it runs again',
    options: [
      ['folder', 'DIRECTORY', "the signer's folder"],
      ['out', 'FILE', 'new file of the journal; the key file goes beside it, as FILE.keys.json'],
    ],
  },
  {
    name: 'restore',
    summary: 'put a backup in the place of a lost journal, where the log holds nothing newer',
    options: [
      ['folder', 'DIRECTORY', "the signer's folder, without a journal"],
      ['from', 'FILE', 'what backup wrote'],
      ['server', 'URL', 'where the log is read'],
      passphrase,
    ],
  },
  {
    name: 'unlockers',
    summary:
      'change who opens the key file, or a passphrase: the unlockers of now type first, then the new ones',
    options: [
      ['folder', 'DIRECTORY', "the signer's folder; the signer is stopped"],
      unlockers,
      needed,
      ['renew', 'NAME,NAME', 'optional: who of those that stay types a new passphrase'],
      passphrase,
    ],
  },
];

export function helpText(): string {
  const lines = ['countersign-signer: holds the hot key of one wallet and decides alone', ''];
  for (const { name, summary, options, word } of commands) {
    const usage = word === undefined ? name : `${name} ${word}`;
    lines.push(`  countersign-signer ${usage}`, `      ${summary}`);
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
  /** Behind the command, where it takes a word. */
  readonly word: string;
}

/** The command and its options. Throws {@link UsageError}. */
export function parseOptions(args: readonly string[]): Parsed {
  const [first = 'help', ...rest] = args;
  if (['help', '--help', '-h'].includes(first) || rest.includes('--help'))
    return { command: 'help', values: {}, word: '' };
  const command = commands.find(({ name }) => name === first);
  if (command === undefined) throw new UsageError(`there is no command "${first}"`);
  const options = Object.fromEntries(
    command.options.map(([name, value]) => [
      name,
      { type: value === '' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  let values: Values;
  let words: readonly string[];
  try {
    const allowPositionals = command.word !== undefined;
    const found = parseArgs({ args: rest, options, strict: true, allowPositionals });
    words = found.positionals;
    values = Object.fromEntries(
      Object.entries(found.values).map(([name, value]) => [name, String(value)]),
    );
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const [word = ''] = words;
  if (command.word !== undefined && (word === '' || words.length > 1))
    throw new UsageError(`${command.name} takes one ${command.word}`);
  for (const [name, , text] of command.options)
    if (!text.startsWith('optional') && values[name] === undefined)
      throw new UsageError(`${command.name} needs --${name}`);
  return { command: command.name, values, word };
}

/** Where in a hardware module a key is to be made, or undefined. */
export function modulePlaceIn(values: Values): ModulePlace | undefined {
  const { module, token, object } = values;
  if (module === undefined && token === undefined && object === undefined) return undefined;
  if (module === undefined || token === undefined || object === undefined)
    throw new UsageError('--module, --token and --object are given together');
  if (values['type'] !== 'wsh')
    throw new UsageError('a key in a module stands in multisig: --type wsh');
  return { module, token, object };
}

/** A required option. */
export function given(values: Values, name: string): string {
  const value = values[name];
  if (value === undefined) throw new UsageError(`--${name} is missing`);
  return value;
}

export function networkOf(values: Values): Network {
  const name = given(values, 'network');
  const found = networkNames.find((network) => network === name);
  if (found === undefined) throw new UsageError(`--network is one of ${networkNames.join(', ')}`);
  return found;
}

export function useOf(values: Values): AccountUse {
  const use = given(values, 'type');
  if (use !== 'wpkh' && use !== 'wsh') throw new UsageError('--type is wpkh or wsh');
  return use;
}

/** A whole number given as an option, or undefined. */
export function numberOf(values: Values, name: string): number | undefined {
  const text = values[name];
  return text === undefined ? undefined : numberIn(text, name);
}

/** The descriptors that passphrases, or a PIN, are read from. */
export function descriptorsOf(
  values: Values,
  name: 'passphrase-fd' | 'pin-fd' = 'passphrase-fd',
): readonly number[] {
  return listOf(values, name).map((text) => numberIn(text, name));
}

/** Names given with commas between them. */
export function listOf(values: Values, name: string): readonly string[] {
  return values[name]?.split(',') ?? [];
}

function numberIn(text: string, name: string): number {
  if (!/^[0-9]{1,4}$/.test(text)) throw new UsageError(`--${name} is a small number`);
  return Number(text);
}

/** Who is to open a key file, or undefined where nobody is named. */
export function unlockersIn(values: Values): Unlockers | undefined {
  const names = listOf(values, 'unlockers');
  const needed = numberOf(values, 'needed');
  if (names.length === 0 && needed === undefined) return undefined;
  if (names.length === 0 || needed === undefined)
    throw new UsageError('--unlockers and --needed are given together');
  return { names, needed };
}

/** Where sentinels answer, by their id in the charter. */
export function sentinelsIn(values: Values): ReadonlyMap<string, string> {
  const given = (values['sentinels'] ?? '').split(',').filter((text) => text !== '');
  const pairs = given.map((text) => {
    const [, id, url] = /^([a-z0-9][a-z0-9._-]*)=(https?:\/\/.+)$/.exec(text) ?? [];
    if (id === undefined || url === undefined || !URL.canParse(url))
      throw new UsageError('--sentinels is a list as watch-1=https://sentinel.example:7443');
    return [id, url] as const;
  });
  if (new Set(pairs.map(([id]) => id)).size !== pairs.length)
    throw new UsageError('--sentinels names one twice');
  return new Map(pairs);
}
