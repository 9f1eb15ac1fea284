import type { Run } from '../command.ts';
import { noteCoin } from '../coin-notes.ts';

export const run: Run = (call) => noteCoin(call, 'unfreeze');
