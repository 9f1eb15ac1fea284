import { zoneOf } from '../../client/time-zone.ts';
import { fromUtf8 } from '../../core/base/bytes.ts';
import { BLOB_BYTES } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok } from '../../core/base/result.ts';
import { parsePolicyYaml } from '../../core/policy/yaml.ts';
import type { Call, Run } from '../command.ts';
import { Fault, UsageError, required, word } from '../command.ts';
import { Desk } from '../desk.ts';
import { placeOf } from '../document-place.ts';
import { jsonOf, readInput } from '../files.ts';
import { proposeVersion } from '../govern.ts';
import { nextVersion } from '../version.ts';

/** Makes the next version of a document from a file, shows what it changes, publishes and signs it. */
export const run: Run = async (call) => {
  const kind = required(call, 'kind');
  if (kind !== 'policy') placeOf(call, kind);
  const body = await bodyOf(call, kind);
  if (!body.ok) return body;
  const place =
    kind === 'policy'
      ? { kind: 'policy' as const, id: walletOf(call, body.value) }
      : placeOf(call, kind);
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const version = nextVersion(followed.value.state, place, body.value);
  if (!version.ok) return version;
  return proposeVersion(call, desk, { followed: followed.value, version: version.value });
};

/** A policy as YAML or as its normalised JSON; every other body as JSON. Codes: those of parsePolicyYaml. */
async function bodyOf(call: Call, kind: string): Promise<Result<unknown>> {
  const file = word(call, 0);
  const text = fromUtf8(await readInput(call.io, file, BLOB_BYTES));
  if (text === undefined) throw new Fault(`${file} is not UTF-8`);
  const json = jsonOf(text);
  if (typeof json === 'object' && json !== null) return ok(json);
  if (kind === 'policy') return parsePolicyYaml(text, zoneOf);
  throw new Fault(`${file} is no JSON: begin with what "documents body ${kind}" prints`);
}

/** The wallet that the policy itself names; --wallet may say it again. */
function walletOf(call: Call, body: unknown): string {
  const named = call.text('wallet');
  const wallet =
    typeof body === 'object' && body !== null && 'wallet' in body ? body.wallet : undefined;
  if (typeof wallet !== 'string') throw new UsageError('the policy names no wallet');
  if (named !== undefined && named !== wallet)
    throw new UsageError(`the policy is of wallet ${wallet}, not of ${named}`);
  return wallet;
}
