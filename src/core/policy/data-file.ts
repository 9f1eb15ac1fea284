import { canonicalBytes, parseCanonical } from '../base/canonical.ts';
import { JSON_DEPTH } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { readYaml } from './parse-yaml.ts';

/**
 * The data of a file that people write beside a policy (a charter, a spend): JSON as programs write it, or the narrow
 * YAML of policy files. Requires that the caller has bounded its size. Refuses what is neither with `file.syntax` (its
 * line and reason), and JSON that our objects cannot hold with `json.depth`, `json.number`, `json.text`.
 */
export function readDataFile(text: string): Result<unknown> {
  const json = jsonOf(text);
  if (json !== undefined) {
    if (isDeeper(json, JSON_DEPTH)) return refuse('json.depth', { most: JSON_DEPTH });
    return parseCanonical(canonicalBytes(json));
  }
  const tree = readYaml(text);
  return tree.ok ? ok(tree.value.value) : refuse('file.syntax', tree.refusal.facts);
}

/** Undefined for what is no JSON, and for scalars, which both forms write alike. */
function jsonOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return most < 0 || Object.values(value).some((one) => isDeeper(one, most - 1));
}
