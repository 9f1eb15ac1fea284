import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Checked, Share } from './package-check-worker.ts';
import type { DeviceKeys } from './quick-package.ts';

/** More threads than this wait for the disk. */
const THREADS = 8;

/** What Node needs to run the sources as they are, where tests do so: types may stand before parameters of constructors. */
const fromSource = ['--experimental-transform-types', '--disable-warning=ExperimentalWarning'];

/** Checks a package in threads beside the one that reads and folds it. */
export class PackageCheckers {
  readonly #workers: readonly Worker[];

  /** Begins at once. */
  constructor(path: string) {
    const of = Math.min(THREADS, Math.max(1, availableParallelism() - 1));
    const isSource = import.meta.url.endsWith('.ts');
    const file = new URL(`./package-check-worker.${isSource ? 'ts' : 'js'}`, import.meta.url);
    this.#workers = Array.from({ length: of }, (_, part) => {
      const workerData: Share = { path, part, of };
      return new Worker(file, { workerData, ...(isSource ? { execArgv: fromSource } : {}) });
    });
  }

  get threads(): number {
    return this.#workers.length;
  }

  /** Hands over the keys that the checks of statements need. The threads go on while this one folds. */
  give(keys: DeviceKeys): void {
    for (const worker of this.#workers) worker.postMessage(keys);
  }

  /** Whether the whole package is in order, and is the one of these lines. Requires {@link give}. False where a thread failed. */
  async inOrder(sha256: string): Promise<boolean> {
    const checked = await Promise.all(
      this.#workers.map(
        (worker) =>
          new Promise<Checked | null>((resolve) => {
            worker.once('message', resolve);
            worker.once('error', () => {
              resolve(null);
            });
            worker.once('exit', () => {
              resolve(null);
            });
          }),
      ),
    );
    return checked.every((one) => one?.isInOrder === true && one.sha256 === sha256);
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
