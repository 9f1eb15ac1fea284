import { unreachable } from '../base/assert.ts';
import type { Fragment } from './fragment.ts';
import type { ScriptContext } from './script.ts';

/** An item of a witness: a signature or public key by its position in the descriptor, or what reads as false or true. */
export type Item =
  | { readonly type: 'signature' | 'publicKey'; readonly key: number }
  | { readonly type: 'zero' | 'one' };

/** Items from the lowest, which is pushed first. */
export interface Stack {
  readonly items: readonly Item[];
  readonly cost: number;
  readonly hasSignature: boolean;
}

/** Which satisfaction is sought. */
export interface Search {
  /** Whether the signature of a key is there. */
  readonly has: (key: number) => boolean;
  /** What an item costs. */
  readonly cost: (item: Item) => number;
  readonly prefer: 'cheapest' | 'dearest';
}

interface Ways {
  readonly satisfied: Stack | null;
  readonly dissatisfied: Stack | null;
}

/**
 * How a script is satisfied by signatures alone, without waiting; null when it is not. Requires a sane miniscript, or a
 * multi that stands alone. Only the canonical ways of BIP 379 ("Satisfaction") are looked at: in a sane miniscript all
 * others are malleable and never needed. Takes time in the square of the script.
 */
export function satisfactionOf(fragment: Fragment, search: Search): Stack | null {
  return waysOf(fragment, search).satisfied;
}

/** Longest DER signature with low S (BIP 146), longest of BIP 340, each with its sighash byte. */
export const ECDSA_BYTES = 72;
export const SCHNORR_BYTES = 65;

/** Bytes of an item in a witness, its length before it. */
export function itemBytes({ type }: Item, context: ScriptContext): number {
  switch (type) {
    case 'signature':
      return 1 + (context === 'leaf' ? SCHNORR_BYTES : ECDSA_BYTES);
    case 'publicKey':
      return 1 + (context === 'leaf' ? 32 : 33);
    case 'zero':
      return 1;
    case 'one':
      return 2;
    default:
      return unreachable(type);
  }
}

/** The largest that {@link satisfactionOf} can be asked for, its cost in bytes; null when none needs no waiting. */
export function dearestOf(fragment: Fragment, context: ScriptContext): Stack | null {
  return satisfactionOf(fragment, {
    has: () => true,
    cost: (item) => itemBytes(item, context),
    prefer: 'dearest',
  });
}

const nothing: Stack = { items: [], cost: 0, hasSignature: false };

function itemOf(item: Item, { cost }: Search): Stack {
  return { items: [item], cost: cost(item), hasSignature: item.type === 'signature' };
}

function signatureOf(key: number, search: Search): Stack | null {
  return search.has(key) ? itemOf({ type: 'signature', key }, search) : null;
}

/** What is above is read first. */
function join(below: Stack | null, above: Stack | null): Stack | null {
  if (below === null || above === null) return null;
  return {
    items: [...below.items, ...above.items],
    cost: below.cost + above.cost,
    hasSignature: below.hasSignature || above.hasSignature,
  };
}

/** Where one way needs no signature, anybody could put it in the place of the other: it is the one. */
function choose(a: Stack | null, b: Stack | null, { prefer }: Search): Stack | null {
  if (a === null || b === null) return a ?? b;
  if (a.hasSignature !== b.hasSignature) return a.hasSignature ? b : a;
  return (prefer === 'cheapest') === a.cost <= b.cost ? a : b;
}

function waysOf(fragment: Fragment, search: Search): Ways {
  const zero = itemOf({ type: 'zero' }, search);
  switch (fragment.type) {
    case '0':
      return { satisfied: null, dissatisfied: nothing };
    case '1':
      return { satisfied: nothing, dissatisfied: null };
    case 'pk_k':
      return { satisfied: signatureOf(fragment.key, search), dissatisfied: zero };
    case 'pk_h': {
      const key = itemOf({ type: 'publicKey', key: fragment.key }, search);
      return {
        satisfied: join(signatureOf(fragment.key, search), key),
        dissatisfied: join(zero, key),
      };
    }
    case 'older':
    case 'after':
      return { satisfied: null, dissatisfied: null };
    case 'multi':
      return waysOfMulti(fragment.needed, fragment.keys, search);
    case 'multi_a': {
      const parts = fragment.keys.map((key) => ({
        satisfied: signatureOf(key, search),
        dissatisfied: zero,
      }));
      return waysOfThresh(fragment.needed, parts, search);
    }
    case 'thresh': {
      const parts = fragment.of.map((part) => waysOf(part, search));
      return waysOfThresh(fragment.needed, parts, search);
    }
    case 'wrap':
      return waysOfWrapped(fragment, search);
    case 'and_v':
    case 'and_b':
    case 'or_b':
    case 'or_c':
    case 'or_d':
    case 'or_i':
    case 'andor':
      return waysOfCombined(fragment, search);
    default:
      return unreachable(fragment);
  }
}

