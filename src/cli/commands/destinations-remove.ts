import { refuse } from '../../core/base/result.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';
import { proposeVersion } from '../govern.ts';
import { nextVersion } from '../version.ts';

/** Proposes the address book without one entry. */
export const run: Run = async (call) => {
  const destination = word(call, 0);
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const known = state.destinations?.document.body.entries ?? [];
  const entries = known.filter(({ id }) => id !== destination);
  if (entries.length === known.length) return refuse('destination.unknown', { destination });
  const place = { kind: 'destinations', id: 'destinations' } as const;
  const version = nextVersion(state, place, { entries });
  if (!version.ok) return version;
  return proposeVersion(call, desk, { followed: followed.value, version: version.value });
};
