import { zoneOf } from '../client/time-zone.ts';
import { fromUtf8 } from '../core/base/bytes.ts';
import { BLOB_BYTES, POLICY_TEXT_LENGTH } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { refuse } from '../core/base/result.ts';
import type { BookEntry } from '../core/policy/analyse/setting.ts';
import { parseBookFile } from '../core/policy/book-file.ts';
import type { PolicyBody } from '../core/policy/body.ts';
import type { CharterFile } from '../core/policy/charter-file.ts';
import { parseCharterFile } from '../core/policy/charter-file.ts';
import { parsePolicyYaml } from '../core/policy/yaml.ts';
import { readInput } from './files.ts';
import type { Io } from './io.ts';

/** The files that the tools over policies are given; `-` is standard input. Each throws where there is no such file. */

/** Codes: those of parsePolicyYaml. */
export async function readPolicyFile(io: Io, name: string): Promise<Result<PolicyBody>> {
  const text = fromUtf8(await readInput(io, name, POLICY_TEXT_LENGTH));
  if (text === undefined) return refuse('policy.syntax', { line: 1, reason: 'not UTF-8' });
  return parsePolicyYaml(text, zoneOf);
}

/** With the deputies who stand now, as seen from a wallet. Codes: those of parseCharterFile. */
export async function readCharterFile(
  io: Io,
  name: string,
  wallet: string,
): Promise<Result<CharterFile>> {
  const text = fromUtf8(await readInput(io, name, BLOB_BYTES));
  if (text === undefined) return refuse('file.syntax', { line: 1, reason: 'not UTF-8' });
  return parseCharterFile(text, { at: io.now(), wallet });
}

/** Codes: those of parseBookFile. */
export async function readBookFile(io: Io, name: string): Promise<Result<readonly BookEntry[]>> {
  const text = fromUtf8(await readInput(io, name, BLOB_BYTES));
  if (text === undefined) return refuse('file.syntax', { line: 1, reason: 'not UTF-8' });
  return parseBookFile(text);
}
