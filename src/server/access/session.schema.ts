import { z } from 'zod';
import { time } from '../../core/base/schema.ts';
import { statementFields } from '../http/bodies.ts';

export const sessionBody = z.strictObject(statementFields).meta({ id: 'SessionBody' });
export type SessionBody = z.output<typeof sessionBody>;

export const sessionView = z
  .object({ expiresAt: time, member: z.string() })
  .meta({ id: 'SessionOpened' });
export type SessionView = z.infer<typeof sessionView>;
