import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';
import { findDocument } from '../find-document.ts';
import { approval, sayOfDocument } from '../govern.ts';
import { handOf } from '../hand.ts';
import { effectLines, versionOf } from '../version.ts';

/** A governor signs a document. */
export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const found = findDocument(state, word(call, 0));
  if (!found.ok) return found;
  const hand = await handOf(call, desk, [state.charter?.document.body]);
  if (!hand.ok) return hand;
  const version = versionOf(state, found.value);
  const more = effectLines(state, version, call.io.now());
  const said = { followed: followed.value, version, hand: hand.value, word: approval };
  return sayOfDocument(call, desk, { ...said, more });
};
