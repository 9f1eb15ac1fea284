import type { Api } from '../../client/api.ts';
import type { DepositAnswer } from '../../client/deposit-answers.ts';
import { SETTLED_CONFIRMATIONS } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { formatBtc } from '../../core/base/sats.ts';
import { addressesOf } from '../../core/log/addresses.ts';
import type { State, WalletRecord } from '../../core/log/state.ts';
import { ADDRESS_INDEX } from '../../core/base/limits.ts';
import { allOf, confirmationText } from '../coin-notes.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';

/** What was paid and when is the server's word, as it read the chain; addresses and attestations are of the log. */
export const run: Run = async (call) => {
  const id = word(call, 0);
  const at = await new Desk(call).atWallet(id);
  if (!at.ok) return at;
  const { followed, wallet, api } = at.value;
  const { state } = followed;
  const found = await read(api, id, call.has('all') ? 'all' : 'newest');
  if (!found.ok) return found;
  const { items, isWhole } = found.value;
  for (const { outpoint, address, branch, index } of items)
    if (index > ADDRESS_INDEX || address !== wallet.wallet.address(branch, index))
      return refuse('address.mismatch', { wallet: id, outpoint, told: address });
  const deposits = items.map((deposit) => judged(state, wallet, deposit));
  return ok({
    json: { wallet: id, settledConfirmations: SETTLED_CONFIRMATIONS, deposits, whole: isWhole },
    lines: [
      ...deposits.flatMap(linesOf),
      ...(deposits.length === 0 ? [`Nothing was paid to ${id}.`] : []),
      ...(isWhole ? [] : ['Older ones: countersign deposits list --all']),
    ],
  });
};

async function read(
  api: Api,
  wallet: string,
  which: 'all' | 'newest',
): Promise<Result<{ readonly items: readonly DepositAnswer[]; readonly isWhole: boolean }>> {
  if (which === 'all') {
    const items = await allOf((cursor) => api.deposits(wallet, cursor));
    return items.ok ? ok({ items: items.value, isWhole: true }) : items;
  }
  const page = await api.deposits(wallet, null);
  if (!page.ok) return page;
  return ok({ items: page.value.items, isWhole: page.value.next === null });
}

type Judged = DepositAnswer & { readonly attested: boolean };

/** Whether the signer attested the address is told by the log that was followed here, not by the server. */
function judged(state: State, { id }: WalletRecord, deposit: DepositAnswer): Judged {
  const { branch, index, flags } = deposit;
  const asked = branch === 0 ? addressesOf(state, id).get(index) : undefined;
  const attested = asked !== undefined && asked.attested !== null;
  return {
    ...deposit,
    attested,
    flags: flags.filter((flag) => flag !== 'unattested' || !attested),
  };
}

const flagTexts: Readonly<Record<DepositAnswer['flags'][number], string>> = {
  dust: 'DUST: worth less than the input that spends it. Strangers send it to see coins spent together.',
  unattested:
    'NOT ATTESTED: paid to an address that the signer never attested. Ask who gave it out.',
  change: 'CHANGE: somebody paid to a change address, which is for this wallet alone.',
  own: 'from a spend of this wallet itself',
};

function linesOf(deposit: Judged): readonly string[] {
  const { outpoint, sats, address, branch, index, state, height, time, labels } = deposit;
  const where = height === null ? 'waits' : `${time ?? 'no time'}  block ${String(height)}`;
  const depth = confirmationText({ ...deposit, settled: state === 'settled' });
  const place = `${branch === 0 ? 'address' : 'change address'} ${String(index)}`;
  const names = [labels.output, labels.address, labels.transaction].filter((one) => one !== null);
  return [
    `${where}  ${depth}  ${formatBtc(BigInt(sats))}  ${outpoint}`,
    `  to ${address}  ${place}${deposit.attested ? ', attested' : ''}`,
    ...(names.length === 0 ? [] : [`  ${names.map((name) => `"${name}"`).join(', ')}`]),
    ...(deposit.spent === 'no'
      ? []
      : [`  ${deposit.spent === 'yes' ? 'spent' : 'being spent'} by ${deposit.spentBy ?? ''}`]),
    ...deposit.flags.map((flag) => `  ${flagTexts[flag]}`),
  ];
}
