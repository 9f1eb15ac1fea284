import type { Drill, GroundName, GroundPlan } from './drill.ts';
import { crowd, crowded } from './groups/crowded.ts';
import { displays } from './groups/displays.ts';
import { governed } from './groups/governed.ts';
import { keys } from './groups/keys.ts';
import { logs } from './groups/log.ts';
import { outsiders } from './groups/outsiders.ts';
import { policies } from './groups/policy.ts';
import { suppression } from './groups/suppression.ts';
import { psbts } from './groups/psbt.ts';
import { substitution } from './groups/substitution.ts';
import { tampered } from './groups/tampered.ts';
import { timed } from './groups/timed.ts';

/** Every drill that runs, by number. */
export const all: readonly Drill[] = [
  ...substitution,
  ...psbts,
  ...keys,
  ...policies,
  ...logs,
  ...suppression,
  ...tampered,
  ...timed,
  ...crowded,
  ...governed,
  ...displays,
  ...outsiders,
].sort((a, b) => a.id - b.id);

/** Long enough that a new device is used before, on a busy machine, and short enough to be waited for. */
const COOL_SECONDS = 40;

/** The organisations that the drills play in. */
export const plans: Readonly<Record<GroundName, GroundPlan>> = {
  shared: {
    name: 'shared',
    governance: { atLeast: 3 },
    members: [{ id: 'governor-4', groups: ['governors', 'operators'] }],
  },
  tampered: { name: 'tampered' },
  governed: { name: 'governed', governance: { delaySeconds: 4 } },
  displays: { name: 'displays' },
  timed: { name: 'timed', turnsClock: true },
  cooled: { name: 'cooled', coolDowns: { deviceSeconds: COOL_SECONDS, destinationSeconds: 0 } },
  crowded: { name: 'crowded', governance: { atLeast: 3 }, members: crowd },
};
