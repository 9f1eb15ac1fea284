import { parentPort } from 'node:worker_threads';
import type { Question } from './analysis-question.ts';
import { answer } from './analysis-question.ts';

// The thread of analysis-thread.ts: answers each message with one, in order.
parentPort?.on('message', (question: Question) => {
  parentPort?.postMessage(answer(question));
});
