import { toHex } from '../../core/base/bytes.ts';
import { refuse } from '../../core/base/result.ts';
import { addressOfScript, scriptOfAddress } from '../../core/wallet/network.ts';
import { parsePaymentUri } from '../../core/wallet/payment-uri.ts';
import type { Call, Run } from '../command.ts';
import { UsageError, required, word } from '../command.ts';
import { Desk } from '../desk.ts';
import { proposeVersion } from '../govern.ts';
import { nextVersion } from '../version.ts';

/** Proposes the address book with one entry more. */
export const run: Run = async (call) => {
  const { id, address } = entryOf(call);
  const owner = required(call, 'owner');
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const [wallet] = state.wallets.values();
  if (wallet === undefined) return refuse('wallet.unknown', { wallet: '' });
  const uri = parsePaymentUri(address);
  if (!uri.ok) return uri;
  if (uri.value.sats !== null) return refuse('address.uri', { reason: 'it names an amount' });
  const { network } = wallet.body;
  const script = scriptOfAddress(uri.value.address, network);
  if (!script.ok) return script;
  const known = state.destinations?.document.body.entries ?? [];
  // As it is shown everywhere, however it was typed.
  const shown = addressOfScript(script.value, network) ?? uri.value.address;
  const tags = call.texts('tag');
  const entry = { id, owner, script: toHex(script.value), address: shown, tags };
  const place = { kind: 'destinations', id: 'destinations' } as const;
  const version = nextVersion(state, place, { entries: [...known, entry] });
  if (!version.ok) return version;
  return proposeVersion(call, desk, { followed: followed.value, version: version.value });
};

function entryOf(call: Call): { readonly id: string; readonly address: string } {
  const text = word(call, 0);
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`it takes ID=ADDRESS, not "${text.slice(0, 120)}"`);
  return { id: text.slice(0, at), address: text.slice(at + 1) };
}
