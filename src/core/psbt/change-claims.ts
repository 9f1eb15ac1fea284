import { toHex } from '../base/bytes.ts';
import type { Facts, Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { WarningCode } from '../base/warnings.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { DerivationClaim } from './derivations.ts';
import {
  claimedPlaces,
  claimsOurKey,
  readDerivations,
  readTaprootDerivations,
} from './derivations.ts';
import type { FieldMap } from './fields.ts';
import { outputType } from './fields.ts';
import type { ClaimedCoin, SpendView } from './spend.ts';

export interface ChangeWarning {
  readonly code: Extract<WarningCode, 'change.receive' | 'change.many' | 'change.foreign'>;
  readonly facts: Facts;
}

/**
 * Outputs that claim a key of ours, but are none of our change within the range, are refused: change that cannot
 * be found again, or somebody's forgery (document 7, B2, B3). What claims nothing is a payment, and so is what claims keys
 * of others. Refuses with `psbt.malformed`, `psbt.change.range`, `psbt.change.tampered`.
 */
export function checkChange(
  wallet: Wallet,
  outputs: readonly FieldMap[],
  view: SpendView<ClaimedCoin>,
  highestChange: number,
): Result<readonly ChangeWarning[]> {
  const warnings: ChangeWarning[] = [];
  let changes = 0;
  for (const [output, { script, change }] of view.spend.outputs.entries()) {
    const claims = claimsOf(outputs[output] ?? []);
    if (claims === null)
      return refuse('psbt.malformed', { reason: 'a derivation is malformed', output });
    if (change !== undefined) {
      changes += 1;
      continue;
    }
    const place = claimedPlaces(claims).find(
      ({ branch, index }) =>
        wallet.branches.includes(branch) && toHex(wallet.script(branch, index)) === script,
    );
    if (place?.branch === 1)
      return refuse('psbt.change.range', { output, index: place.index, highest: highestChange });
    if (place !== undefined)
      warnings.push({ code: 'change.receive', facts: { output, index: place.index } });
    else if (claims.some((claim) => claimsOurKey(claim, wallet)))
      return refuse('psbt.change.tampered', { output });
    else if (claims.length > 0) warnings.push({ code: 'change.foreign', facts: { output } });
  }
  if (changes > 1) warnings.push({ code: 'change.many', facts: { outputs: changes } });
  return ok(warnings);
}

function claimsOf(map: FieldMap): readonly DerivationClaim[] | null {
  const plain = readDerivations(map, outputType.derivation);
  const taproot = readTaprootDerivations(map, outputType.taprootDerivation);
  return plain === null || taproot === null ? null : [...plain, ...taproot];
}
