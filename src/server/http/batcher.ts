interface Waiting<I, O> {
  readonly item: I;
  readonly resolve: (value: O) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Turns many small writes of concurrent requests into few large ones: one flush runs at a time, and the next batch forms
 * while it runs. There is no timer: an idle batcher flushes at once.
 */
export class Batcher<I, O> {
  readonly #flush: (items: readonly I[]) => Promise<readonly O[]>;
  readonly #most: number;
  #waiting: Waiting<I, O>[] = [];
  #running = false;

  /** `flush` answers one output an item, in order; when it throws, every item of the batch fails with it. */
  constructor(flush: (items: readonly I[]) => Promise<readonly O[]>, most: number) {
    this.#flush = flush;
    this.#most = most;
  }

  add(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#most);
      try {
        const outputs = await this.#flush(batch.map(({ item }) => item));
        if (outputs.length !== batch.length) throw new Error('bug: an output for each item');
        batch.forEach(({ resolve }, at) => {
          resolve(outputs[at] as O);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }
}
