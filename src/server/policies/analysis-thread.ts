import { Worker } from 'node:worker_threads';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { ANALYSES_WAITING, ANALYSIS_SECONDS } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { refuse } from '../../core/base/result.ts';
import type { Answers, Kind, Question } from './analysis-question.ts';

/** What Node needs to run the sources as they are, where tests do so: types may stand before parameters of constructors. */
const fromSource = ['--experimental-transform-types', '--disable-warning=ExperimentalWarning'];

interface Asked {
  readonly question: Question;
  readonly seconds: number;
  readonly resolve: (answer: Result<Answers[Kind]>) => void;
  readonly reject: (fault: Error) => void;
}

/**
 * Analyses policies in one thread of its own, one after the other: whoever writes a policy decides how long that takes, and
 * the loop that serves everybody must not wait for him. What takes too long ends with its thread.
 */
@Injectable()
export class AnalysisThread implements OnApplicationShutdown {
  readonly #waiting: Asked[] = [];
  #worker: Worker | null = null;
  #current: { readonly asked: Asked; readonly timer: NodeJS.Timeout } | null = null;

  /** Codes: those of the analysis, `policy.analysis.timeout`, `policy.analysis.busy`. */
  ask<K extends Kind>(
    question: Extract<Question, { kind: K }>,
    seconds: number = ANALYSIS_SECONDS,
  ): Promise<Result<Answers[K]>> {
    if (this.#waiting.length >= ANALYSES_WAITING)
      return Promise.resolve(refuse('policy.analysis.busy', { waiting: this.#waiting.length }));
    const answered = new Promise<Result<Answers[Kind]>>((resolve, reject) => {
      this.#waiting.push({ question, seconds, resolve, reject });
    });
    this.#next();
    // The thread answers what it was asked.
    return answered as Promise<Result<Answers[K]>>;
  }

  async onApplicationShutdown(): Promise<void> {
    const all = [
      ...(this.#current === null ? [] : [this.#current.asked]),
      ...this.#waiting.splice(0),
    ];
    for (const { resolve } of all) resolve(refuse('policy.analysis.busy', { waiting: 0 }));
    await this.#stop();
  }

  #next(): void {
    if (this.#current !== null) return;
    const asked = this.#waiting.shift();
    if (asked === undefined) {
      this.#worker?.unref();
      return;
    }
    const worker = (this.#worker ??= this.#start());
    const timer = setTimeout(() => {
      const done = this.#current?.asked;
      void this.#stop();
      done?.resolve(refuse('policy.analysis.timeout', { seconds: asked.seconds }));
      this.#next();
    }, asked.seconds * 1_000);
    this.#current = { asked, timer };
    worker.ref();
    worker.postMessage(asked.question);
  }

  #start(): Worker {
    const isSource = import.meta.url.endsWith('.ts');
    const file = new URL(`./analysis-worker.${isSource ? 'ts' : 'js'}`, import.meta.url);
    const worker = new Worker(file, isSource ? { execArgv: [...fromSource] } : {});
    worker.on('message', (answer: Result<Answers[Kind]>) => {
      if (worker !== this.#worker) return;
      const done = this.#current;
      clearTimeout(done?.timer);
      this.#current = null;
      done?.asked.resolve(answer);
      this.#next();
    });
    worker.on('error', (cause) => {
      if (worker !== this.#worker) return;
      const done = this.#current?.asked;
      void this.#stop();
      done?.reject(new Error('an analysis failed', { cause }));
      this.#next();
    });
    return worker;
  }

  async #stop(): Promise<void> {
    const worker = this.#worker;
    clearTimeout(this.#current?.timer);
    this.#worker = null;
    this.#current = null;
    await worker?.terminate();
  }
}
