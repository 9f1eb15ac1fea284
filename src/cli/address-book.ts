import { groupAddress } from '../core/approval/group-address.ts';
import { fromHex } from '../core/base/bytes.ts';
import { currentDocuments } from '../core/governance/current.ts';
import type { State, WalletRecord } from '../core/log/state.ts';
import { proposalName } from '../core/proposal/name.ts';
import type { Known, LookAlike } from '../core/proposal/known-addresses.ts';
import { knownLookAlikes } from '../core/proposal/known-addresses.ts';
import type { Spend } from '../core/psbt/spend.ts';
import { addressOfScript } from '../core/wallet/network.ts';

/**
 * For each payment whether the address book in force for the wallet lists it: by script, from the log, never by look; and of
 * one that looks like a known address and is another, which, both in full.
 */
export function addressBookLines(
  state: State,
  spend: Spend,
  wallet: WalletRecord,
): readonly string[] {
  const { id, body } = wallet;
  const entries = currentDocuments(state, id)?.destinations?.document.body.entries ?? [];
  const alike = new Map(
    knownLookAlikes(state, wallet, spend.outputs).map((one) => [one.output, one]),
  );
  const lines: string[] = [];
  for (const [output, { script, change }] of spend.outputs.entries()) {
    if (change !== undefined) continue;
    const listed = entries.find((entry) => entry.script === script);
    const address = addressOfScript(fromHex(script), body.network) ?? script;
    const near = alike.get(output);
    lines.push(
      listed === undefined
        ? `  NOT in the address book: ${address}`
        : `  in the address book as ${listed.id} of ${listed.owner}: ${address}`,
      ...(near === undefined ? [] : lookAlikeLines(near)),
    );
  }
  return lines;
}

function lookAlikeLines({ paid, address, known }: LookAlike): readonly string[] {
  return [
    `  WARNING: it LOOKS LIKE ${nameOf(known)} AND IS ANOTHER. This may be fraud: compare every character.`,
    `    paid here: ${groupAddress(paid)}`,
    `    the other: ${groupAddress(address)}`,
  ];
}

function nameOf(known: Known): string {
  switch (known.as) {
    case 'listed':
      return `${known.id} of ${known.owner}, listed in an address book,`;
    case 'own':
      return `an address of our own wallet ${known.wallet}`;
    case 'paid':
      return `an address that proposal ${proposalName(known.proposal)} paid`;
  }
}
