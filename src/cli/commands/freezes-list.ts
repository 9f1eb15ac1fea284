import { ok } from '../../core/base/result.ts';
import { openFreezesOf } from '../../core/governance/standings.ts';
import type { Run } from '../command.ts';
import { Desk } from '../desk.ts';
import { missingText } from '../document-standing.ts';

export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const found = openFreezesOf(followed.value.state, call.io.now());
  return ok({
    json: {
      freezes: found.map(({ freeze: { digest, statement, lifts }, wallets }) => ({
        freeze: digest,
        wallet: statement.wallet,
        by: statement.member,
        issuedAt: statement.issuedAt,
        liftedBy: [...lifts.keys()].sort(),
        stops: wallets,
      })),
    },
    lines:
      found.length === 0
        ? ['Nothing is frozen.']
        : found.flatMap(({ freeze: { digest, statement, lifts }, wallets }) => [
            `${digest.slice(0, 12)}  ${statement.wallet === '*' ? 'every wallet' : statement.wallet}  by ${statement.member} of ${statement.issuedAt}`,
            ...(lifts.size === 0 ? [] : [`  Lifting signed by ${[...lifts.keys()].join(', ')}`]),
            ...wallets.map(({ wallet, missing }) =>
              missing.length === 0
                ? `  ${wallet}: its signer lifts it in its next round`
                : `  ${wallet}: to lift it ${missingText(missing)}`,
            ),
          ]),
  });
};
