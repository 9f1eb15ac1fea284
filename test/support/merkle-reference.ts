import { createHash } from 'node:crypto';

/**
 * RFC 6962, section 2.1, word for word: recursive over whole lists of entries, nothing kept, nothing shared with
 * core. Slow and obvious; what core computes is held to it.
 */
function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

function largestPowerOfTwoBelow(n: number): number {
  return 2 ** Math.ceil(Math.log2(n) - 1);
}

/** MTH(D[n]). */
export function referenceRoot(entries: readonly Uint8Array[]): Uint8Array {
  const [only] = entries;
  if (only === undefined) return sha256();
  if (entries.length === 1) return sha256(Uint8Array.of(0), only);
  const k = largestPowerOfTwoBelow(entries.length);
  return sha256(
    Uint8Array.of(1),
    referenceRoot(entries.slice(0, k)),
    referenceRoot(entries.slice(k)),
  );
}

/** PATH(m, D[n]). */
export function referenceInclusion(m: number, entries: readonly Uint8Array[]): Uint8Array[] {
  if (entries.length === 1) return [];
  const k = largestPowerOfTwoBelow(entries.length);
  return m < k
    ? [...referenceInclusion(m, entries.slice(0, k)), referenceRoot(entries.slice(k))]
    : [...referenceInclusion(m - k, entries.slice(k)), referenceRoot(entries.slice(0, k))];
}

/** PROOF(m, D[n]). */
export function referenceConsistency(m: number, entries: readonly Uint8Array[]): Uint8Array[] {
  return subproof(m, entries, 'whole');
}

/** SUBPROOF(m, D[n], b), where b is true for 'whole'. */
function subproof(m: number, entries: readonly Uint8Array[], b: 'whole' | 'part'): Uint8Array[] {
  if (m === entries.length) return b === 'whole' ? [] : [referenceRoot(entries)];
  const k = largestPowerOfTwoBelow(entries.length);
  return m <= k
    ? [...subproof(m, entries.slice(0, k), b), referenceRoot(entries.slice(k))]
    : [...subproof(m - k, entries.slice(k), 'part'), referenceRoot(entries.slice(0, k))];
}
