import type { RefusalCode } from './codes.ts';

/** One value among a refusal's facts: what the code was decided on, as JSON without nesting beyond a list. */
export type Fact = string | number | boolean | null | readonly string[] | readonly number[];
export type Facts = Readonly<Record<string, Fact>>;

/**
 * A "no" with its reason. Refusals are returned, never thrown: a thrown error is a fault (the outside failed)
 * or a bug. `code` is of the registry in codes.ts; `facts` are the values it was decided on.
 */
export interface Refusal {
  readonly code: RefusalCode;
  readonly facts: Facts;
}

export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

/** A passed check with its value. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** A refusal with the registry's code and the facts it was decided on. */
export function refuse(
  code: RefusalCode,
  facts: Facts = {},
): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: { code, facts } };
}
