import type { ProposalStatement } from '../../src/core/approval/statement.ts';
import { statementDigest } from '../../src/core/approval/statement.ts';
import { fromHex } from '../../src/core/base/bytes.ts';
import { sats } from '../../src/core/base/sats.ts';
import { formatTime } from '../../src/core/base/time.ts';
import { entryBytes } from '../../src/core/log/entry.ts';
import type { Witness } from '../../src/core/log/replay.ts';
import { replay } from '../../src/core/log/replay.ts';
import type { ProposalRecord, VersionRecord } from '../../src/core/log/state.ts';
import { planReplacement } from '../../src/core/proposal/replacement.ts';
import { buildTransaction } from '../../src/core/psbt/build.ts';
import type { WorldOptions } from './world.ts';
import { approveAll, policyOf, strangerAddress, World } from './world.ts';

/** Signed proposals with envelopes in a world, and their fee bumps. */

export const HOUR = 3_600;

/** Spends back to the wallet need a rule of their own. */
export const policy = `${policyOf('hot-1')}
  - name: to ourselves
    when: { payments: none }
    require:
      approvals: { from: treasury, atLeast: 2 }
      delay: 60s
`;

/** A proposal of 0.01 BTC with an envelope, proposed and not approved. */
export function enveloped(
  over: Partial<NonNullable<ProposalStatement['envelope']>> = {},
  changeSats = 50_000,
  options: WorldOptions = {},
) {
  const world = new World({ policy, ...options });
  world.start();
  world.round();
  const { statement, coins } = world.draft({
    pays: [[strangerAddress, 1_000_000]],
    coins: [world.coin(1_001_000 + changeSats)],
  });
  const envelope = {
    feeSatsMax: 15_000,
    replacementsMax: 3,
    until: formatTime(world.now + 48 * HOUR),
    ...over,
  };
  const whole = { ...statement, envelope };
  const said = world.say(whole, coins);
  return { world, said, proposal: world.state.proposals.get(statementDigest(whole)) };
}

/** The same, signed by the wallet's signer. */
export function signed(
  over: Parameters<typeof enveloped>[0] = {},
  changeSats = 50_000,
  options: WorldOptions = {},
): {
  readonly world: World;
  readonly proposal: ProposalRecord;
} {
  const { world, proposal } = enveloped(over, changeSats, options);
  if (proposal === undefined) throw new Error('the proposal was taken');
  approveAll({ world, proposal });
  world.round();
  world.now += 60;
  world.round();
  if (!world.ledger.signed.has(proposal.digest)) throw new Error('the proposal is signed');
  return { world, proposal };
}

/** Lays a version with this transaction into the log. */
export function lay(world: World, proposal: ProposalRecord, transaction: Uint8Array) {
  return world.append(
    entryBytes({
      type: 'version',
      proposal: proposal.digest,
      transaction: world.blob(transaction),
    }),
  );
}

export function bump(world: World, proposal: ProposalRecord, feeRate: number) {
  const former = proposal.versions.at(-1) ?? proposal;
  const planned = planReplacement(world.wallet.wallet, former.view, feeRate);
  if (!planned.ok) throw new Error(planned.refusal.code);
  return lay(world, proposal, planned.value.transaction);
}

export function newest({ versions }: ProposalRecord): VersionRecord {
  const version = versions.at(-1);
  if (version === undefined) throw new Error('there is a version');
  return version;
}

/** Alice's key signs the newest version. */
export function cosign(world: World, proposal: ProposalRecord) {
  const version = newest(proposal);
  const over = { spend: version.spendDigest, partialSignatures: world.cosign(version) };
  return world.say(world.approval('alice', proposal, over));
}

export function bytesOf(
  { spend, sequences }: ProposalRecord['view'],
  change: {
    readonly outputs?: readonly { readonly script: string; readonly sats: number }[];
    readonly inputs?: readonly { readonly outpoint: string; readonly sequence?: number }[];
    readonly lockTime?: number;
  },
): Uint8Array {
  return buildTransaction({
    inputs:
      change.inputs ??
      spend.inputs.map(({ outpoint }, at) => ({ outpoint, sequence: sequences[at] ?? 0 })),
    outputs: (change.outputs ?? spend.outputs).map((output) => ({
      script: fromHex(output.script),
      sats: sats(output.sats),
    })),
    lockTime: change.lockTime ?? spend.lockTime,
  });
}

export function replayed(world: World, witness?: Witness) {
  const outcome = replay(
    world.genesis,
    world.leaves.length,
    (at) => world.leaves[at] ?? new Uint8Array(),
    {
      blobs: (sha256) => world.store.get(sha256),
      ...(witness === undefined ? {} : { witness }),
    },
  );
  if ('code' in outcome) throw new Error(outcome.code);
  return outcome;
}
