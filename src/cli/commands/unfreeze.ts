import { frameOf, saltText } from '../../client/statements.ts';
import { renderStatement } from '../../core/approval/render.ts';
import type { FreezeStatement } from '../../core/approval/statement.ts';
import { assert } from '../../core/base/assert.ts';
import { LIFTS, STATEMENT_SECONDS, TEXT_LENGTH } from '../../core/base/limits.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { openFreezesOf } from '../../core/governance/standings.ts';
import type { State } from '../../core/log/state.ts';
import type { Call, Run } from '../command.ts';
import { UsageError, required } from '../command.ts';
import { Desk } from '../desk.ts';
import { missingText } from '../document-standing.ts';
import { agree, bringsSignature, handOf, signBy } from '../hand.ts';

/** A governor signs that the open freezes of a wallet, or those of every wallet, be lifted. */
export const run: Run = async (call) => {
  const wallet = required(call, 'wallet');
  const text = bringsSignature(call) ? '' : required(call, 'reason');
  if (text.length > TEXT_LENGTH)
    throw new UsageError(`--reason takes at most ${String(TEXT_LENGTH)} characters`);
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state, log } = followed.value;
  const hand = await handOf(call, desk, [state.charter?.document.body]);
  if (!hand.ok) return hand;
  const { device } = hand.value;
  const lifts = liftsOf(state, call, wallet, device.member);
  if (lifts.length === 0) return refuse('freeze.unknown', { wallet, lifts });
  const reason = saltText(text);
  const statement: FreezeStatement = {
    type: 'freeze',
    ...frameOf({
      org: state.genesis,
      device,
      log,
      previous: null,
      now: call.io.now(),
      validSeconds: STATEMENT_SECONDS,
    }),
    wallet,
    action: 'unfreeze',
    lifts: [...lifts],
    reasonDigest: reason.digest,
  };
  const shown = renderStatement(statement, { proposal: null, freezes: state.freezes });
  const agreed = await agree(call, hand.value, [...shown, `Reason: ${text}`]);
  if (!agreed.ok) return agreed;
  const beside = { reason, blobs: [] };
  const made = await signBy(call, desk, hand.value, { state, statement, beside });
  if (!made.ok) return made;
  if (made.value.is === 'asked') return ok(made.value.output);
  const { signed, reason: told } = made.value;
  assert(told !== null, 'a freeze is kept with its reason');
  const api = await desk.api();
  if (!api.ok) return api;
  const sent = await api.value.freeze(signed, told);
  if (!sent.ok) return sent;
  const delivered = await desk.delivered(signed.digest);
  const after = (await desk.lookAgain())?.state ?? state;
  return ok({
    json: { statement: signed.digest, wallet, lifts, index: sent.value.index, delivered },
    lines: [
      `Signed: ${String(lifts.length)} to be lifted.`,
      delivered
        ? 'It stands in the log, verified here.'
        : 'NOT DELIVERED: the log does not show it yet.',
      ...openFreezesOf(after, call.io.now())
        .filter(({ freeze }) => lifts.includes(freeze.digest))
        .flatMap(({ wallets }) =>
          wallets.map(({ wallet: stopped, missing }) =>
            missing.length === 0
              ? `${stopped}: its signer lifts it in its next round`
              : `${stopped}: still needed: ${missingText(missing)}`,
          ),
        ),
    ],
  });
};

/** The open freezes of exactly this wallet that the governor has not signed yet, as many as one statement holds. */
function liftsOf(state: State, call: Call, wallet: string, member: string): readonly string[] {
  return openFreezesOf(state, call.io.now())
    .filter(({ freeze }) => freeze.statement.wallet === wallet && !freeze.lifts.has(member))
    .map(({ freeze }) => freeze.digest)
    .slice(0, LIFTS);
}
