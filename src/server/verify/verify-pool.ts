import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Injectable } from '@nestjs/common';
import type { Question } from './question.ts';
import { answer } from './question.ts';
import type { Answers } from './verify-worker.ts';

/** More threads than this gain nothing beside one loop that serves requests. */
const THREADS = 4;

interface Asked {
  readonly question: Question;
  readonly resolve: (matches: boolean) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Messages under way, the oldest first. */
  readonly sent: (readonly Asked[])[];
}

/**
 * Verifies signatures in threads of their own: the two of a request, of the device and of the proof, are its largest part.
 * What is asked within one turn of the loop goes as one message. On a single core there is no thread: then it is done here.
 */
@Injectable()
export class VerifyPool {
  readonly #threads: Thread[] = [];
  readonly #most = Math.min(THREADS, availableParallelism() - 1);
  #asked: Asked[] = [];
  #turn = 0;

  /** Whether the signature matches. Never rejects: what a thread leaves unanswered is verified here. */
  verify(question: Question): Promise<boolean> {
    if (this.#most < 1) return Promise.resolve(answer(question));
    return new Promise((resolve) => {
      this.#asked.push({ question, resolve });
      if (this.#asked.length === 1)
        setImmediate(() => {
          this.#send();
        });
    });
  }

  async close(): Promise<void> {
    const threads = this.#threads.splice(0);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #send(): void {
    const batch = this.#asked;
    this.#asked = [];
    const thread = this.#next();
    thread.sent.push(batch);
    thread.worker.ref();
    thread.worker.postMessage(batch.map(({ question }) => question));
  }

  /** The threads in turns; each is started when its turn comes first. */
  #next(): Thread {
    this.#turn = (this.#turn + 1) % this.#most;
    return this.#threads[this.#turn] ?? this.#start();
  }

  #start(): Thread {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./verify-worker.${extension}`, import.meta.url));
    const thread: Thread = { worker, sent: [] };
    worker.on('message', (answers: Answers) => {
      const batch = thread.sent.shift() ?? [];
      batch.forEach(({ resolve }, at) => {
        resolve(answers[at] === 1);
      });
      if (thread.sent.length === 0) worker.unref();
    });
    worker.on('error', () => {
      this.#ended(thread);
    });
    worker.on('exit', () => {
      this.#ended(thread);
    });
    this.#threads.push(thread);
    return thread;
  }

  #ended(thread: Thread): void {
    const at = this.#threads.indexOf(thread);
    if (at >= 0) this.#threads.splice(at, 1);
    for (const batch of thread.sent.splice(0))
      for (const { question, resolve } of batch) resolve(answer(question));
  }
}
