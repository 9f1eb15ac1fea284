import { formatTime } from '../../src/core/base/time.ts';
import { entryBytes } from '../../src/core/log/entry.ts';
import type { World } from './world.ts';

/** A request made up for an index: no two are alike. */
export function requestFor(index: number): string {
  return index.toString(16).padStart(64, '0');
}

/** The server asks in the log for a receive address. Returns what became of the entry. */
export function askAddress(
  world: World,
  index: number,
  over: { readonly wallet?: string; readonly request?: string | null } = {},
): ReturnType<World['append']> {
  const { wallet = 'hot-1', request = requestFor(index) } = over;
  const at = formatTime(world.now);
  return world.append(
    entryBytes({ type: 'fact', fact: { fact: 'address-asked', at, wallet, index, request } }),
  );
}
