import { codes } from '../core/base/codes.ts';
import type { Facts } from '../core/base/result.ts';
import { isPlainText } from '../core/base/canonical.ts';
import { warnings } from '../core/base/warnings.ts';

/** What looks odd in a spend, in words, for whoever signs it; each with its code and facts. */
export function warningLines(
  found: readonly { readonly code: string; readonly facts: Facts }[],
): readonly string[] {
  return found.map(({ code, facts }) => `Warning: ${meaningOf(code)}${factsOf(facts)} (${code})`);
}

function meaningOf(code: string): string {
  if (Object.hasOwn(warnings, code)) return warnings[code as keyof typeof warnings];
  return Object.hasOwn(codes, code) ? codes[code as keyof typeof codes].meaning : 'unknown to us.';
}

function factsOf(facts: Facts): string {
  const text = Object.keys(facts).length === 0 ? '' : ` ${JSON.stringify(facts)}`;
  return isPlainText(text) ? text : '';
}
