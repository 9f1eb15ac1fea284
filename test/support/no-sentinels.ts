import type { Journal } from '../../src/signer/journal.ts';
import { Sentinels } from '../../src/signer/sentinels.ts';

/** The sentinels of a signer that is told of none. */
export function noSentinels(journal: Journal): Sentinels {
  return new Sentinels({
    apis: new Map(),
    journal,
    sign: () => '',
    nonce: () => '',
    steadyMs: () => performance.now(),
    tell: () => undefined,
  });
}
