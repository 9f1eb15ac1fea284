import { frameOf, saltText } from '../../client/statements.ts';
import { renderStatement } from '../../core/approval/render.ts';
import type { FreezeStatement } from '../../core/approval/statement.ts';
import { assert } from '../../core/base/assert.ts';
import { STATEMENT_SECONDS, TEXT_LENGTH } from '../../core/base/limits.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { objecting } from '../objection.ts';
import type { Run } from '../command.ts';
import { UsageError, required } from '../command.ts';
import { Desk } from '../desk.ts';
import { agree, bringsSignature, handOf, signBy } from '../hand.ts';
import { deliveryOf, failureOf, sayNo } from '../say-no.ts';

/** Freezes a wallet, or every wallet: counts on signature and identity alone, and at once. */
export const run: Run = (call) => objecting(call, freeze);

const freeze: Run = async (call) => {
  const id = required(call, 'wallet');
  const text = bringsSignature(call) ? '' : required(call, 'reason');
  if (text.length > TEXT_LENGTH)
    throw new UsageError(`--reason takes at most ${String(TEXT_LENGTH)} characters`);
  const desk = new Desk(call);
  const standpoint = await desk.followedOrKept();
  if (!standpoint.ok) return standpoint;
  const { state, log, isCurrent } = standpoint.value;
  if (isCurrent && id !== '*' && !state.wallets.has(id))
    return refuse('wallet.unknown', { wallet: id });
  const hand = await handOf(call, desk, [state.charter?.document.body]);
  if (!hand.ok) return hand;
  const { device } = hand.value;
  const reason = saltText(text);
  const former = state.freezes.findLast(
    ({ statement: { wallet, member } }) => wallet === id && member === device.member,
  );
  const frame = frameOf({
    org: state.genesis,
    device,
    log,
    previous: former?.digest ?? null,
    now: call.io.now(),
    validSeconds: STATEMENT_SECONDS,
  });
  const statement: FreezeStatement = {
    type: 'freeze',
    ...frame,
    wallet: id,
    action: 'freeze',
    lifts: [],
    reasonDigest: reason.digest,
  };
  const lines = [...renderStatement(statement, { proposal: null }), `Reason: ${text}`];
  const agreed = await agree(call, hand.value, lines);
  if (!agreed.ok) return agreed;
  const beside = { reason, blobs: [] };
  const made = await signBy(call, desk, hand.value, { state, statement, beside });
  if (!made.ok) return made;
  if (made.value.is === 'asked') return ok(made.value.output);
  const { signed, reason: told } = made.value;
  assert(told !== null, 'a freeze is kept with its reason');
  const delivery = await sayNo(desk, { state, signed }, async () => {
    const api = await desk.api();
    return api.ok ? api.value.freeze(signed, told) : api;
  });
  const failed = failureOf(delivery);
  if (failed !== null) return failed;
  const index = delivery.server.is === 'done' ? delivery.server.value.index : null;
  const { json, lines: how, refusals } = deliveryOf(delivery);
  return ok({
    json: { freeze: signed.digest, wallet: id, index, ...json },
    lines: [
      ...(refusals.length > 0
        ? []
        : [id === '*' ? 'Every wallet is frozen.' : `Wallet ${id} is frozen.`]),
      ...how,
    ],
    refusals,
  });
};
