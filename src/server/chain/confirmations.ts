import { SETTLED_CONFIRMATIONS } from '../../core/base/limits.ts';

/** How deep a block lies below the tip that was read: 1 for the tip itself, and whether that counts as settled. */
export function confirmedBy(
  tip: number,
  height: number,
): { readonly confirmations: number; readonly settled: boolean } {
  // Between two questions a reorganisation may have taken the block away.
  const confirmations = Math.max(0, tip - height + 1);
  return { confirmations, settled: confirmations >= SETTLED_CONFIRMATIONS };
}
