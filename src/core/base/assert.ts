/**
 * States what must be true by construction. A failure is a bug in Countersign, never bad input: bad input is
 * a {@link Refusal}. Throws an Error whose message names the broken invariant.
 */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`bug: ${invariant}`);
}

/** The default of an exhaustive switch: reached only when a case was forgotten. Always throws. */
export function unreachable(value: never): never {
  throw new Error(`bug: unhandled case ${JSON.stringify(value)}`);
}
