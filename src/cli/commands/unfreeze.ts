import { frameOf, saltText, signStatement } from '../../client/statements.ts';
import { renderStatement } from '../../core/approval/render.ts';
import type { FreezeStatement } from '../../core/approval/statement.ts';
import { LIFTS, STATEMENT_SECONDS, TEXT_LENGTH } from '../../core/base/limits.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { openFreezesOf } from '../../core/governance/standings.ts';
import type { State } from '../../core/log/state.ts';
import type { Call, Run } from '../command.ts';
import { UsageError, required } from '../command.ts';
import { consent } from '../consent.ts';
import { Desk } from '../desk.ts';
import { missingText } from '../document-standing.ts';
import type { UnlockedDevice } from '../unlock.ts';

/** A governor signs that the open freezes of a wallet, or those of every wallet, be lifted. */
export const run: Run = async (call) => {
  const wallet = required(call, 'wallet');
  const text = required(call, 'reason');
  if (text.length > TEXT_LENGTH)
    throw new UsageError(`--reason takes at most ${String(TEXT_LENGTH)} characters`);
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state, log } = followed.value;
  const device = await desk.device();
  if (!device.ok) return device;
  const lifts = liftsOf(state, call, wallet, device.value);
  if (lifts.length === 0) return refuse('freeze.unknown', { wallet, lifts });
  const reason = saltText(text);
  const statement: FreezeStatement = {
    type: 'freeze',
    ...frameOf({
      org: state.genesis,
      device: device.value,
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
  const agreed = await consent(call, [...shown, `Reason: ${text}`]);
  if (!agreed.ok) return agreed;
  const signed = signStatement(statement, device.value.secretKey);
  const api = await desk.api();
  if (!api.ok) return api;
  const sent = await api.value.freeze(signed, reason);
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
function liftsOf(
  state: State,
  call: Call,
  wallet: string,
  { member }: UnlockedDevice,
): readonly string[] {
  return openFreezesOf(state, call.io.now())
    .filter(({ freeze }) => freeze.statement.wallet === wallet && !freeze.lifts.has(member))
    .map(({ freeze }) => freeze.digest)
    .slice(0, LIFTS);
}
