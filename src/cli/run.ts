import { HttpFault } from '../client/http.ts';
import { explainCode } from '../core/base/codes.ts';
import type { Fact, Refusal } from '../core/base/result.ts';
import { findCommand, parseCall } from './arguments.ts';
import { commands } from './commands.ts';
import type { Call, Command, Run } from './command.ts';
import { Fault, UsageError } from './command.ts';
import { helpOf, overview, usage } from './help.ts';
import type { Io } from './io.ts';

/** Exit statuses (design 3, "Refusal codes"; 64 is EX_USAGE). */
export const exits = { done: 0, fault: 1, refused: 2, usage: 64 } as const;

/** Runs what was typed. Returns the exit status; nothing is thrown but bugs. */
export async function run(typed: readonly string[], io: Io): Promise<number> {
  const [first] = typed;
  if (first === undefined || first === '--help' || first === 'help') {
    for (const line of overview()) io.out(line);
    return first === undefined ? exits.usage : exits.done;
  }
  const found = findCommand(typed);
  if (found === undefined) {
    const known = commands.filter(({ name }) => name.startsWith(`${first} `));
    if (known.length === 0) io.say(`There is no command "${typed.slice(0, 2).join(' ')}".`);
    for (const { name, summary } of known) io.say(`  ${name}: ${summary}`);
    io.say('countersign --help lists all commands.');
    return exits.usage;
  }
  const { command, rest } = found;
  try {
    if ('plain' in command.work) return await command.work.plain(rest, io);
    return await perform(command.work.load, parseCall(command, rest, io), command);
  } catch (error) {
    return complain(error, {
      io,
      command,
      json: typed.includes('--json') ? 'json' : 'text',
    });
  }
}

async function perform(
  load: () => Promise<{ readonly run: Run }>,
  call: Call,
  command: Command,
): Promise<number> {
  const { io } = call;
  if (call.has('help')) {
    for (const line of helpOf(command)) io.out(line);
    return exits.done;
  }
  const { run: work } = await load();
  const result = await work(call);
  if (result.ok) {
    const { json, lines, refusals = [] } = result.value;
    const isYes = refusals.length === 0;
    if (call.has('json')) io.out(JSON.stringify({ ok: isYes, ...json }));
    else for (const line of lines) io.out(line);
    for (const line of refusals.flatMap(refusalLines)) io.say(line);
    return isYes ? exits.done : exits.refused;
  }
  const { code, facts } = result.refusal;
  if (call.has('json')) io.out(JSON.stringify({ ok: false, refusal: { code, facts } }));
  for (const line of refusalLines(result.refusal)) io.say(line);
  return exits.refused;
}

/** Code, meaning, facts, and what the person should do. */
export function refusalLines({ code, facts }: Refusal): readonly string[] {
  const { meaning, action } = explainCode(code);
  const known = Object.entries(facts).map(([name, fact]) => `  ${name}: ${factText(fact)}`);
  return [`${code}: ${meaning}`, ...known, action];
}

// A fact may be what a stranger wrote: control characters would rewrite the terminal.
function factText(fact: Fact): string {
  const text = Array.isArray(fact) ? fact.join(', ') : String(fact);
  return text.replace(/[^\P{C}]/gu, '\ufffd');
}

function complain(
  error: unknown,
  {
    io,
    command,
    json,
  }: { readonly io: Io; readonly command: Command; readonly json: 'json' | 'text' },
): number {
  if (error instanceof UsageError) {
    io.say(`${command.name}: ${error.message}`);
    io.say(usage(command));
    return exits.usage;
  }
  const lines = faultLines(error);
  if (json === 'json') io.out(JSON.stringify({ ok: false, fault: lines[0] ?? '' }));
  for (const line of lines) io.say(line);
  return exits.fault;
}

/** What failed and what to do about it. A bug keeps its stack: it is ours to read. */
function faultLines(error: unknown): readonly string[] {
  if (error instanceof Fault) return [error.message];
  if (error instanceof HttpFault) {
    const next = {
      unreachable: 'Is the server running? Start it by: npm start',
      timeout: 'The server is busy or hangs. Try again, or look at its log.',
      answer: 'That is no answer of this API. Check --server, and that both are of one version.',
    };
    return [error.message, next[error.kind]];
  }
  if (!(error instanceof Error)) return [String(error)];
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return [`There is no file ${path ?? ''}`];
  if (code === 'EACCES') return [`No permission for ${path ?? ''}`];
  if (code !== undefined) return [error.message];
  return [`A bug of countersign: ${error.message}`, error.stack ?? ''];
}
