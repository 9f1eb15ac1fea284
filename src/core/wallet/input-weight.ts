import { assert, unreachable } from '../base/assert.ts';
import type { Plan, SigningPath } from './plan.ts';
import { ECDSA_BYTES, SCHNORR_BYTES, dearestOf } from './satisfaction.ts';
import { scriptBytes } from './script.ts';
import type { TapTree } from './taproot.ts';

/** Outpoint, length of the scriptSig, sequence: four weight units a byte (BIP 141). */
const FRAME_BYTES = 36 + 1 + 4;
const SIGNATURE = 1 + ECDSA_BYTES;
const PUBLIC_KEY = 1 + 33;

/** Worst-case weight units of one input signed by the path: the longest signatures, the dearest choice of keys. */
export function inputWeightOf(plan: Plan, path: SigningPath): number {
  const { scriptSig, witness } = worstBytes(plan, path);
  return 4 * (FRAME_BYTES + scriptSig) + witness;
}

interface Sizes {
  readonly scriptSig: number;
  readonly witness: number;
}

const singleBytes: Readonly<Record<'pkh' | 'wpkh' | 'sh-wpkh', Sizes>> = {
  pkh: { scriptSig: SIGNATURE + PUBLIC_KEY, witness: 0 },
  wpkh: { scriptSig: 0, witness: 1 + SIGNATURE + PUBLIC_KEY },
  'sh-wpkh': { scriptSig: 1 + 22, witness: 1 + SIGNATURE + PUBLIC_KEY },
};

function worstBytes(plan: Plan, path: SigningPath): Sizes {
  switch (plan.type) {
    case 'single':
      return singleBytes[plan.kind];
    case 'wsh': {
      const scriptSig = plan.kind.startsWith('sh-') ? 1 + 34 : 0;
      return { scriptSig, witness: 1 + scriptPathBytes(path, 'wsh') };
    }
    case 'tr':
      return { scriptSig: 0, witness: 1 + taprootBytes(plan, path) };
    default:
      return unreachable(plan);
  }
}

function taprootBytes({ tree }: Extract<Plan, { type: 'tr' }>, path: SigningPath): number {
  if (path.type === 'key') return 1 + SCHNORR_BYTES;
  assert(tree !== null && path.leaf !== null, 'a script path has its leaf');
  const controlBlock = 33 + 32 * (depthsOf(tree)[path.leaf] ?? 0);
  return scriptPathBytes(path, 'leaf') + prefixed(controlBlock);
}

/** Of each leaf in the order of the descriptor. */
function depthsOf(tree: TapTree<unknown>, depth = 0): readonly number[] {
  return tree.type === 'leaf'
    ? [depth]
    : [...depthsOf(tree.left, depth + 1), ...depthsOf(tree.right, depth + 1)];
}

function scriptPathBytes(path: SigningPath, context: 'wsh' | 'leaf'): number {
  assert(path.type === 'script', 'only taproot has a key path');
  const stack = dearestOf(path.script.fragment, context);
  assert(stack !== null, 'the path that we sign by needs no waiting');
  return stack.cost + prefixed(scriptBytes(path.script, context));
}

/** Bytes with their length before them. */
function prefixed(bytes: number): number {
  return bytes + (bytes < 0xfd ? 1 : 3);
}
