import type { Result } from '../../base/result.ts';
import { ok, refuse } from '../../base/result.ts';
import type { Seconds } from '../../base/time.ts';
import { analysedMembers } from '../../governance/charter.ts';
import { currentDocuments } from '../../governance/current.ts';
import { holdersOutside, shownWallet } from '../../governance/outside.ts';
import type { State } from '../../log/state.ts';
import { mostFeeSats } from '../../proposal/replacement.ts';
import type { PolicyBody } from '../body.ts';
import type { Place } from '../check.ts';
import type { BlastInput } from './blast-radius.ts';

/** What a policy is analysed in: everything in force at a wallet's signer but the policy. */
export interface WalletSetting {
  /** The policy in force; null while there is none. */
  readonly policy: PolicyBody | null;
  readonly place: Place;
  /** Without the unlockers of the signer, whom the log does not know. */
  readonly input: (policy: PolicyBody) => BlastInput;
}

/**
 * The documents in force at a wallet's signer, by the receipts in the log, as analyses take them; deputies as of `now`.
 * The whole address book counts as cooled: what is not yet will be. Codes: `wallet.unknown`.
 */
export function walletSetting(state: State, wallet: string, now: Seconds): Result<WalletSetting> {
  const current = currentDocuments(state, wallet);
  if (current === null) return refuse('wallet.unknown', { wallet });
  const charter = current.charter.document.body;
  const { initiators, governance } = charter;
  const { body } = current.wallet.document;
  const members = analysedMembers(charter, now, shownWallet(wallet, [body]));
  const book = current.destinations?.document.body.entries ?? [];
  const others = [...state.wallets.keys()].flatMap((other) => {
    const policy = other === wallet ? undefined : currentDocuments(state, other)?.policy;
    return policy === undefined || policy === null ? [] : [policy.document.body];
  });
  const unseenSats = unseen(state, wallet);
  return ok({
    policy: current.policy?.document.body ?? null,
    place: { members, initiators, governance: governance.clause, custody: body.custody, others },
    input: (policy) => ({
      setting: { members, initiators, policy, book },
      governance,
      wallet: { outside: holdersOutside(body), unlockers: [] },
      unseenSats,
    }),
  });
}

/**
 * Payments and fees, in satoshi, of the proposals of a wallet whose signature exists or may and that the log does not
 * hold as confirmed.
 */
export function unseen(state: State, wallet: string): bigint {
  const ledger = state.ledgers.get(wallet);
  let sum = 0n;
  for (const digest of new Set([...(ledger?.signed.keys() ?? []), ...(ledger?.intents ?? [])])) {
    const proposal = state.proposals.get(digest);
    const isSeen = (state.facts.get(digest)?.confirmed ?? null) !== null;
    if (proposal !== undefined && !isSeen) sum += proposal.view.amountSats + mostFeeSats(proposal);
  }
  return sum;
}
