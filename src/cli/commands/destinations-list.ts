import { groupAddress } from '../../core/approval/group-address.ts';
import { ok } from '../../core/base/result.ts';
import type { Run } from '../command.ts';
import { Desk } from '../desk.ts';

export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const book = followed.value.state.destinations;
  const entries = book?.document.body.entries ?? [];
  return ok({
    json: { document: book?.digest ?? null, destinations: entries },
    lines:
      entries.length === 0
        ? ['The address book is empty.']
        : entries.map(({ id, owner, tags, address }) => {
            const tagged = tags.length === 0 ? '' : `  tagged ${tags.join(', ')}`;
            return `${id}  of ${owner}${tagged}  ${groupAddress(address)}`;
          }),
  });
};
