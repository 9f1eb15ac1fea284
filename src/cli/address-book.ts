import { fromHex } from '../core/base/bytes.ts';
import type { Spend } from '../core/psbt/spend.ts';
import type { State } from '../core/log/state.ts';
import { addressOfScript } from '../core/wallet/network.ts';
import type { Network } from '../core/wallet/network.ts';

/** For each payment whether the organisation's address book lists it: by script, from the log, never by look. */
export function addressBookLines(state: State, spend: Spend, network: Network): readonly string[] {
  const entries = state.destinations?.document.body.entries ?? [];
  const lines: string[] = [];
  for (const { script, change } of spend.outputs) {
    if (change !== undefined) continue;
    const listed = entries.find((entry) => entry.script === script);
    const address = addressOfScript(fromHex(script), network) ?? script;
    lines.push(
      listed === undefined
        ? `  NOT in the address book: ${address}`
        : `  in the address book as ${listed.id} of ${listed.owner}: ${address}`,
    );
  }
  return lines;
}
