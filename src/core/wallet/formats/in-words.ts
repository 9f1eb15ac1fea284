import { unreachable } from '../../base/assert.ts';
import type { Condition } from '../condition.ts';
import { describeLock } from '../recovery.ts';

/** What spends, for people: `any 2 of (key 1, key 2, key 3)`. `nameOf` names a key by its position. */
export function conditionInWords(condition: Condition, nameOf: (key: number) => string): string {
  switch (condition.type) {
    case 'key':
      return nameOf(condition.key);
    case 'older':
    case 'after':
      return `from ${describeLock(condition)}`;
    case 'thresh': {
      const { needed, of } = condition;
      const parts = of.map((part) => conditionInWords(part, nameOf));
      if (needed > 1 && needed < of.length) return `any ${String(needed)} of (${parts.join(', ')})`;
      const grouped = parts.map((part, at) => (of[at]?.type === 'thresh' ? `(${part})` : part));
      return grouped.join(needed === 1 && of.length > 1 ? ' or ' : ' and ');
    }
    default:
      return unreachable(condition);
  }
}
