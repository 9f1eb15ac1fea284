import { analyzeMiniscript } from '@bitcoinerlab/miniscript';
import type { RefusalCode } from '../base/codes.ts';
import { MULTISIG_KEYS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Expression } from './expression.ts';
import type { Binary, Fragment, Wrapper } from './fragment.ts';
import { TIME_FLAG, textOf } from './fragment.ts';
import type { ScriptContext } from './script.ts';

/** Gives a key of the descriptor its position, or refuses it. */
export type KeyReader = (text: string) => Result<number>;

interface Reading {
  readonly context: ScriptContext;
  readonly keyOf: KeyReader;
}

/**
 * Reads a miniscript and requires that it is sane: well-typed, a signature in every path, not malleable, no heights mixed
 * with times in one path, no key twice. Codes: `wallet.miniscript.*`, `wallet.threshold`, those of `keyOf`.
 */
export function readMiniscript(
  expression: Expression,
  context: ScriptContext,
  keyOf: KeyReader,
): Result<Fragment> {
  const found = readFragment(expression, { context, keyOf });
  if (!found.ok) return found;
  const code = insanity(found.value, context);
  return code === null ? found : refuse(code);
}

/** `multi(m,KEY,...)` and its kin, by themselves or within a miniscript. */
export function readMulti(
  args: readonly Expression[],
  context: ScriptContext,
  keyOf: KeyReader,
): Result<Fragment> {
  const [first, ...rest] = args;
  const needed = first === undefined ? null : numberOf(first);
  if (needed === null) return refuse('wallet.descriptor.malformed', { reason: 'no threshold' });
  if (needed < 1 || needed > rest.length || rest.length > MULTISIG_KEYS)
    return refuse('wallet.threshold', {
      threshold: needed,
      keys: rest.length,
      most: MULTISIG_KEYS,
    });
  const keys: number[] = [];
  for (const arg of rest) {
    const key = readKey(arg, keyOf);
    if (!key.ok) return key;
    keys.push(key.value);
  }
  return ok({ type: context === 'leaf' ? 'multi_a' : 'multi', needed, keys });
}

/** A key that stands where an argument does. */
export function readKey(arg: Expression | undefined, keyOf: KeyReader): Result<number> {
  return arg?.type === 'word' && arg.wrappers === ''
    ? keyOf(arg.text)
    : refuse('wallet.descriptor.malformed', { reason: 'no key where one must stand' });
}

function insanity(fragment: Fragment, context: ScriptContext): RefusalCode | null {
  const found = analyzeMiniscript(textOf(fragment), { tapscript: context === 'leaf' });
  if (!found.valid) return 'wallet.miniscript.type';
  if (!found.needsSignature) return 'wallet.miniscript.unsigned';
  if (!found.nonMalleable) return 'wallet.miniscript.malleable';
  if (found.timelockMix) return 'wallet.miniscript.locks.mixed';
  // What is left of insanity is a script that leaves nothing on the stack, and keys twice, which the reader of keys refused.
  return found.issane ? null : 'wallet.miniscript.type';
}

const malformed = refuse('wallet.miniscript.malformed');

function readFragment(expression: Expression, reading: Reading): Result<Fragment> {
  if (expression.type === 'branch') return malformed;
  const bare = readBare(expression, reading);
  if (!bare.ok) return bare;
  let fragment: Fragment | null = bare.value;
  for (const letter of Array.from(expression.wrappers).reverse())
    fragment = fragment === null ? null : wrapped(letter, fragment);
  return fragment === null ? malformed : ok(fragment);
}

function wrapped(letter: string, of: Fragment): Fragment | null {
  switch (letter) {
    case 't':
      return { type: 'and_v', of: [of, { type: '1' }] };
    case 'l':
      return { type: 'or_i', of: [{ type: '0' }, of] };
    case 'u':
      return { type: 'or_i', of: [of, { type: '0' }] };
    default:
      return isWrapper(letter) ? { type: 'wrap', wrapper: letter, of } : null;
  }
}

function isWrapper(letter: string): letter is Wrapper {
  return 'ascdvjn'.includes(letter);
}

