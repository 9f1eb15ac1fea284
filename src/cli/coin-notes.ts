import { SETTLED_CONFIRMATIONS } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import type { Call, Output } from './command.ts';
import { required, word } from './command.ts';
import { Desk } from './desk.ts';

/** Everything of a list that comes in pages: some hundred of them for the largest wallet. */
export async function allOf<T>(
  page: (
    cursor: string | null,
  ) => Promise<Result<{ readonly items: readonly T[]; readonly next: string | null }>>,
): Promise<Result<readonly T[]>> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const found = await page(cursor);
    if (!found.ok) return found;
    items.push(...found.value.items);
    cursor = found.value.next;
  } while (cursor !== null);
  return ok(items);
}

/** How settled a coin is: how many of the confirmations that it takes. */
export function confirmationText({
  confirmations,
  settled,
}: {
  readonly confirmations: number;
  readonly settled: boolean;
}): string {
  return settled
    ? 'settled'
    : `${String(confirmations)} of ${String(SETTLED_CONFIRMATIONS)} confirmations`;
}

/** Freezes a coin or frees it, with a reason: the server's drafts heed it, and nothing is signed. */
export async function noteCoin(call: Call, action: 'freeze' | 'unfreeze'): Promise<Result<Output>> {
  const frozen = action === 'freeze';
  const [wallet, outpoint] = [word(call, 0), word(call, 1)];
  const reason = required(call, 'reason');
  const api = await new Desk(call).api();
  if (!api.ok) return api;
  const noted = await api.value.freezeCoin(wallet, { outpoint, frozen, reason });
  if (!noted.ok) return noted;
  const { by, at } = noted.value;
  return ok({
    json: { ...noted.value },
    lines: [
      frozen
        ? `${outpoint} is frozen by ${by} since ${at}: no draft takes it. A signer knows nothing of it.`
        : `${outpoint} is free again.`,
    ],
  });
}
