import type { Run } from '../command.ts';
import { decide } from '../decide.ts';
import { objecting } from '../objection.ts';

export const run: Run = (call) => objecting(call, () => decide(call, 'reject'));
