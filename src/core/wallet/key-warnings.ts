import type { WalletKey } from './key-expression.ts';

/** What is worth a second look at a key, and refused by nobody. */
export interface KeyWarning {
  /** Position in the descriptor. */
  readonly key: number;
  /** No origin, or one of zeros: no hardware wallet finds the key by it. A fingerprint twice: one seed may hold two keys. */
  readonly warning: 'origin.missing' | 'fingerprint.zero' | 'fingerprint.twice';
}

/** The warnings of the keys of a wallet, in the order of the descriptor (attack list, B7 and G6). */
export function keyWarnings(keys: readonly WalletKey[]): readonly KeyWarning[] {
  const seen = new Set<string>();
  return keys.flatMap(({ fingerprint, isFixed }, key): readonly KeyWarning[] => {
    if (isFixed) return []; // no seed has it
    if (fingerprint === null) return [{ key, warning: 'origin.missing' }];
    if (fingerprint === '00000000') return [{ key, warning: 'fingerprint.zero' }];
    if (seen.has(fingerprint)) return [{ key, warning: 'fingerprint.twice' }];
    seen.add(fingerprint);
    return [];
  });
}
