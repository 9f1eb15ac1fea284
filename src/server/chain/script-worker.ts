import { parentPort } from 'node:worker_threads';
import type { SpentOutput } from './script-check.ts';
import { checkScripts } from './script-check.ts';

export interface ScriptQuestion {
  readonly id: number;
  readonly raw: Uint8Array;
  readonly spent: readonly SpentOutput[];
}

export interface ScriptAnswer {
  readonly id: number;
  readonly failure: string | null;
}

// The thread of script-checker.ts: answers each question by its id.
parentPort?.on('message', (question: ScriptQuestion) => {
  void answer(question);
});

async function answer({ id, raw, spent }: ScriptQuestion): Promise<void> {
  const failure = await checkScripts(raw, spent);
  parentPort?.postMessage({ id, failure } satisfies ScriptAnswer);
}
