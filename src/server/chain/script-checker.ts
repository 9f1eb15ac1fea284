import { Worker } from 'node:worker_threads';
import type { SpentOutput } from './script-check.ts';
import type { ScriptAnswer, ScriptQuestion } from './script-worker.ts';

interface Waiting {
  readonly resolve: (failure: string | null) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Runs {@link checkScripts} in a thread of its own, started at the first question: an input takes about ten
 * milliseconds, too long for the loop that serves requests. The thread keeps no process alive.
 */
export class ScriptChecker {
  #worker: Worker | undefined;
  #asked = 0;
  readonly #waiting = new Map<number, Waiting>();

  check(raw: Uint8Array, spent: readonly SpentOutput[]): Promise<string | null> {
    const id = ++this.#asked;
    const question: ScriptQuestion = { id, raw, spent };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker ??= this.#start();
      this.#worker.ref();
      this.#worker.postMessage(question);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./script-worker.${extension}`, import.meta.url));
    worker.on('message', ({ id, failure }: ScriptAnswer) => {
      this.#waiting.get(id)?.resolve(failure);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) worker.unref();
    });
    worker.on('error', (error: Error) => {
      this.#fail(worker, error);
    });
    worker.on('exit', () => {
      this.#fail(worker, new Error('the thread that checks scripts has ended'));
    });
    return worker;
  }

  #fail(worker: Worker, error: Error): void {
    if (this.#worker === worker) this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
