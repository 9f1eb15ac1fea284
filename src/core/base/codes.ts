import type { CodeEntry } from './codes/entry.ts';
import { chainCodes } from './codes/chain.ts';
import { documentCodes } from './codes/documents.ts';
import { keyCodes } from './codes/keys.ts';
import { logCodes } from './codes/log.ts';
import { policyCodes } from './codes/policy.ts';
import { proposalCodes } from './codes/proposals.ts';
import { requestCodes } from './codes/requests.ts';
import { sentinelCodes } from './codes/sentinel.ts';
import { spendingCodes } from './codes/spending.ts';
import { walletCodes } from './codes/wallets.ts';

/**
 * The one registry of refusal codes, a table for each area. Codes are dotted, stable and never reused; one code has one cause and one
 * test. A new code is added to its table before it is used anywhere.
 */
export const codes = {
  ...requestCodes,
  ...documentCodes,
  ...walletCodes,
  ...proposalCodes,
  ...policyCodes,
  ...spendingCodes,
  ...sentinelCodes,
  ...chainCodes,
  ...keyCodes,
  ...logCodes,
} as const satisfies Record<string, CodeEntry>;

export type RefusalCode = keyof typeof codes;

/** The registry's entry of a code. */
export function explainCode(code: RefusalCode): CodeEntry {
  return codes[code];
}
