import type { ApprovalStatement, FreezeStatement } from '../approval/statement.ts';
import { saysNo, statementDigest } from '../approval/statement.ts';
import { unreachable } from '../base/assert.ts';
import type { RefusalCode } from '../base/codes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { isHeard } from '../governance/in-force.ts';
import { mayVeto } from '../governance/steps.ts';
import type { Said } from '../sentinel/messages.ts';
import type { StatementTools } from './admit-statement.ts';
import { admitStatement, mayFreeze } from './admit-statement.ts';
import { hearing, placeOfDocument } from './hearing.ts';
import type { Ledger } from './ledger.ts';
import type { ProposalRecord, State } from './state.ts';

/**
 * What was heard outside the log (design 3, "Sentinel"): a "no" that reached a signer by a sentinel counts for it from the receipt
 * `heard` on, whether its server lays it into the log or not. Of the log it is the same as an entry: the fold takes the
 * statement in with the receipt.
 */

/**
 * Whether the signer of a wallet takes a "no" from outside the log: it would be admitted as the next entry, and concerns this
 * wallet. Codes: those of admitStatement, among them `statement.duplicate` where the log holds it; `sentinel.unconcerned`
 * where it is about another wallet, or its author is heard at others alone.
 */
export function admitHeard(
  state: State,
  wallet: string,
  said: Said,
  tools: StatementTools,
): Result<null> {
  const unconcerned = refuse('sentinel.unconcerned', { wallet });
  if (!saysNo(said.statement)) return unconcerned;
  const admitted = admitStatement(state, { type: 'statement', ...said, coins: null }, tools);
  if (!admitted.ok) return admitted;
  return concernsWallet(state, wallet, said.statement) ? ok(null) : unconcerned;
}

function concernsWallet(state: State, wallet: string, statement: Said['statement']): boolean {
  switch (statement.type) {
    case 'approval':
      return state.proposals.get(statement.proposal)?.statement.wallet.id === wallet;
    case 'freeze':
      return (
        ['*', wallet].includes(statement.wallet) &&
        isHeardHere(
          wallet,
          hearing(state, statement.wallet, (body) => mayFreeze(body, statement)),
        )
      );
    case 'document': {
      const place = placeOfDocument(state.documents.get(statement.document)?.document);
      const holds = hearing(state, place, (body) => mayVeto(body, statement.member));
      return ['*', wallet].includes(place) && isHeardHere(wallet, holds);
    }
    default:
      return unreachable(statement);
  }
}

function isHeardHere(wallet: string, heard: ReturnType<typeof hearing>): boolean {
  return heard !== 'nowhere' && isHeard(heard, wallet);
}

/** Freezes of the ledger's wallet that stand outside the log, and are not lifted. */
export function heardFreezes(
  { freezes }: State,
  { heard, lifted }: Ledger,
): readonly { readonly digest: string; readonly statement: FreezeStatement }[] {
  return [...heard].flatMap(([digest, statement]) => {
    if (statement.type !== 'freeze' || lifted.has(digest)) return [];
    const isInLog = freezes.some((freeze) => freeze.digest === digest);
    return isInLog ? [] : [{ digest, statement }];
  });
}

/** Why a proposal can never be signed: by the log, or by what was heard outside it. */
export function endOf(
  { ended, digest, statement: { initiator } }: ProposalRecord,
  { heard }: Ledger,
): { readonly code: RefusalCode; readonly by: string } | null {
  if (ended !== null || heard.size === 0) return ended;
  for (const { decision, member } of approvalsHeard(heard, digest)) {
    if (decision === 'reject') return { code: 'proposal.rejected', by: member };
    if (member === initiator) return { code: 'proposal.withdrawn', by: member };
  }
  return null;
}

/** Members who took their approval of a proposal back, by what was heard outside the log. */
export function withdrawnBy({ heard }: Ledger, proposal: string): ReadonlySet<string> {
  if (heard.size === 0) return nobody;
  return new Set(approvalsHeard(heard, proposal).map(({ member }) => member));
}

const nobody: ReadonlySet<string> = new Set();

function approvalsHeard(heard: Ledger['heard'], proposal: string): readonly ApprovalStatement[] {
  return [...heard.values()].flatMap((statement) =>
    statement.type === 'approval' && statement.proposal === proposal ? [statement] : [],
  );
}

/** Who vetoed a document, by what was heard outside the log. */
export function vetoesHeard({ heard }: Ledger, document: string): readonly string[] {
  return [...heard.values()].flatMap((statement) =>
    statement.type === 'document' && statement.document === document ? [statement.member] : [],
  );
}

/** Whether a statement was heard by a signer of the wallet, in or outside the log. */
export function wasHeard(state: State, { heard }: Ledger, { statement }: Said): boolean {
  const digest = statementDigest(statement);
  return heard.has(digest) || state.statements.has(digest);
}
