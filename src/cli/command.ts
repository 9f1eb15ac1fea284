import type { Refusal, Result } from '../core/base/result.ts';
import type { Io } from './io.ts';

/** An option of the table. Without `value` it is a switch. */
export interface Option {
  readonly name: string;
  /** What stands for its value in the usage. */
  readonly value?: string;
  readonly many?: true;
  readonly summary: string;
}

/** A command of the table: the source of parsing, of --help and of what the documentation is checked against. */
export interface Command {
  /** One or two words. */
  readonly name: string;
  readonly summary: string;
  /** Names of the words that follow, all required. */
  readonly words: readonly string[];
  /** Names of words that may follow these. */
  readonly more?: readonly string[];
  readonly options: readonly Option[];
  readonly work:
    | { readonly load: () => Promise<{ readonly run: Run }> }
    /** Reads its own arguments and prints its own answers: needs no profile, no key and no server. */
    | { readonly plain: (args: readonly string[], io: Io) => Promise<number> };
}

/** What was typed, checked against the table. */
export interface Call {
  readonly io: Io;
  readonly words: readonly string[];
  /** Value of an option, or undefined. */
  readonly text: (name: string) => string | undefined;
  readonly texts: (name: string) => readonly string[];
  readonly has: (name: string) => boolean;
}

/** A result: one JSON object for programs, lines for people. */
export interface Output {
  readonly json: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
  /** Where the answer that was asked for is a "no": these stand on standard error, and the exit status is 2. */
  readonly refusals?: readonly Refusal[];
}

export type Run = (call: Call) => Promise<Result<Output>>;

/** What was typed is no call of the command: exit status 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A fault whose message says what to do; no stack trace is shown. */
export class Fault extends Error {
  override readonly name = 'Fault';
}

/** The value of an option that the command cannot do without. */
export function required(call: Call, option: string): string {
  const value = call.text(option);
  if (value === undefined || value === '') throw new UsageError(`--${option} is missing`);
  return value;
}

/** The word at a place; the table's count was checked when it was parsed. */
export function word(call: Call, at: number): string {
  const value = call.words[at];
  if (value === undefined) throw new UsageError('a word is missing');
  return value;
}

/** A whole number from 1 on, or undefined when the option is not there. */
export function wholeNumber(call: Call, option: string): number | undefined {
  const value = call.text(option);
  if (value === undefined) return undefined;
  if (!/^[1-9][0-9]{0,8}$/.test(value))
    throw new UsageError(`--${option} takes a whole number from 1 on`);
  return Number(value);
}
