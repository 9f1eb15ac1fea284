import { fromHex } from '../core/base/bytes.ts';
import type { Spend } from '../core/psbt/spend.ts';
import { currentDocuments } from '../core/governance/current.ts';
import type { State, WalletRecord } from '../core/log/state.ts';
import { addressOfScript } from '../core/wallet/network.ts';

/** For each payment whether the address book in force for the wallet lists it: by script, from the log, never by look. */
export function addressBookLines(
  state: State,
  spend: Spend,
  { id, body: { network } }: WalletRecord,
): readonly string[] {
  const entries = currentDocuments(state, id)?.destinations?.document.body.entries ?? [];
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