function waysOfWrapped({ wrapper, of }: Extract<Fragment, { type: 'wrap' }>, search: Search): Ways {
  const { satisfied, dissatisfied } = waysOf(of, search);
  switch (wrapper) {
    case 'a':
    case 's':
    case 'c':
    case 'n':
      return { satisfied, dissatisfied };
    case 'd':
      return {
        satisfied: join(satisfied, itemOf({ type: 'one' }, search)),
        dissatisfied: itemOf({ type: 'zero' }, search),
      };
    case 'j':
      return { satisfied, dissatisfied: itemOf({ type: 'zero' }, search) };
    case 'v':
      return { satisfied, dissatisfied: null };
    default:
      return unreachable(wrapper);
  }
}

type Combined = Extract<Fragment, { of: readonly [Fragment, Fragment, ...Fragment[]] }>;

function waysOfCombined(fragment: Combined, search: Search): Ways {
  const x = waysOf(fragment.of[0], search);
  const y = waysOf(fragment.of[1], search);
  const both = join(y.satisfied, x.satisfied);
  const neither = join(y.dissatisfied, x.dissatisfied);
  const second = join(y.satisfied, x.dissatisfied);
  switch (fragment.type) {
    case 'and_v':
      return { satisfied: both, dissatisfied: null };
    case 'and_b':
      return { satisfied: both, dissatisfied: neither };
    case 'or_b':
      return {
        satisfied: choose(join(y.dissatisfied, x.satisfied), second, search),
        dissatisfied: neither,
      };
    case 'or_c':
      return { satisfied: choose(x.satisfied, second, search), dissatisfied: null };
    case 'or_d':
      return { satisfied: choose(x.satisfied, second, search), dissatisfied: neither };
    case 'or_i': {
      const left = itemOf({ type: 'one' }, search);
      const right = itemOf({ type: 'zero' }, search);
      return {
        satisfied: choose(join(x.satisfied, left), join(y.satisfied, right), search),
        dissatisfied: choose(join(x.dissatisfied, left), join(y.dissatisfied, right), search),
      };
    }
    case 'andor': {
      const z = waysOf(fragment.of[2], search);
      return {
        satisfied: choose(both, join(z.satisfied, x.dissatisfied), search),
        dissatisfied: join(z.dissatisfied, x.dissatisfied),
      };
    }
    default:
      return unreachable(fragment);
  }
}

/** OP_CHECKMULTISIG takes one item more than it uses; BIP 147 wants it empty. The first key's signature is the lowest. */
function waysOfMulti(needed: number, keys: readonly number[], search: Search): Ways {
  const zero = itemOf({ type: 'zero' }, search);
  const parts = [...keys].reverse().map((key) => ({
    satisfied: signatureOf(key, search),
    dissatisfied: nothing,
  }));
  const zeros = Array.from({ length: needed }, () => zero);
  return {
    satisfied: join(zero, pick(needed, parts, search)),
    dissatisfied: zeros.reduce<Stack | null>(join, zero),
  };
}

function waysOfThresh(needed: number, parts: readonly Ways[], search: Search): Ways {
  return { satisfied: pick(needed, parts, search), dissatisfied: pick(0, parts, search) };
}

/** The stack with exactly `needed` parts satisfied and the others dissatisfied, the first part's items uppermost. */
function pick(needed: number, parts: readonly Ways[], search: Search): Stack | null {
  // By how many of the parts so far are satisfied.
  let best: readonly (Stack | null)[] = [nothing];
  for (const { satisfied, dissatisfied } of parts) {
    const before = best;
    best = Array.from({ length: Math.min(before.length, needed) + 1 }, (_, count) =>
      choose(
        join(dissatisfied, before[count] ?? null),
        join(satisfied, before[count - 1] ?? null),
        search,
      ),
    );
  }
  return best[needed] ?? null;
}
