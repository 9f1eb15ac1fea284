/**
 * Addresses that resemble one another at their ends, where people look (address poisoning). Made up on purpose: by chance
 * two addresses share six characters of their ends in one of 150 million pairs (bech32) or of billions (base58), so that
 * a payee resembles one of 10,000 known addresses by chance in one of 15,000 cases.
 */

/** Characters of the variable part, from both ends together, by which one address looks like another. */
export const ALIKE_CHARACTERS = 6;

/** One address that looks like another. */
export interface Alike<K> {
  readonly known: K;
  readonly address: string;
  /** How many characters of the variable part are the same from the start, and from the end. */
  readonly first: number;
  readonly last: number;
}

/** Two addresses with six such characters in common share three at one of the ends. */
const KEY_CHARACTERS = ALIKE_CHARACTERS / 2;

interface Entry<K> {
  readonly known: K;
  readonly address: string;
  readonly part: string;
}

/** Known addresses of one network, to be asked which of them an address looks like. Asking takes time of no size. */
export class LookAlikes<K> {
  readonly #byStart = new Map<string, Entry<K>[]>();
  readonly #byEnd = new Map<string, Entry<K>[]>();

  add(address: string, known: K): void {
    const entry = { known, address, part: variablePart(address) };
    keep(this.#byStart, entry.part.slice(0, KEY_CHARACTERS), entry);
    keep(this.#byEnd, entry.part.slice(-KEY_CHARACTERS), entry);
  }

  /** The known address that shares most with this one and is another, if they share ALIKE_CHARACTERS; else null. */
  find(address: string): Alike<K> | null {
    const part = variablePart(address);
    const near = [
      ...(this.#byStart.get(part.slice(0, KEY_CHARACTERS)) ?? []),
      ...(this.#byEnd.get(part.slice(-KEY_CHARACTERS)) ?? []),
    ];
    let best: Alike<K> | null = null;
    for (const { known, address: other, part: theirs } of near) {
      if (theirs === part) continue;
      const [first, last] = [sameFrom(part, theirs, 'start'), sameFrom(part, theirs, 'end')];
      const most = best === null ? ALIKE_CHARACTERS - 1 : best.first + best.last;
      if (first + last > most) best = { known, address: other, first, last };
    }
    return best;
  }
}

/**
 * What tells an address from others of its kind: without the prefix of the network, the separator and the version in
 * bech32 (BIP 173), without the first character in base58, which stands for the version.
 */
function variablePart(address: string): string {
  const lower = address.toLowerCase();
  const prefix = /^(?:bc|tb|bcrt)1./.exec(lower);
  return prefix === null ? address.slice(1) : lower.slice(prefix[0].length);
}

function sameFrom(a: string, b: string, side: 'start' | 'end'): number {
  const most = Math.min(a.length, b.length);
  const at = (text: string, i: number): string | undefined =>
    text.at(side === 'start' ? i : -1 - i);
  let same = 0;
  while (same < most && at(a, same) === at(b, same)) same += 1;
  return same;
}

function keep<K>(lists: Map<string, Entry<K>[]>, key: string, entry: Entry<K>): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [entry]);
  else known.push(entry);
}