function readBare(
  expression: Exclude<Expression, { type: 'branch' }>,
  reading: Reading,
): Result<Fragment> {
  if (expression.type === 'word') {
    const { text } = expression;
    return text === '0' || text === '1' ? ok({ type: text }) : malformed;
  }
  const { name, args } = expression;
  switch (name) {
    case 'pk':
    case 'pkh':
    case 'pk_k':
    case 'pk_h':
      return readKeyFragment(name, args, reading);
    case 'older':
    case 'after':
      return readLock(name, args);
    case 'multi':
    case 'multi_a':
      if ((name === 'multi_a') !== (reading.context === 'leaf'))
        return refuse('wallet.miniscript.type');
      return readMulti(args, reading.context, reading.keyOf);
    case 'thresh':
      return readThresh(args, reading);
    case 'sha256':
    case 'hash256':
    case 'ripemd160':
    case 'hash160':
      return refuse('wallet.miniscript.hash', { fragment: name });
    default:
      return readCombined(name, args, reading);
  }
}

function readKeyFragment(
  name: 'pk' | 'pkh' | 'pk_k' | 'pk_h',
  args: readonly Expression[],
  { keyOf }: Reading,
): Result<Fragment> {
  if (args.length !== 1) return malformed;
  const key = readKey(args[0], keyOf);
  if (!key.ok) return key;
  switch (name) {
    case 'pk_k':
    case 'pk_h':
      return ok({ type: name, key: key.value });
    case 'pk':
      return ok({ type: 'wrap', wrapper: 'c', of: { type: 'pk_k', key: key.value } });
    case 'pkh':
      return ok({ type: 'wrap', wrapper: 'c', of: { type: 'pk_h', key: key.value } });
  }
}

/** BIP 68 reads the low 16 bits and one flag: of any other number it would count something else than it says. */
function readLock(type: 'older' | 'after', args: readonly Expression[]): Result<Fragment> {
  const [first] = args;
  const value = first === undefined || args.length !== 1 ? null : numberOf(first);
  if (value === null) return malformed;
  const masked = type === 'older' ? value & 0xffff : value;
  const means = type === 'older' ? masked + (value & TIME_FLAG) : value;
  return value < 2 ** 31 && masked > 0 && means === value
    ? ok({ type, value })
    : refuse('wallet.miniscript.lock', { [type]: value });
}

function readThresh(args: readonly Expression[], reading: Reading): Result<Fragment> {
  const [first, ...rest] = args;
  const needed = first === undefined ? null : numberOf(first);
  if (needed === null) return malformed;
  if (needed < 1 || needed > rest.length)
    return refuse('wallet.threshold', { threshold: needed, keys: rest.length, most: rest.length });
  const of = readAll(rest, reading);
  return of.ok ? ok({ type: 'thresh', needed, of: of.value }) : of;
}

const binaries = new Set<string>(['and_v', 'and_b', 'or_b', 'or_c', 'or_d', 'or_i']);

function isBinary(name: string): name is Binary {
  return binaries.has(name);
}

function readCombined(
  name: string,
  args: readonly Expression[],
  reading: Reading,
): Result<Fragment> {
  const of = readAll(args, reading);
  if (!of.ok) return of;
  const [first, second, third, ...more] = of.value;
  if (first === undefined || second === undefined || more.length > 0) return malformed;
  if (name === 'andor')
    return third === undefined ? malformed : ok({ type: name, of: [first, second, third] });
  if (third !== undefined) return malformed;
  if (name === 'and_n') return ok({ type: 'andor', of: [first, second, { type: '0' }] });
  return isBinary(name) ? ok({ type: name, of: [first, second] }) : malformed;
}

function readAll(args: readonly Expression[], reading: Reading): Result<readonly Fragment[]> {
  const found: Fragment[] = [];
  for (const arg of args) {
    const part = readFragment(arg, reading);
    if (!part.ok) return part;
    found.push(part.value);
  }
  return ok(found);
}

/** A number without leading zeros; the largest that a script takes has ten digits. */
function numberOf(expression: Expression): number | null {
  if (expression.type !== 'word' || expression.wrappers !== '') return null;
  return /^(?:0|[1-9][0-9]{0,9})$/.test(expression.text) ? Number(expression.text) : null;
}
