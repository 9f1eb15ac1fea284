import { toHex } from '../base/bytes.ts';
import { SCRIPT_OPCODES, WITNESS_ITEMS, WITNESS_SCRIPT_BYTES } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Expression } from './expression.ts';
import type { KeyReader } from './miniscript.ts';
import { readKey, readMiniscript, readMulti } from './miniscript.ts';
import type { Plan } from './plan.ts';
import { signedBy } from './plan.ts';
import { dearestOf } from './satisfaction.ts';
import type { ScriptContext, ScriptTemplate } from './script.ts';
import { compileScript, scriptBytes } from './script.ts';
import type { TapTree } from './taproot.ts';
import { unspendableKey } from './taproot.ts';

/** Functions of descriptors that no wallet of ours begins with. */
const unsupported = new Set([
  'pk',
  'combo',
  'multi',
  'sortedmulti',
  'addr',
  'raw',
  'rawtr',
  'musig',
]);
const malformed = refuse('wallet.descriptor.malformed', { reason: 'no descriptor function' });

/**
 * Reads what a descriptor's functions say: pkh, wpkh, sh(wpkh), wsh and sh(wsh) of multi, sortedmulti or a miniscript, tr with
 * or without a script tree (BIP 381 to 387). Codes: `wallet.descriptor.malformed`, `.unsupported`, `wallet.threshold`,
 * `wallet.miniscript.*`, `wallet.key.*`.
 */
export function readPlan(expression: Expression, keyOf: KeyReader): Result<Plan> {
  const plan = readFunction(expression, keyOf);
  return plan.ok && signedBy(plan.value) === null ? refuse('wallet.miniscript.locked') : plan;
}

function readFunction(expression: Expression, keyOf: KeyReader): Result<Plan> {
  if (expression.type !== 'call' || expression.wrappers !== '') return malformed;
  const { name, args } = expression;
  switch (name) {
    case 'pkh':
    case 'wpkh':
      return readSingle(name, args, keyOf);
    case 'wsh':
      return readWsh(args, keyOf, '');
    case 'sh':
      return readSh(args, keyOf);
    case 'tr':
      return readTaproot(args, keyOf);
    default:
      return unsupported.has(name)
        ? refuse('wallet.descriptor.unsupported', { function: name })
        : malformed;
  }
}

function readSingle(
  kind: 'pkh' | 'wpkh' | 'sh-wpkh',
  args: readonly Expression[],
  keyOf: KeyReader,
): Result<Plan> {
  if (args.length !== 1) return malformed;
  const key = readKey(args[0], keyOf);
  return key.ok ? ok({ type: 'single', kind }) : key;
}

function readSh(args: readonly Expression[], keyOf: KeyReader): Result<Plan> {
  const [inner] = args;
  if (args.length !== 1 || inner?.type !== 'call' || inner.wrappers !== '') return malformed;
  switch (inner.name) {
    case 'wpkh':
      return readSingle('sh-wpkh', inner.args, keyOf);
    case 'wsh':
      return readWsh(inner.args, keyOf, 'sh-');
    default:
      return refuse('wallet.descriptor.unsupported', { function: 'sh' });
  }
}

function readWsh(args: readonly Expression[], keyOf: KeyReader, around: '' | 'sh-'): Result<Plan> {
  const [inner] = args;
  if (args.length !== 1 || inner === undefined) return malformed;
  const script = readScript(inner, 'wsh', keyOf);
  if (!script.ok) return script;
  const { order, fragment } = script.value;
  const of =
    order === 'sorted' ? 'sortedmulti' : fragment.type === 'multi' ? 'multi' : 'miniscript';
  return ok({ type: 'wsh', kind: `${around}wsh-${of}`, script: script.value });
}

function readTaproot(args: readonly Expression[], keyOf: KeyReader): Result<Plan> {
  const [inner, written, ...more] = args;
  if (inner === undefined || more.length > 0) return malformed;
  const isUnspendable = inner.type === 'word' && inner.text === toHex(unspendableKey);
  const internal = isUnspendable ? ok(null) : readKey(inner, keyOf);
  if (!internal.ok) return internal;
  const tree = written === undefined ? ok(null) : readTree(written, keyOf);
  if (!tree.ok) return tree;
  const kind = tree.value === null ? 'tr-key' : 'tr-script';
  return ok({ type: 'tr', kind, internal: internal.value, tree: tree.value });
}

function readTree(expression: Expression, keyOf: KeyReader): Result<TapTree<ScriptTemplate>> {
  if (expression.type !== 'branch') {
    const leaf = readScript(expression, 'leaf', keyOf);
    return leaf.ok ? ok({ type: 'leaf', leaf: leaf.value }) : leaf;
  }
  const left = readTree(expression.left, keyOf);
  if (!left.ok) return left;
  const right = readTree(expression.right, keyOf);
  return right.ok ? ok({ type: 'branch', left: left.value, right: right.value }) : right;
}

/** A multi or sortedmulti that stands alone (BIP 383, 387), or a miniscript. */
function readScript(
  expression: Expression,
  context: ScriptContext,
  keyOf: KeyReader,
): Result<ScriptTemplate> {
  const suffix = context === 'leaf' ? '_a' : '';
  const alone = expression.type === 'call' && expression.wrappers === '' ? expression : null;
  const sorted = alone?.name === `sortedmulti${suffix}`;
  const fragment =
    alone !== null && (sorted || alone.name === `multi${suffix}`)
      ? readMulti(alone.args, context, keyOf)
      : readMiniscript(expression, context, keyOf);
  if (!fragment.ok) return fragment;
  return withinLimits(compileScript(fragment.value, sorted ? 'sorted' : 'written'), context);
}

/** What nodes relay. A leaf has no bound of its own beside the number of keys, but one script is not longer than another here. */
function withinLimits(script: ScriptTemplate, context: ScriptContext): Result<ScriptTemplate> {
  const bytes = scriptBytes(script, context);
  const items = dearestOf(script.fragment, context)?.items.length ?? 0;
  const fits =
    bytes <= WITNESS_SCRIPT_BYTES &&
    items <= WITNESS_ITEMS &&
    (context === 'leaf' || script.opcodeCount <= SCRIPT_OPCODES);
  return fits
    ? ok(script)
    : refuse('wallet.miniscript.size', { bytes, items, opcodes: script.opcodeCount });
}
