import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SignatureCheck } from '../core/approval/verify.ts';
import type { Checked, Share } from './package-check-worker.ts';
import type { SignatureToCheck } from './package-check.ts';
import { isSignatureRight } from './package-check.ts';

/** More threads than this wait for the disk. */
const THREADS = 8;

/** Signatures that are handed over together, so that handing over costs little: ten milliseconds of work. */
const BATCH = 32;
/** Signatures that may wait for a thread, so that none is left behind with much when the fold is at its end. */
const BACKLOG = 256;

/** What Node needs to run the sources as they are, where tests do so: types may stand before parameters of constructors. */
const fromSource = ['--experimental-transform-types', '--disable-warning=ExperimentalWarning'];

interface Thread {
  readonly worker: Worker;
  /** What it found; null when it failed. */
  readonly checked: Promise<Checked | null>;
  /** Signatures that it was given. */
  given: number;
}

/** Checks a package in threads beside the one that reads and folds it, which helps out when they are all busy. */
export class PackageCheckers {
  readonly #threads: readonly Thread[];
  readonly #looked: Int32Array;
  #batch: SignatureToCheck[] = [];
  #isRight = true;

  /** Begins at once. */
  constructor(path: string) {
    const of = Math.min(THREADS, Math.max(1, availableParallelism() - 1));
    const isSource = import.meta.url.endsWith('.ts');
    const file = new URL(`./package-check-worker.${isSource ? 'ts' : 'js'}`, import.meta.url);
    const looked = new Int32Array(new SharedArrayBuffer(of * Int32Array.BYTES_PER_ELEMENT));
    this.#looked = looked;
    this.#threads = Array.from({ length: of }, (_, part) => {
      const workerData: Share = { path, part, of, looked };
      const execArgv = isSource ? { execArgv: fromSource } : {};
      const worker = new Worker(file, { workerData, ...execArgv });
      return { worker, checked: answerOf(worker), given: 0 };
    });
  }

  /** A check that says yes to all: {@link inOrder} tells whether it was right. */
  later(kind: SignatureToCheck['kind']): SignatureCheck {
    return (key, digest, signature) => {
      this.#batch.push({ kind, key, digest, signature });
      if (this.#batch.length >= BATCH) this.#handOver();
      return true;
    };
  }

  #handOver(): void {
    const batch = this.#batch;
    this.#batch = [];
    const waiting = this.#threads.map(
      ({ given }, part) => given - Atomics.load(this.#looked, part),
    );
    const least = Math.min(...waiting);
    const thread = this.#threads[waiting.indexOf(least)];
    if (thread === undefined || least >= BACKLOG) this.#isRight &&= batch.every(isSignatureRight);
    else {
      thread.given += batch.length;
      thread.worker.postMessage(batch);
    }
  }

  /**
   * Whether the whole package is in order and the one of these lines, and every signature right that was left for later.
   * False where a thread failed.
   */
  async inOrder(sha256: string): Promise<boolean> {
    this.#handOver();
    for (const { worker } of this.#threads) worker.postMessage([]);
    const all = await Promise.all(this.#threads.map(({ checked }) => checked));
    return this.#isRight && all.every((one) => one?.isInOrder === true && one.sha256 === sha256);
  }

  async end(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }
}

function answerOf(worker: Worker): Promise<Checked | null> {
  return new Promise((resolve) => {
    worker.once('message', resolve);
    worker.once('error', () => {
      resolve(null);
    });
    worker.once('exit', () => {
      resolve(null);
    });
  });
}
