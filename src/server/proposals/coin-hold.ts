import { assert } from '../../core/base/assert.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { Seconds } from '../../core/base/time.ts';
import { parseTime } from '../../core/base/time.ts';
import { statementDigest } from '../../core/approval/statement.ts';
import type { Entry } from '../../core/log/entry.ts';
import type { ProposalRecord, State } from '../../core/log/state.ts';

/** How long a proposal keeps its coins from others: until a time, as long as they exist (null), or no more. */
export type Hold = { readonly until: Seconds | null } | 'released';

/**
 * The hold of a proposal in a state. While it may still be signed it has its coins until it expires; from the signer's
 * reservation on for good, for the signer may sign after the expiry what was approved before. A signature that may
 * exist keeps them whatever anybody says afterwards.
 */
export function holdOf(state: State, proposal: ProposalRecord): Hold {
  const { digest, statement, ended } = proposal;
  const ledger = state.ledgers.get(statement.wallet.id);
  if (ledger?.signed.has(digest) || ledger?.intents.has(digest)) return { until: null };
  if (ledger?.reservations.has(digest)) return { until: null };
  if (ended !== null) return 'released';
  const until = parseTime(statement.expiresAt);
  assert(until !== undefined, 'times are checked in the fold');
  return { until };
}

/** The proposal whose hold an entry may have changed, or null. An approval that ends one counts: log.fork. */
export function holdChangedBy(state: State, entry: Entry): ProposalRecord | null {
  const digest = namedBy(entry);
  const proposal = digest === null ? undefined : state.proposals.get(digest);
  if (proposal === undefined) return null;
  const approval = entry.type === 'statement' && entry.statement.type === 'approval';
  return approval && proposal.ended === null ? null : proposal;
}

function namedBy(entry: Entry): string | null {
  if (entry.type === 'receipt') {
    const { receipt } = entry;
    switch (receipt.record) {
      case 'reserve':
      case 'release':
      case 'intent':
      case 'signed':
        return receipt.proposal;
      case 'started':
      case 'sight':
      case 'heard':
      case 'force':
      case 'lift':
      case 'address':
      case 'refusal':
        return null;
    }
  }
  if (entry.type !== 'statement') return null;
  const { statement } = entry;
  if (statement.type === 'proposal') return statementDigest(statement);
  return statement.type === 'approval' ? statement.proposal : null;
}

/** Highest output number that a table holds; a real one is far below. */
const VOUT = 2_147_483_647;

/** Outpoints as the coins' tables have them. Code `coin.spent` for what can be no coin. */
export function pairsOf(
  outpoints: readonly string[],
): Result<readonly (readonly [txid: string, vout: number])[]> {
  const pairs: (readonly [string, number])[] = [];
  for (const outpoint of outpoints) {
    const [txid = '', text = ''] = outpoint.split(':');
    const vout = Number(text);
    if (!Number.isInteger(vout) || vout > VOUT) return refuse('coin.spent', { outpoint });
    pairs.push([txid, vout]);
  }
  return ok(pairs);
}
