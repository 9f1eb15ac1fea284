import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { assert, unreachable } from '../base/assert.ts';
import type { Seconds } from '../base/time.ts';
import { parseTime } from '../base/time.ts';
import { guardOf } from '../watch/watchman.ts';
import { admitAsked } from './addresses.ts';
import { admitScreening } from './admit-screening.ts';
import { signedTransactions } from './admit-version.ts';
import type { Fact } from './entry.ts';
import type { FactRecord, State } from './state.ts';

type AlertFact = Extract<Fact, { fact: 'alert' }>;
type ProposalFact = Exclude<Fact, { fact: 'alert' | 'address-asked' | 'screening' }>;

/**
 * Facts are the server's word about the chain, or ask for an address: shown to people, never an input of authorise.ts.
 * But for what the screening service answered (admit-screening.ts), by which authorise.ts refuses and never passes.
 * Codes: `proposal.unknown`, `wallet.unknown`, `fact.invalid`, `fact.duplicate`, those of admitAsked.
 */
export function admitFact(state: State, fact: Fact): Result<(index: number) => void> {
  if (fact.fact === 'screening') return admitScreening(state, fact);
  if (fact.fact === 'alert') return admitAlert(state, fact);
  return fact.fact === 'address-asked' ? admitAsked(state, fact) : admitProposalFact(state, fact);
}

/** An alert stands once, and once more when a block holds what only the mempool held before. */
function admitAlert(state: State, fact: AlertFact): Result<(index: number) => void> {
  const { wallet, txid, transaction, outpoints, height } = fact;
  if (!state.wallets.has(wallet)) return refuse('wallet.unknown', { wallet });
  if (guardOf(state).explains(wallet, transaction) !== undefined)
    return refuse('fact.invalid', { reason: 'a receipt explains it', txid });
  const key = `${wallet}/${txid}`;
  const known = state.alerts.get(key);
  if (known !== undefined && (known.height !== null || height === null))
    return refuse('fact.duplicate', { wallet, txid });
  const at = secondsOf(fact);
  return ok((index) => {
    state.alerts.set(key, { index, at, wallet, txid, transaction, outpoints, height });
  });
}

function admitProposalFact(state: State, fact: ProposalFact): Result<(index: number) => void> {
  const proposal = state.proposals.get(fact.proposal);
  if (proposal === undefined) return refuse('proposal.unknown', { proposal: fact.proposal });
  const signed = signedTransactions(state, proposal);
  if (signed.length === 0) return refuse('fact.invalid', { reason: 'not signed' });
  if (!signed.some(({ txid }) => txid === fact.txid))
    return refuse('fact.invalid', { reason: 'another transaction' });
  const known = state.facts.get(fact.proposal) ?? {
    broadcastAt: null,
    broadcasts: [],
    confirmed: null,
    settledAt: null,
  };
  const order = checkOrder(known, fact);
  if (!order.ok) return order;
  return ok(() => {
    state.facts.set(fact.proposal, after(known, fact));
  });
}

function checkOrder(known: FactRecord, fact: ProposalFact): Result<null> {
  const wrong = (reason: string) => refuse('fact.invalid', { reason, fact: fact.fact });
  const again = () => refuse('fact.duplicate', { proposal: fact.proposal, fact: fact.fact });
  switch (fact.fact) {
    case 'broadcast':
      return known.broadcasts.includes(fact.txid) ? again() : ok(null);
    case 'confirmed':
      if (known.broadcastAt === null) return wrong('not broadcast');
      return known.confirmed === null ? ok(null) : again();
    case 'settled':
      if (known.confirmed?.txid !== fact.txid) return wrong('not confirmed');
      return known.settledAt === null ? ok(null) : again();
    case 'unconfirmed':
      return known.confirmed?.txid === fact.txid ? ok(null) : wrong('not confirmed');
    default:
      return unreachable(fact);
  }
}

function after(known: FactRecord, fact: ProposalFact): FactRecord {
  const at = secondsOf(fact);
  switch (fact.fact) {
    case 'broadcast':
      return {
        ...known,
        broadcastAt: known.broadcastAt ?? at,
        broadcasts: [...known.broadcasts, fact.txid],
      };
    case 'confirmed': {
      const { height, block, txid } = fact;
      return { ...known, confirmed: { height, block, txid } };
    }
    case 'settled':
      return { ...known, settledAt: at };
    case 'unconfirmed':
      return { ...known, confirmed: null, settledAt: null };
    default:
      return unreachable(fact);
  }
}

function secondsOf({ at }: Fact): Seconds {
  const seconds = parseTime(at);
  assert(seconds !== undefined, 'the schema admits only times');
  return seconds;
}
