import { parentPort } from 'node:worker_threads';
import type { Question } from './question.ts';
import { answer } from './question.ts';

/** 1 for each signature that matches, in order. */
export type Answers = Uint8Array;

// A thread of verify-pool.ts: answers each message with one, in order.
parentPort?.on('message', (questions: readonly Question[]) => {
  const answers: Answers = Uint8Array.from(questions, (question) => (answer(question) ? 1 : 0));
  parentPort?.postMessage(answers);
});
