import { randomBytes } from 'node:crypto';
import type { Api } from '../../client/api.ts';
import type { AskedAnswer } from '../../client/deposit-answers.ts';
import { toHex } from '../../core/base/bytes.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { addressesBlocked } from '../../core/log/addresses.ts';
import { createLedger } from '../../core/log/ledger.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';
import {
  addressJson,
  addressLines,
  awaitAttestation,
  ownAddress,
  Patience,
} from '../receive-address.ts';

/** Asks for an address and believes none but that which the signer attests in the log and the descriptor gives here. */
export const run: Run = async (call) => {
  const id = word(call, 0);
  const label = call.text('label')?.normalize('NFC') ?? null;
  const patience = new Patience(call);
  const desk = new Desk(call);
  const at = await desk.atWallet(id);
  if (!at.ok) return at;
  const { followed, wallet, api } = at.value;
  const { state } = followed;
  const blocked = addressesBlocked(state, state.ledgers.get(id) ?? createLedger(), wallet);
  if (blocked !== null) return { ok: false, refusal: blocked };
  const request = toHex(randomBytes(32));
  const asked = await ask(api, id, { request, label, patience });
  if (!asked.ok) return asked;
  const { index, address } = asked.value;
  const own = ownAddress(wallet, index);
  if (address !== own)
    return refuse('address.mismatch', { wallet: id, index, told: address, own: own ?? null });
  const found = await awaitAttestation(desk, wallet, { index, request, patience });
  if (!found.ok) return found;
  return ok({
    json: { ...addressJson(found.value), label },
    lines: [...addressLines(found.value, label), ...gapLines(asked.value)],
  });
};

/** A wallet with a past is attested a gap at a time up to where it is used: that takes a while, once. */
async function ask(
  api: Api,
  wallet: string,
  given: {
    readonly request: string;
    readonly label: string | null;
    readonly patience: Patience;
  },
): Promise<Result<AskedAnswer>> {
  const { request, label, patience } = given;
  for (;;) {
    const asked = await api.askAddress(wallet, { request, ...(label === null ? {} : { label }) });
    if (asked.ok || asked.refusal.code !== 'address.reach') return asked;
    const goesOn = await patience.goesOn(
      `Waiting for the signer of ${wallet} to attest the addresses before`,
    );
    if (!goesOn) return asked;
  }
}

/** Other wallets stop looking after so many unused addresses (BIP 44). */
function gapLines({ index, highestPaid, gapLimit }: AskedAnswer): readonly string[] {
  if (index <= highestPaid + gapLimit) return [];
  return [
    `NOTE: addresses before it in a row that nobody paid: ${String(index - highestPaid - 1)}. Other wallets of the same keys that look ${String(gapLimit)} ahead`,
    'do not see what is paid here until they are told to look farther. The server and this CLI do.',
  ];
}
