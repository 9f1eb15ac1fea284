import { parseArgs } from 'node:util';
import type { Call, Command } from './command.ts';
import { UsageError } from './command.ts';
import { commands, everywhere } from './commands.ts';
import type { Io } from './io.ts';

/** The command that the first words name, and what is left of them. Undefined when they name none. */
export function findCommand(
  typed: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  for (const length of [2, 1]) {
    const name = typed.slice(0, length).join(' ');
    const command = commands.find((one) => one.name === name);
    if (command !== undefined) return { command, rest: typed.slice(length) };
  }
  return undefined;
}

/** What follows the command's name, held against the table. Throws {@link UsageError}. */
export function parseCall(command: Command, rest: readonly string[], io: Io): Call {
  const options = Object.fromEntries(
    [...command.options, ...everywhere].map(({ name, value }) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: true },
    ]),
  );
  let parsed;
  try {
    parsed = parseArgs({ args: [...rest], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  const all = (name: string): readonly (string | boolean)[] => {
    const found = values[name];
    return Array.isArray(found) ? found : [];
  };
  const texts = (name: string) => all(name).filter((value) => typeof value === 'string');
  for (const { name, many } of command.options)
    if (many === undefined && all(name).length > 1)
      throw new UsageError(`--${name} stands there twice`);
  const help = all('help').length > 0;
  const { words, more = [] } = command;
  const fits =
    positionals.length >= words.length && positionals.length <= words.length + more.length;
  if (!help && !fits)
    throw new UsageError(
      words.length + more.length === 0
        ? `it takes no further words, but "${positionals[0] ?? ''}" was given`
        : `it takes ${[...words, ...more.map((name) => `[${name}]`)].join(' ')}`,
    );
  return {
    io,
    words: positionals,
    texts,
    text: (name) => texts(name)[0],
    has: (name) => all(name).length > 0,
  };
}
