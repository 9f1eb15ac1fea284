import { z } from 'zod';

// Without an id: as a component it would be named and its parameters left out of the description.
export const evidenceQuery = z.strictObject({
  from: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
});
export type EvidenceQuery = z.output<typeof evidenceQuery>;
