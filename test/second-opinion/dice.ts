/** Chance that comes again: the same seed throws the same (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** From `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  one<T>(faces: readonly T[]): T {
    const face = faces[this.whole(0, faces.length - 1)];
    if (face === undefined) throw new Error('a die has faces');
    return face;
  }

  /** True in one of so many throws. */
  in(many: number): boolean {
    return this.next() * many < 1;
  }

  /** Some of them, in their order. */
  some<T>(items: readonly T[], of = 2): readonly T[] {
    return items.filter(() => this.in(of));
  }
}
