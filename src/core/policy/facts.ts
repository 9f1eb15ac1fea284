import type { Refusal } from '../base/result.ts';
import { sats } from '../base/sats.ts';
import type { Seconds } from '../base/time.ts';
import { memberOf } from '../governance/charter.ts';
import type { CharterBody } from '../governance/document.ts';
import { newestSigned } from '../log/admit-version.ts';
import type { Ledger } from '../log/ledger.ts';
import type { ProposalRecord, State } from '../log/state.ts';
import type { SpendFacts } from './inquiry.ts';
import { indexOf } from './ledger-index.ts';
import type { Look } from './look.ts';
import { seenAs } from './look.ts';
import { mostFeeSats } from '../proposal/replacement.ts';
import type { Usage } from './usage.ts';

/** What the policy is judged on, drawn from the fold and a signer's ledger: from bytes and documents alone. */

/** The spend of a proposal as the policy sees it; its initiator as the charter does that is in force at the signer. */
export function spendFacts(
  proposal: ProposalRecord,
  look: Look,
  charter: CharterBody | null,
): SpendFacts {
  const { view, statement } = proposal;
  const { initiator, reference } = statement;
  return {
    payments: view.spend.outputs.flatMap((output) =>
      output.change === undefined
        ? [{ script: output.script, sats: sats(output.sats), ...seenAs(look, output.script) }]
        : [],
    ),
    amountSats: view.amountSats,
    // What the envelope allows is judged before it is approved: no bump asks the policy again.
    feeSats: mostFeeSats(proposal),
    vbytes: view.vbytes,
    initiator,
    initiatorGroups: charter === null ? [] : (memberOf(charter, initiator)?.groups ?? []),
    hasReference: reference !== null,
  };
}

/**
 * What already holds budget of the wallet at its signer when a proposal is judged: open reservations and signed
 * spends, the proposal's own taken out, their destinations seen as the proposal's are.
 */
export function usageOf(state: State, ledger: Ledger, proposal: ProposalRecord, look: Look): Usage {
  const index = indexOf(state, ledger);
  return index.budget.seen(look.listed, index.postingOf(proposal));
}

/** What holds budget of a wallet at its signer, when nothing is asked for. */
export function usageOfWallet(state: State, ledger: Ledger, look: Look): Usage {
  return indexOf(state, ledger).budget.seen(look.listed, null);
}

/**
 * What another spend of the wallet stands in the way of this one (design 3, step 10): a coin signed or about to be,
 * a coin reserved, or the same payments or reference signed within seven days and not named in `repeats`. Naming the
 * last one covers those before it.
 */
export function spendConflict(
  state: State,
  ledger: Ledger,
  proposal: ProposalRecord,
  now: Seconds,
): Refusal | null {
  const index = indexOf(state, ledger);
  const signed = index.coinSigned(proposal);
  // Whoever cancels spends coins that are signed away, back to the wallet: admit-proposal.ts holds it to that.
  if (signed !== null && proposal.statement.kind !== 'cancel')
    return { code: 'coin.signed', facts: { coin: signed.coin, proposal: signed.by } };
  const former = index.repeated(proposal, now);
  if (former !== null && proposal.statement.repeats !== former.digest)
    return { code: 'spend.repeated', facts: { proposal: former.digest, name: former.name } };
  const reserved = index.coinReserved(proposal);
  if (reserved !== null)
    return { code: 'coin.reserved', facts: { coin: reserved.coin, proposal: reserved.by } };
  return null;
}

/** The cancel proposals of this one whose signatures exist or may, by a signer's ledger. */
export function cancelsOf(
  state: State,
  ledger: Ledger,
  { digest }: ProposalRecord,
): readonly string[] {
  return indexOf(state, ledger).cancelsOf(digest);
}

/** A proposal whose signature exists or may, and that spends change of this one, or null. */
export function childOf(state: State, ledger: Ledger, proposal: ProposalRecord): string | null {
  return childrenOf(state, ledger, proposal)[0] ?? null;
}

function childrenOf(state: State, ledger: Ledger, proposal: ProposalRecord): readonly string[] {
  const index = indexOf(state, ledger);
  return [proposal, ...proposal.versions].flatMap(({ txid, view }) =>
    view.spend.outputs.flatMap(({ change }, vout) =>
      change === undefined ? [] : (index.spenderOf(`${txid}:${String(vout)}`) ?? []),
    ),
  );
}

/**
 * What a cancel proposal takes the place of: the proposal itself, former ones that cancel it, and all that spend their
 * change, each once. Nodes ask it to pay more than all of them together (BIP 125, rule 3).
 */
export function evictedBy(
  state: State,
  ledger: Ledger,
  target: ProposalRecord,
): readonly ProposalRecord[] {
  const found = new Set([target.digest, ...cancelsOf(state, ledger, target)]);
  // A set that grows while it is read: children of children come behind.
  for (const digest of found) {
    const proposal = state.proposals.get(digest);
    for (const child of proposal === undefined ? [] : childrenOf(state, ledger, proposal))
      found.add(child);
  }
  return [...found].flatMap((digest) => state.proposals.get(digest) ?? []);
}

/** The fees of all that a cancel proposal of this one takes the place of, satoshi, each at its newest signed version. */
export function evictedSats(state: State, ledger: Ledger, target: ProposalRecord): number {
  return evictedBy(state, ledger, target).reduce(
    (sum, proposal) => sum + (newestSigned(state, proposal)?.of ?? proposal).view.spend.feeSats,
    0,
  );
}

/** Whether the log says that a cancel proposal of this one is signed: then this one is sent no more. */
export function isCancelled(state: State, proposal: ProposalRecord): boolean {
  return signedCancel(state, proposal) !== null;
}

/** The signed cancel proposal of this one, that which is confirmed first; null when none is signed. */
export function signedCancel(state: State, proposal: ProposalRecord): string | null {
  const ledger = state.ledgers.get(proposal.statement.wallet.id);
  if (ledger === undefined) return null;
  const signed = cancelsOf(state, ledger, proposal).filter((one) => ledger.signed.has(one));
  const confirmed = signed.find((one) => Boolean(state.facts.get(one)?.confirmed));
  return confirmed ?? signed.at(-1) ?? null;
}
