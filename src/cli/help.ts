import type { Command, Option } from './command.ts';
import { commands, everywhere } from './commands.ts';

/** The list of all commands. */
export function overview(): readonly string[] {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'countersign: propose, approve and audit transfers of a treasury',
    '',
    'Usage: countersign COMMAND [OPTIONS]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'countersign COMMAND --help shows the options of a command; countersign sentinel is a program of its own.',
    'The profile (server, genesis, member) and the keys lie in COUNTERSIGN_HOME, else in',
    './.countersign/cli where there is one, else in ~/.countersign.',
    'Exit status: 0 done, 1 fault, 2 refused (the code stands on standard error), 64 usage.',
  ];
}

/** One line: the command with its words. */
export function usage({ name, words, more = [], options }: Command): string {
  const rest = options.length > 0 ? ['[OPTIONS]'] : [];
  const maybe = more.map((one) => `[${one}]`);
  return ['Usage: countersign', name, ...words, ...maybe, ...rest].join(' ');
}

/** What `COMMAND --help` shows. */
export function helpOf(command: Command): readonly string[] {
  const options = [...command.options, ...everywhere];
  const width = Math.max(...options.map((option) => written(option).length));
  return [
    command.summary,
    '',
    usage(command),
    '',
    ...options.map((option) => {
      const again = option.many === true ? ' (may be repeated)' : '';
      return `  ${written(option).padEnd(width)}  ${option.summary}${again}`;
    }),
  ];
}

function written({ name, value }: Option): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}
