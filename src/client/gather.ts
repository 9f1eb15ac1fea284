import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';

/** The answers in order, at most `most` under way at a time. The first refusal or fault ends it; nothing new is begun then. */
export async function gather<In, Out>(
  items: readonly In[],
  most: number,
  work: (item: In) => Promise<Result<Out>>,
): Promise<Result<readonly Out[]>> {
  const done: Out[] = [];
  let next = 0;
  const refusals: Result<never>[] = [];
  const run = async (): Promise<void> => {
    while (next < items.length && refusals.length === 0) {
      const at = next++;
      const item = items[at] as In; // inside the bounds
      try {
        const found = await work(item);
        if (found.ok) done[at] = found.value;
        else refusals.push(found);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, run));
  return refusals[0] ?? ok(done);
}
