import { renderPayments } from '../core/approval/render.ts';
import type { ProposalStatement } from '../core/approval/statement.ts';
import { formatBtc } from '../core/base/sats.ts';
import type { State } from '../core/log/state.ts';
import { evictedBy } from '../core/policy/facts.ts';

/** What a cancel proposal makes void, as the log has it: the payments of the one that it names, and all that falls with that. */
export function cancelLines(
  state: State,
  { cancels, wallet }: ProposalStatement,
): readonly string[] {
  const target = state.proposals.get(cancels ?? '');
  const ledger = state.ledgers.get(wallet.id);
  if (target === undefined || ledger === undefined) return [];
  const others = evictedBy(state, ledger, target).filter(
    ({ digest, statement }) => digest !== target.digest && statement.cancels === null,
  );
  return [
    'What it cancels pays:',
    ...renderPayments(target.statement),
    ...others.map(
      ({ name, view }) =>
        `Falls with it: proposal ${name}, which pays ${formatBtc(view.amountSats)}`,
    ),
  ];
}
