import { ok, refuse } from '../../core/base/result.ts';
import { formatBtc } from '../../core/base/sats.ts';
import { formatTime } from '../../core/base/time.ts';
import { addressesOf } from '../../core/log/addresses.ts';
import { allOf } from '../coin-notes.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';
import { ownAddress } from '../receive-address.ts';

/** Which addresses were asked for and attested is of the log; labels and what was received are the server's word. */
export const run: Run = async (call) => {
  const id = word(call, 0);
  const at = await new Desk(call).atWallet(id);
  if (!at.ok) return at;
  const { followed, wallet, api } = at.value;
  const { state } = followed;
  const told = await allOf((cursor) => api.addresses(id, cursor));
  if (!told.ok) return told;
  for (const { index, address } of told.value) {
    const own = ownAddress(wallet, index);
    if (address !== own)
      return refuse('address.mismatch', { wallet: id, index, told: address, own: own ?? null });
  }
  const notes = new Map(told.value.map((one) => [one.index, one]));
  const addresses = [...addressesOf(state, id).values()].map(({ index, attested, request }) => {
    const { label = null, receivedSats = 0, deposits = 0 } = notes.get(index) ?? {};
    return {
      ...{ index, address: wallet.wallet.address(0, index) },
      attested: attested === null ? null : { ...attested, at: formatTime(attested.at) },
      /** The server stepped over it, to an unused one. */
      passedOver: request === null,
      ...{ label, receivedSats, deposits },
    };
  });
  return ok({
    json: { wallet: id, addresses },
    lines: [
      ...addresses.map(({ index, address, attested, passedOver, label, receivedSats, deposits }) =>
        [
          String(index),
          address,
          attested === null ? 'NOT ATTESTED: do not use it' : `attested ${attested.at}`,
          `received ${formatBtc(BigInt(receivedSats))} in ${String(deposits)}`,
          ...(passedOver ? ['passed over'] : []),
          ...(label === null ? [] : [`"${label}"`]),
        ].join('  '),
      ),
      ...(addresses.length === 0
        ? [`No address of ${id} was asked for: countersign addresses new ${id}`]
        : []),
    ],
  });
};
