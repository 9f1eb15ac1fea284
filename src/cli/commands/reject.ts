import type { Run } from '../command.ts';
import { decide } from '../decide.ts';

export const run: Run = (call) => decide(call, 'reject');
