import type { Condition } from './condition.ts';
import { anyOf, missingKeys } from './condition.ts';
import type { Fragment } from './fragment.ts';
import { conditionOf } from './fragment.ts';
import type { ScriptTemplate } from './script.ts';
import type { TapTree } from './taproot.ts';
import { leavesOf } from './taproot.ts';

export type WalletKind =
  | 'pkh'
  | 'wpkh'
  | 'sh-wpkh'
  | 'wsh-multi'
  | 'wsh-sortedmulti'
  | 'sh-wsh-multi'
  | 'sh-wsh-sortedmulti'
  | 'wsh-miniscript'
  | 'sh-wsh-miniscript'
  | 'tr-key'
  | 'tr-script';

/** What a descriptor makes of its keys. */
export type Plan =
  /** Of the only key. */
  | { readonly type: 'single'; readonly kind: 'pkh' | 'wpkh' | 'sh-wpkh' }
  | {
      readonly type: 'wsh';
      readonly kind: Exclude<WalletKind, 'pkh' | 'wpkh' | 'sh-wpkh' | 'tr-key' | 'tr-script'>;
      readonly script: ScriptTemplate;
    }
  | {
      readonly type: 'tr';
      readonly kind: 'tr-key' | 'tr-script';
      /** Null for the point that nobody can sign by. */
      readonly internal: number | null;
      readonly tree: TapTree<ScriptTemplate> | null;
    };

/** What spends, by any path. */
export function planCondition(plan: Plan): Condition {
  switch (plan.type) {
    case 'single':
      return { type: 'key', key: 0 };
    case 'wsh':
      return conditionOf(plan.script.fragment);
    case 'tr': {
      const { internal, tree } = plan;
      const leaves = tree === null ? [] : leavesOf(tree);
      return anyOf([
        ...(internal === null ? [] : [{ type: 'key' as const, key: internal }]),
        ...leaves.map(({ fragment }) => conditionOf(fragment)),
      ]);
    }
  }
}

/** The path that our spends are signed by: one that needs no waiting. */
export type SigningPath =
  | { readonly type: 'key'; readonly key: number }
  /** `leaf`: its place in the tree, null in P2WSH. */
  | { readonly type: 'script'; readonly script: ScriptTemplate; readonly leaf: number | null };

/** The only script; of taproot the internal key, else the first leaf that needs no waiting. Null when all wait. */
export function signedBy(plan: Plan): SigningPath | null {
  switch (plan.type) {
    case 'single':
      return { type: 'key', key: 0 };
    case 'wsh':
      return isOpen(plan.script.fragment)
        ? { type: 'script', script: plan.script, leaf: null }
        : null;
    case 'tr': {
      if (plan.internal !== null) return { type: 'key', key: plan.internal };
      const leaves = plan.tree === null ? [] : leavesOf(plan.tree);
      const leaf = leaves.findIndex(({ fragment }) => isOpen(fragment));
      const script = leaves[leaf];
      return script === undefined ? null : { type: 'script', script, leaf };
    }
  }
}

function isOpen(fragment: Fragment): boolean {
  return missingKeys(conditionOf(fragment), new Set()) !== Infinity;
}
