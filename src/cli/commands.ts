import type { Command, Option } from './command.ts';
import { evidence } from './command-tables/evidence.ts';
import { files } from './command-tables/files.ts';
import { governing } from './command-tables/governing.ts';
import { keys } from './command-tables/keys.ts';
import { proposing } from './command-tables/proposing.ts';
import { wallets } from './command-tables/wallets.ts';

/** Options of every command. */
export const everywhere: readonly Option[] = [
  { name: 'json', summary: 'print one JSON object' },
  { name: 'help', summary: 'show this' },
];

/** Every command of `countersign`. Shown by --help, parsed by arguments.ts, compared with the documentation by a test. */
export const commands: readonly Command[] = [
  ...proposing,
  ...wallets,
  ...evidence,
  ...governing,
  ...keys,
  ...files,
];
