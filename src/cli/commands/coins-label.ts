import { ok } from '../../core/base/result.ts';
import { parseWith } from '../../core/base/schema.ts';
import { labelRecord, labelTypeOf } from '../../core/wallet/labels.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';

/** Gives a coin, an address or a transaction a label; an empty one takes it away. */
export const run: Run = async (call) => {
  const [wallet, ref, label] = [word(call, 0), word(call, 1), word(call, 2)];
  const type = labelTypeOf(ref);
  const record = parseWith(labelRecord, { type, ref, label: label.normalize('NFC') });
  if (!record.ok) return record;
  const api = await new Desk(call).api();
  if (!api.ok) return api;
  const done = await api.value.putLabels(wallet, [record.value]);
  if (!done.ok) return done;
  return ok({
    json: { wallet, ...record.value },
    lines: [label === '' ? `${ref} has no label.` : `${ref} is called "${label}".`],
  });
};
