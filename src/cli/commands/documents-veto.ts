import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';
import { findDocument } from '../find-document.ts';
import { sayOfDocument, veto } from '../govern.ts';
import { handOf } from '../hand.ts';
import { objecting } from '../objection.ts';
import { versionOf } from '../version.ts';

/** A governor vetoes a document: it counts on signature and identity alone, also where the log cannot be followed. */
export const run: Run = (call) => objecting(call, object);

const object: Run = async (call) => {
  const desk = new Desk(call);
  const standpoint = await desk.followedOrKept();
  if (!standpoint.ok) return standpoint;
  const { state } = standpoint.value;
  const found = findDocument(state, word(call, 0));
  if (!found.ok) return found;
  const hand = await handOf(call, desk, [state.charter?.document.body]);
  if (!hand.ok) return hand;
  const version = versionOf(state, found.value);
  const said = { followed: standpoint.value, version, hand: hand.value, word: veto };
  return sayOfDocument(call, desk, said);
};
