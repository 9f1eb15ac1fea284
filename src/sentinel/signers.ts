import type { CharterBody } from '../core/governance/document.ts';
import { chartersHeld, recordOf } from '../core/governance/in-force.ts';
import type { LogKey } from '../core/log/checkpoint.ts';
import { fromHex } from '../core/base/bytes.ts';
import type { State } from '../core/log/state.ts';

/** The charters by which somebody may speak to a sentinel: the newest that it has folded, and those that signers hold. */
export function chartersKnown(state: State): readonly CharterBody[] {
  const newest = state.charter ?? recordOf(state, 'charter', state.genesis);
  const held = [...chartersHeld(state, '*').values()];
  return newest === null ? held : [newest.document.body, ...held];
}

/** The receipt keys of a wallet's signers, by those charters. */
export function signerKeys(state: State, wallet: string): ReadonlySet<string> {
  const signers = chartersKnown(state).flatMap((charter) => charter.signers);
  return new Set(signers.filter((one) => one.wallet === wallet).map(({ key }) => key));
}

/** The log's key, or null before the genesis was read. */
export function logKeyOf(state: State): LogKey | null {
  const genesis = recordOf(state, 'charter', state.genesis);
  if (genesis === null) return null;
  const { origin, key } = genesis.document.body.log;
  return { origin, key: fromHex(key) };
}
