import type { Drill, GroundName, GroundPlan } from './drill.ts';
import { logs } from './groups/log.ts';
import { policies } from './groups/policy.ts';
import { suppression } from './groups/suppression.ts';
import { substitution } from './groups/substitution.ts';

/** Every drill that runs, by number. */
export const all: readonly Drill[] = [...substitution, ...policies, ...logs, ...suppression].sort(
  (a, b) => a.id - b.id,
);

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
  timed: {
    name: 'timed',
    turnsClock: true,
    coolDowns: { deviceSeconds: 3_600, destinationSeconds: 0 },
  },
  crowded: { name: 'crowded', governance: { atLeast: 3 } },
};
