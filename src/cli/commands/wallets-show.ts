import { renderWallet } from '../../core/approval/render.ts';
import { ok } from '../../core/base/result.ts';
import { formatBtc } from '../../core/base/sats.ts';
import { currentDocuments } from '../../core/governance/current.ts';
import { renderPolicy } from '../../core/policy/yaml.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';
import { walletFacts } from '../wallet-facts.ts';

export const run: Run = async (call) => {
  const id = word(call, 0);
  const at = await new Desk(call).atWallet(id);
  if (!at.ok) return at;
  const { followed, wallet, api } = at.value;
  const { state } = followed;
  const told = await api.wallet(id);
  if (!told.ok) return told;
  const { balance, address } = told.value;
  const facts = walletFacts(state, wallet);
  const policy = currentDocuments(state, id)?.policy ?? null;
  return ok({
    // `address` and `balance` are what the server says (receive addresses come from "addresses new"); all else is of the log.
    json: { ...facts, address, balance },
    lines: [
      ...renderWallet(state, wallet),
      `Standing: ${facts.standing}${facts.frozenBy === null ? '' : ` by ${facts.frozenBy}`}`,
      ...(policy === null
        ? ['No policy: nothing can be spent.']
        : renderPolicy(policy.document.body)),
      // Which coins are unspent is the chain's to say, and the server asks it.
      `The server says: ${formatBtc(BigInt(balance.confirmedSats))} confirmed, ${formatBtc(BigInt(balance.pendingSats))} pending`,
      `The server says the next address is ${address}`,
      `Nobody has attested it. For an address to be paid at: countersign addresses new ${id}`,
    ],
  });
};
