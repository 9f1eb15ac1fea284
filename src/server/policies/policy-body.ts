import { z } from 'zod';
import { JSON_DEPTH } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { refuse } from '../../core/base/result.ts';
import type { PolicyBody } from '../../core/policy/body.ts';
import { parsePolicyBody } from '../../core/policy/body.ts';

/** A normalised body as it is posted: core's own schema is held against it by {@link readPolicy}, and cannot be described. */
export const postedPolicy = z.record(z.string(), z.unknown());
export type PostedPolicy = z.output<typeof postedPolicy>;

/** The policy that was posted. Codes: `json.depth`, `schema.mismatch`. */
export function readPolicy(posted: PostedPolicy): Result<PolicyBody> {
  return isDeeper(posted, JSON_DEPTH)
    ? refuse('json.depth', { most: JSON_DEPTH })
    : parsePolicyBody(posted);
}

/** Looks no deeper than it must. */
function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return most < 0 || Object.values(value).some((one) => isDeeper(one, most - 1));
}
