import { analyzeMiniscript } from '@bitcoinerlab/miniscript';
import fc from 'fast-check';
import { accountOf, withChecksum } from './psbt.ts';

/** Random sane miniscripts whose keys are written as `K`: {@link named} gives each its own. */
export interface RandomScript {
  readonly context: 'wsh' | 'leaf';
  readonly text: string;
}

/** With `@0`, `@1` in place of each `K`. */
const numbered = (text: string): string => {
  let at = 0;
  return text.replaceAll('K', () => `@${String(at++)}`);
};

/** Wrappers of a part stand in one row before it. */
const wrap = (letters: string, part: string): string =>
  /^[a-z]+:/.test(part) ? `${letters}${part}` : `${letters}:${part}`;

const locks = fc.constantFrom(
  'older(1)',
  'older(144)',
  'older(65535)',
  'older(4194305)',
  'older(4194400)',
  'after(1)',
  'after(900000)',
  'after(499999999)',
  'after(500000000)',
  'after(1800000000)',
);

/** By what miniscript asks of a part: one that can be left unsatisfied and leaves 0 or 1, or any that leaves something. */
function partsOf(context: 'wsh' | 'leaf'): fc.Arbitrary<string> {
  const multi = context === 'wsh' ? 'multi' : 'multi_a';
  const { any } = fc.letrec<{ readonly dissatisfiable: string; readonly any: string }>((tie) => ({
    dissatisfiable: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'script' },
      fc.constant('pk(K)'),
      fc.constant('pkh(K)'),
      fc.constantFrom(
        `${multi}(1,K,K)`,
        `${multi}(2,K,K)`,
        `${multi}(2,K,K,K)`,
        `${multi}(3,K,K,K)`,
      ),
      fc.tuple(tie('dissatisfiable'), tie('dissatisfiable')).map(([a, b]) => `or_d(${a},${b})`),
      fc
        .tuple(tie('dissatisfiable'), tie('dissatisfiable'))
        .map(([a, b]) => `or_b(${a},${wrap('a', b)})`),
      fc
        .tuple(tie('dissatisfiable'), tie('dissatisfiable'))
        .map(([a, b]) => `and_b(${a},${wrap('a', b)})`),
      fc.tuple(tie('dissatisfiable'), tie('any')).map(([a, b]) => `and_n(${a},${b})`),
      fc
        .tuple(fc.nat(2), fc.array(tie('dissatisfiable'), { minLength: 1, maxLength: 3 }), locks)
        .map(([which, [first = '', ...rest], lock]) => {
          const others = [
            ...rest.map((part) => wrap('a', part)),
            ...(which === 2 ? [wrap('sln', lock)] : []),
          ];
          const needed = Math.min(1 + which, 1 + others.length);
          return `thresh(${[String(needed), first, ...others].join(',')})`;
        }),
      tie('any').map((part) => wrap('u', part)),
      tie('any').map((part) => wrap('j', part)),
    ),
    any: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'script' },
      tie('dissatisfiable'),
      fc.tuple(tie('any'), locks).map(([a, lock]) => `and_v(${wrap('v', a)},${lock})`),
      fc.tuple(tie('any'), tie('any')).map(([a, b]) => `and_v(${wrap('v', a)},${b})`),
      fc.tuple(tie('dissatisfiable'), tie('any')).map(([a, b]) => `or_d(${a},${b})`),
      fc
        .tuple(tie('dissatisfiable'), tie('any'))
        .map(([a, b]) => wrap('t', `or_c(${a},${wrap('v', b)})`)),
      fc.tuple(tie('any'), tie('any')).map(([a, b]) => `or_i(${a},${b})`),
      fc
        .tuple(tie('dissatisfiable'), tie('any'), tie('any'))
        .map(([a, b, c]) => `andor(${a},${b},${c})`),
    ),
  }));
  return any;
}

/** Random miniscripts of 1 to `mostKeys` keys that the library calls sane. */
export function saneMiniscript(mostKeys: number): fc.Arbitrary<RandomScript> {
  const of = (context: 'wsh' | 'leaf'): fc.Arbitrary<RandomScript> =>
    partsOf(context)
      .filter((text) => {
        const keys = text.split('K').length - 1;
        if (keys < 1 || keys > mostKeys) return false;
        return analyzeMiniscript(numbered(text), { tapscript: context === 'leaf' }).issane;
      })
      .map((text) => ({ context, text }));
  return fc.oneof(of('wsh'), of('leaf'));
}

/** Random scripts of 1 to `mostKeys` keys that may be no sane miniscript, or none at all. */
export function wildMiniscript(mostKeys: number): fc.Arbitrary<RandomScript> {
  const letters = fc.stringMatching(/^[asctdvjnlu]{1,2}$/);
  const of = (context: 'wsh' | 'leaf'): fc.Arbitrary<RandomScript> => {
    const part = fc.oneof(
      { weight: 3, arbitrary: partsOf(context) },
      { weight: 1, arbitrary: locks },
      { weight: 1, arbitrary: fc.constantFrom('0', '1') },
    );
    const joined = fc
      .tuple(fc.constantFrom('and_v', 'and_b', 'or_b', 'or_c', 'or_d', 'or_i'), part, part, letters)
      .map(([name, a, b, wrapped]) => `${name}(${wrap(wrapped, a)},${b})`);
    const wrapped = fc.tuple(letters, joined).map(([wrapper, a]) => wrap(wrapper, a));
    return fc
      .oneof(part, joined, wrapped)
      .filter((text) => {
        const keys = text.split('K').length - 1;
        return keys >= 1 && keys <= mostKeys;
      })
      .map((text) => ({ context, text }));
  };
  return fc.oneof(of('wsh'), of('leaf'));
}

/** What the library thinks of a script. */
export function analysed(script: RandomScript): ReturnType<typeof analyzeMiniscript> {
  return analyzeMiniscript(forLibrary(script), { tapscript: script.context === 'leaf' });
}

/** For the library: keys as `@0`, `@1` in the order of the text. */
export function forLibrary({ text }: RandomScript): string {
  return numbered(text);
}

const accounts = Array.from({ length: 8 }, (_, at) => accountOf(`random ${String(at)}`));

/** The key at a position of the descriptors of {@link descriptorOf}. */
export function randomKey(at: number): ReturnType<typeof accountOf> {
  const found = accounts[at];
  if (found === undefined) throw new Error('ask for fewer keys');
  return found;
}

const NUMS = '50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0';

/** A descriptor of it, the key at each position that of {@link randomKey}. */
export function descriptorOf({ context, text }: RandomScript): string {
  let at = 0;
  const body = text.replaceAll('K', () => randomKey(at++).expression);
  return withChecksum(context === 'wsh' ? `wsh(${body})` : `tr(${NUMS},${body})`);
}
