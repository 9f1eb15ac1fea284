import { parseArgs } from 'node:util';
import { z } from 'zod';
import { zoneOf } from '../../client/time-zone.ts';
import { fromUtf8 } from '../../core/base/bytes.ts';
import { explainCode } from '../../core/base/codes.ts';
import type { Refusal, Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { label, parseWith } from '../../core/base/schema.ts';
import type { PolicyBody } from '../../core/policy/body.ts';
import { deviceKinds } from '../../core/policy/body.ts';
import type { AnalysedMember } from '../../core/policy/analyse/setting.ts';
import { checkPolicy } from '../../core/policy/check.ts';
import { parsePolicyYaml, renderPolicy } from '../../core/policy/yaml.ts';

/** What the command may do with the outside. A file that cannot be read throws: the caller answers with exit 1. */
export interface PolicyCheckIo {
  /** One line of the answer, without its line end. */
  out(line: string): void;
  /** One line about what is wrong, without its line end. */
  err(line: string): void;
  readFile(path: string): Promise<Uint8Array>;
  stdin(): Promise<Uint8Array>;
}

const usage = `Usage: countersign policy check FILE [--charter FILE] [--json]

Checks that a policy file is well-formed and, with a charter, that its members can satisfy it.

  FILE             the policy (YAML); - reads standard input
  --charter FILE   the body of the charter (JSON), to check groups and quorums against
  --json           print one JSON object
  --help           print this

Exit status: 0 ok, 2 refused (the code stands on standard error), 64 wrong usage.`;

/** The part of a charter body that a policy is checked against; the charter itself is checked when it is published. */
const charterSchema = z.object({
  members: z.array(
    z.object({
      id: label,
      groups: z.array(label),
      devices: z.array(z.object({ kind: z.enum(deviceKinds) })),
      operators: z.array(label).nullable(),
    }),
  ),
  initiators: z.array(label),
});

/**
 * `countersign policy check`: `args` are what follows the command's name. Returns the exit status: 0 well-formed and
 * satisfiable, 2 a refusal with its code on `err`, 64 wrong usage.
 */
export async function run(args: readonly string[], io: PolicyCheckIo): Promise<number> {
  const asked = readArguments(args);
  if (asked === 'help') {
    io.out(usage);
    return 0;
  }
  if (asked === undefined) {
    io.err(usage);
    return 64;
  }
  const bytes = asked.file === '-' ? await io.stdin() : await io.readFile(asked.file);
  const charter = asked.charter === undefined ? undefined : await io.readFile(asked.charter);
  const checked = check(bytes, charter);
  if (!checked.ok) return answerRefusal(checked.refusal, asked.format, io);
  const sentences = renderPolicy(checked.value);
  if (asked.format === 'json')
    io.out(JSON.stringify({ ok: true, policy: checked.value, sentences }));
  else {
    sentences.forEach((sentence) => io.out(sentence));
    io.out(charter === undefined ? 'Well-formed. Not checked against a charter.' : 'Satisfiable.');
  }
  return 0;
}

interface Asked {
  readonly file: string;
  readonly charter: string | undefined;
  readonly format: 'json' | 'text';
}

function readArguments(args: readonly string[]): Asked | 'help' | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        charter: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return 'help';
    const [file] = positionals;
    if (file === undefined || positionals.length !== 1) return undefined;
    return { file, charter: values.charter, format: values.json === true ? 'json' : 'text' };
  } catch {
    return undefined; // an unknown option or a missing value
  }
}

function check(policy: Uint8Array, charter: Uint8Array | undefined): Result<PolicyBody> {
  const text = fromUtf8(policy);
  if (text === undefined) return refuse('policy.syntax', { line: 1, reason: 'not UTF-8' });
  const body = parsePolicyYaml(text, zoneOf);
  if (!body.ok || charter === undefined) return body;
  const found = readCharter(charter);
  if (!found.ok) return found;
  const { members, initiators } = found.value;
  const result = checkPolicy(body.value, {
    members,
    initiators,
    governance: null,
    custody: false,
    others: [],
  });
  return result.ok ? body : result;
}

interface CharterPart {
  readonly members: readonly AnalysedMember[];
  readonly initiators: readonly string[];
}

function readCharter(bytes: Uint8Array): Result<CharterPart> {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes) ?? '');
  } catch {
    return refuse('json.malformed', { reason: 'the charter is no JSON' });
  }
  const found = parseWith(charterSchema, value);
  if (!found.ok) return found;
  const members = found.value.members.map(({ id, groups, devices, operators }) => ({
    id,
    groups,
    kinds: devices.map((device) => device.kind),
    operators,
  }));
  return ok({ members, initiators: found.value.initiators });
}

function answerRefusal(refusal: Refusal, format: Asked['format'], io: PolicyCheckIo): number {
  const { code, facts } = refusal;
  if (format === 'json') io.out(JSON.stringify({ ok: false, refusal: { code, facts } }));
  const { meaning, action } = explainCode(code);
  io.err(`${code}: ${meaning} ${action}`);
  for (const [name, value] of Object.entries(facts)) io.err(`  ${name}: ${JSON.stringify(value)}`);
  return 2;
}
