import { unreachable } from '../base/assert.ts';
import type { Condition, Lock } from './condition.ts';
import { allOf, anyOf, certain, impossible } from './condition.ts';

/** Miniscript wrappers that are not short for something else (BIP 379). */
export type Wrapper = 'a' | 's' | 'c' | 'd' | 'v' | 'j' | 'n';
export type Binary = 'and_v' | 'and_b' | 'or_b' | 'or_c' | 'or_d' | 'or_i';

/**
 * A miniscript (BIP 379) without its abbreviations and without hashes, which nobody here could satisfy. Keys are their
 * positions in the descriptor.
 */
export type Fragment =
  | { readonly type: '0' | '1' }
  | { readonly type: 'pk_k' | 'pk_h'; readonly key: number }
  /** `value` as in the script: of `older` with BIP 68's flag of time. */
  | { readonly type: 'older' | 'after'; readonly value: number }
  | {
      readonly type: 'multi' | 'multi_a';
      readonly needed: number;
      readonly keys: readonly number[];
    }
  | { readonly type: 'thresh'; readonly needed: number; readonly of: readonly Fragment[] }
  | { readonly type: Binary; readonly of: readonly [Fragment, Fragment] }
  | { readonly type: 'andor'; readonly of: readonly [Fragment, Fragment, Fragment] }
  | { readonly type: 'wrap'; readonly wrapper: Wrapper; readonly of: Fragment };

/** The text of a fragment, its keys as `@0`, `@1`. */
export function textOf(fragment: Fragment): string {
  switch (fragment.type) {
    case '0':
    case '1':
      return fragment.type;
    case 'pk_k':
    case 'pk_h':
      return `${fragment.type}(@${String(fragment.key)})`;
    case 'older':
    case 'after':
      return `${fragment.type}(${String(fragment.value)})`;
    case 'multi':
    case 'multi_a': {
      const keys = fragment.keys.map((key) => `@${String(key)}`);
      return `${fragment.type}(${[String(fragment.needed), ...keys].join(',')})`;
    }
    case 'thresh':
      return `thresh(${[String(fragment.needed), ...fragment.of.map(textOf)].join(',')})`;
    case 'wrap':
      return fragment.of.type === 'wrap'
        ? `${fragment.wrapper}${textOf(fragment.of)}`
        : `${fragment.wrapper}:${textOf(fragment.of)}`;
    case 'and_v':
    case 'and_b':
    case 'or_b':
    case 'or_c':
    case 'or_d':
    case 'or_i':
    case 'andor':
      return `${fragment.type}(${fragment.of.map(textOf).join(',')})`;
    default:
      return unreachable(fragment);
  }
}

/** Every fragment within, itself first. */
export function* fragmentsOf(fragment: Fragment): Generator<Fragment, void, void> {
  yield fragment;
  if (!('of' in fragment)) return;
  for (const part of fragment.type === 'wrap' ? [fragment.of] : fragment.of)
    yield* fragmentsOf(part);
}

/** What satisfies a fragment. */
export function conditionOf(fragment: Fragment): Condition {
  switch (fragment.type) {
    case '0':
      return impossible;
    case '1':
      return certain;
    case 'pk_k':
    case 'pk_h':
      return { type: 'key', key: fragment.key };
    case 'older':
    case 'after':
      return lockOf(fragment.type, fragment.value);
    case 'multi':
    case 'multi_a': {
      const of = fragment.keys.map((key): Condition => ({ type: 'key', key }));
      return { type: 'thresh', needed: fragment.needed, of };
    }
    case 'thresh':
      return { type: 'thresh', needed: fragment.needed, of: fragment.of.map(conditionOf) };
    case 'and_v':
    case 'and_b':
      return allOf(fragment.of.map(conditionOf));
    case 'or_b':
    case 'or_c':
    case 'or_d':
    case 'or_i':
      return anyOf(fragment.of.map(conditionOf));
    case 'andor': {
      const [first, second, otherwise] = fragment.of;
      return anyOf([allOf([conditionOf(first), conditionOf(second)]), conditionOf(otherwise)]);
    }
    case 'wrap':
      return conditionOf(fragment.of);
    default:
      return unreachable(fragment);
  }
}

/** BIP 68: this bit makes the low 16 count units of 512 seconds instead of blocks. */
export const TIME_FLAG = 0x00400000;
const TIME_UNIT = 512;
/** BIP 65: below, an absolute lock is a height. */
const LOCKTIME_THRESHOLD = 500_000_000;

function lockOf(type: 'older' | 'after', value: number): Lock {
  if (type === 'after')
    return value < LOCKTIME_THRESHOLD ? { type, height: value } : { type, time: value };
  const units = value & 0xffff;
  return (value & TIME_FLAG) === 0 ? { type, blocks: units } : { type, seconds: units * TIME_UNIT };
}
