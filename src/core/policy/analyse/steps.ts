/**
 * How much an analysis may still do. Whoever writes a policy decides how hard it is to analyse, so every search takes
 * its steps from here, and says that it does not know when there are none left. A step is a microsecond or a few.
 */
export class Steps {
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  /** Takes some; false when they are used up, now and ever after. */
  take(count: number): boolean {
    this.#left -= count;
    return this.#left >= 0;
  }
}
