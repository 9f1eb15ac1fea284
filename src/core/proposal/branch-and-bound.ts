import { SELECTION_TRIES } from '../base/limits.ts';
import type { SpendCost } from './spend-cost.ts';
import type { Unit } from './unit.ts';

/** Sums over the units from a place on. */
interface Rest {
  /** What they add beyond their own inputs, satoshi: what can still be reached. */
  readonly effective: readonly number[];
  /** What those of them save that are cheaper spent now than ever: 0 or less. */
  readonly saving: readonly number[];
}

/**
 * Searches the units for the least waste that needs no change: they cover payments and fee by no more than change would
 * cost. Depth first, each unit in before out, the largest first (Erhardt's branch and bound). Complete where it ends
 * within SELECTION_TRIES; beyond, the best found so far. Requires units by falling effective value.
 * Returns them, or null when there are none.
 */
export function branchAndBound<U extends Unit>(
  units: readonly U[],
  cost: SpendCost,
): readonly U[] | null {
  const rest = restOf(units);
  const chosen: number[] = [];
  let [held, inputs, effective, later] = [0, 0, 0, 0];
  let best: { readonly chosen: readonly number[]; readonly wasteSats: number } | null = null;
  const take = (unit: Unit, sign: 1 | -1): void => {
    held += sign * unit.sats;
    inputs += sign * unit.inputs;
    effective += sign * unit.effective;
    later += sign * unit.later;
  };
  let next = 0;
  for (let tries = 0; tries < SELECTION_TRIES; tries++) {
    const excess = cost.excessSats(held, inputs);
    const fits = inputs <= cost.mostInputs && excess <= cost.costOfChangeSats;
    if (fits && excess >= 0) {
      const wasteSats = cost.wasteSats(inputs, excess);
      if (best === null || wasteSats < best.wasteSats) best = { chosen: [...chosen], wasteSats };
    }
    const unit = units[next];
    const reachable = effective + (rest.effective[next] ?? 0) >= cost.targetSats;
    // What is not covered is no waste but no spend either: the excess counts from payments and rounded fee on.
    const least = later + (rest.saving[next] ?? 0) - cost.targetSats - cost.roundingSats;
    if (fits && unit !== undefined && reachable && (best === null || least < best.wasteSats)) {
      chosen.push(next);
      take(unit, 1);
      next++;
      continue;
    }
    const last = chosen.pop();
    const left = last === undefined ? undefined : units[last];
    if (last === undefined || left === undefined) break;
    take(left, -1);
    next = last + 1;
    while (isSame(left, units[next])) next++;
  }
  return best === null ? null : best.chosen.flatMap((at) => units[at] ?? []);
}

/** In the place of one left out it would make the same spend again. */
function isSame(unit: Unit, other: Unit | undefined): boolean {
  return unit.sats === other?.sats && unit.inputs === other.inputs;
}

function restOf(units: readonly Unit[]): Rest {
  const effective = [0];
  const saving = [0];
  for (const unit of units.toReversed()) {
    effective.push((effective.at(-1) ?? 0) + unit.effective);
    saving.push((saving.at(-1) ?? 0) + Math.min(0, unit.later));
  }
  return { effective: effective.reverse(), saving: saving.reverse() };
}
