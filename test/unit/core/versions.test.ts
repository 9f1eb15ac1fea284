import { describe, expect, test } from '@jest/globals';
import { authoriseVersion } from '../../../src/core/authorise-version.ts';
import type { ProposalStatement } from '../../../src/core/approval/statement.ts';
import { statementDigest } from '../../../src/core/approval/statement.ts';
import { formatTime } from '../../../src/core/base/time.ts';
import { signedTransactions } from '../../../src/core/log/admit-version.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { indexOf } from '../../../src/core/policy/ledger-index.ts';
import { planReplacement } from '../../../src/core/proposal/replacement.ts';
import { blobAddress } from '../../../src/core/base/digest.ts';
import { guardOf } from '../../../src/core/watch/watchman.ts';
import {
  bump,
  bytesOf,
  cosign,
  enveloped,
  HOUR,
  lay,
  newest,
  replayed,
  signed,
} from '../../support/versions.ts';
import type { World } from '../../support/world.ts';
import { approveAll, proposed, strangerAddress } from '../../support/world.ts';

describe('an envelope', () => {
  test.each([
    ['below the fee', { feeSatsMax: 999 }],
    ['without replacements', { replacementsMax: 0 }],
    ['of 21 replacements', { replacementsMax: 21 }],
    ['that ends before it begins', { until: '2020-01-01T00:00:00Z' }],
    ['that ends in two months', { until: '2027-01-31T00:00:00Z' }],
  ])('%s is refused', (_, over) => {
    expect(enveloped(over).said).toBe('proposal.envelope.invalid');
  });

  test('of just the fee, and of 20 replacements, is taken', () => {
    expect(enveloped({ feeSatsMax: 1_000, replacementsMax: 20 }).said).toBe('applied');
  });

  test('is reserved and counted with all that it allows, once', () => {
    const { world, proposal } = signed();
    const { state, ledger } = world;
    const usage = () => indexOf(state, ledger).postingOf(proposal)?.feeSats;
    expect(usage()).toBe(15_000n);
    expect(bump(world, proposal, 30)).toBe('applied');
    expect(cosign(world, proposal)).toBe('applied');
    world.round();
    expect(usage()).toBe(15_000n);
  });

  test('is judged by the fee caps of the policy before anybody approves it', () => {
    const { world, proposal } = enveloped({ feeSatsMax: 49_000 });
    if (proposal === undefined) throw new Error('the proposal was taken');
    expect(world.verdict(proposal).refusal?.code).toBe('policy.fee.exceeded');
  });
});

describe('a fee bump', () => {
  test('is signed without new approvals, and the auditor finds it right', () => {
    const { world, proposal } = signed();
    world.now += HOUR;
    expect(bump(world, proposal, 30)).toBe('applied');
    expect(cosign(world, proposal)).toBe('applied');
    const done = world.round();
    expect(done).toEqual([{ record: 'sign', proposal: proposal.digest, version: 1 }]);
    expect(signedTransactions(world.state, proposal).map(({ version }) => version)).toEqual([0, 1]);
    expect(replayed(world).findings).toEqual([]);
    expect(world.round()).toEqual([]);
  });

  test('pays the same payments out of its change alone', () => {
    const { world, proposal } = signed();
    bump(world, proposal, 30);
    const { view } = newest(proposal);
    const payments = (spend: ProposalRecord['view']['spend']) =>
      spend.outputs.filter(({ change }) => change === undefined);
    expect(payments(view.spend)).toEqual(payments(proposal.view.spend));
    expect(view.spend.inputs).toEqual(proposal.view.spend.inputs);
    expect(Number(view.feeSats)).toBe(30 * view.vbytes);
  });

  test('waits for the cosigners, and takes signatures of the newest version alone', () => {
    const { world, proposal } = signed();
    bump(world, proposal, 20);
    expect(world.round()).toEqual([]);
    const stale = newest(proposal);
    const late = world.approval('alice', proposal, {
      spend: stale.spendDigest,
      partialSignatures: world.cosign(stale),
    });
    bump(world, proposal, 30);
    expect(world.say(late)).toBe('proposal.signed');
    expect(cosign(world, proposal)).toBe('applied');
    expect(world.round()).toEqual([{ record: 'sign', proposal: proposal.digest, version: 2 }]);
    expect(replayed(world).findings.filter(({ kind }) => kind === 'receipt')).toEqual([]);
  });

  test('takes no signatures of other bytes, and no approval without any', () => {
    const { world, proposal } = signed();
    bump(world, proposal, 20);
    const { spendDigest } = newest(proposal);
    const approve = (partialSignatures: string | null) =>
      world.say(world.approval('alice', proposal, { spend: spendDigest, partialSignatures }));
    expect(approve(world.cosign(proposal))).toBe('psbt.signature.invalid');
    expect(approve(null)).toBe('approval.signatures.missing');
    const bobs = { spend: spendDigest, partialSignatures: world.cosign(newest(proposal)) };
    expect(world.say(world.approval('bob', proposal, bobs))).toBe('approval.signatures.unasked');
    expect(world.say(world.approval('alice', proposal, { decision: 'reject' }))).toBe(
      'proposal.signed',
    );
  });

  test.each<[string, (view: ProposalRecord['view'], world: World) => Uint8Array, string]>([
    [
      'more to a payee',
      (view) =>
        bytesOf(view, {
          outputs: view.spend.outputs.map((output) => ({
            ...output,
            sats: output.change === undefined ? output.sats + 1 : output.sats - 5_000,
          })),
        }),
      'version.spend',
    ],
    [
      'less to a payee',
      (view) =>
        bytesOf(view, {
          outputs: view.spend.outputs.map((output) => ({
            ...output,
            sats: output.change === undefined ? output.sats - 5_000 : output.sats,
          })),
        }),
      'version.spend',
    ],
    [
      'one payment more',
      (view) =>
        bytesOf(view, {
          outputs: [
            ...view.spend.outputs.map((output) => ({
              ...output,
              sats: output.change === undefined ? output.sats : output.sats - 9_000,
            })),
            { script: view.spend.outputs[0]?.script ?? '', sats: 2_000 },
          ],
        }),
      'version.spend',
    ],
    [
      'the outputs in another order',
      (view) => bytesOf(view, { outputs: [...view.spend.outputs].reverse() }),
      'version.spend',
    ],
    [
      'change elsewhere in the wallet',
      (view, world) =>
        bytesOf(view, {
          outputs: view.spend.outputs.map((output) =>
            output.change === undefined
              ? output
              : {
                  script: Buffer.from(world.wallet.wallet.script(1, 1)).toString('hex'),
                  sats: 40_000,
                },
          ),
        }),
      'version.change',
    ],
    ['another lock time', (view) => bytesOf(view, { lockTime: 100 }), 'version.spend'],
    [
      'another sequence',
      (view) =>
        bytesOf(view, {
          inputs: view.spend.inputs.map(({ outpoint }) => ({ outpoint, sequence: 0xfffffffe })),
        }),
      'version.spend',
    ],
    ['the same fee', (view) => bytesOf(view, {}), 'version.fee.low'],
    [
      'more than the envelope',
      (view) =>
        bytesOf(view, {
          outputs: view.spend.outputs.map((output) => ({
            ...output,
            sats: output.change === undefined ? output.sats : output.sats - 14_001,
          })),
        }),
      'version.fee.high',
    ],
  ])('of %s has no effect', (_, make, code) => {
    const { world, proposal } = signed();
    expect(lay(world, proposal, make(proposal.view, world))).toBe(code);
    expect(proposal.versions).toEqual([]);
  });

  test('up to the envelope to the satoshi is taken', () => {
    const { world, proposal } = signed();
    const outputs = proposal.view.spend.outputs.map((output) => ({
      ...output,
      sats: output.change === undefined ? output.sats : output.sats - 14_000,
    }));
    expect(lay(world, proposal, bytesOf(proposal.view, { outputs }))).toBe('applied');
  });

  test('may leave its change out where that becomes dust', () => {
    const { world, proposal } = signed({ feeSatsMax: 13_000 }, 12_000);
    const outputs = proposal.view.spend.outputs.filter(({ change }) => change === undefined);
    expect(lay(world, proposal, bytesOf(proposal.view, { outputs }))).toBe('applied');
    expect(newest(proposal).view.feeSats).toBe(13_000n);
  });

  test('of other coins has no effect: {a,b} is not replaced by {a,c} nor {b,d} (drill 50)', () => {
    const { world } = proposed();
    const [a, b, c, d] = [0, 1, 2, 3].map(() => world.coin(600_000));
    if (a === undefined || b === undefined || c === undefined || d === undefined)
      throw new Error('four coins');
    const draft = world.draft({ pays: [[strangerAddress, 1_000_000]], coins: [a, b], fee: 2_000 });
    const envelope = { feeSatsMax: 9_000, replacementsMax: 3, until: formatTime(world.now + HOUR) };
    const statement = { ...draft.statement, envelope };
    expect(world.say(statement, draft.coins)).toBe('applied');
    const proposal = world.proposal(statementDigest(statement));
    approveAll({ world, proposal });
    world.round();
    world.now += 60;
    world.round();
    for (const coins of [
      [a, c],
      [b, d],
      [b, a],
    ] as const) {
      const other = world.draft({ pays: [[strangerAddress, 1_000_000]], coins, fee: 4_000 });
      const transaction = world.store.get(other.statement.spend.transaction);
      const outcome = lay(world, proposal, transaction ?? new Uint8Array());
      expect(['psbt.input.parent', 'version.spend', 'psbt.input.foreign']).toContain(outcome);
    }
    expect(proposal.versions).toEqual([]);
  });

  test('has no effect without an envelope, before the signature, and beyond its number', () => {
    const plain = proposed();
    approveAll(plain);
    plain.world.round();
    plain.world.now += 60;
    plain.world.round();
    expect(bump(plain.world, plain.proposal, 30)).toBe('version.envelope');
    const early = enveloped();
    if (early.proposal === undefined) throw new Error('the proposal was taken');
    expect(bump(early.world, early.proposal, 30)).toBe('proposal.unsigned');
    const { world, proposal } = signed({ replacementsMax: 2 });
    expect(bump(world, proposal, 10)).toBe('applied');
    expect(bump(world, proposal, 20)).toBe('applied');
    expect(bump(world, proposal, 30)).toBe('version.count');
  });

  test('is not signed from the end of its envelope on, and that is said once', () => {
    const { world, proposal } = signed({ until: '2026-11-03T12:00:00Z' });
    bump(world, proposal, 30);
    cosign(world, proposal);
    const until = Date.parse('2026-11-03T12:00:00Z') / 1_000;
    const judged = (now: number) =>
      authoriseVersion(world.state, world.ledger, proposal.digest, now)?.verdict;
    expect(judged(until - 1)?.outcome).toBe('authorised');
    expect(judged(until)?.refusal?.code).toBe('version.expired');
    world.now = until;
    expect(world.round()).toEqual([
      { record: 'refusal', proposal: proposal.digest, version: 1, code: 'version.expired' },
    ]);
    expect(world.round()).toEqual([]);
    expect(replayed(world).findings).toEqual([]);
  });

  test('is not signed while the wallet is frozen', () => {
    const { world, proposal } = signed();
    bump(world, proposal, 30);
    cosign(world, proposal);
    const freeze = {
      type: 'freeze',
      ...world.common('officer'),
      wallet: 'hot-1',
      action: 'freeze',
      lifts: [],
      reasonDigest: '0'.repeat(64),
    } as const;
    expect(world.say({ ...freeze, lifts: [] })).toBe('applied');
    expect(world.round()).toEqual([]);
    expect(
      authoriseVersion(world.state, world.ledger, proposal.digest, world.now)?.verdict.refusal
        ?.code,
    ).toBe('wallet.frozen');
  });

  test('is explained to the watchman by its intent, and never before', () => {
    const { world, proposal } = signed();
    bump(world, proposal, 30);
    const { transaction } = newest(proposal).view.spend;
    expect(guardOf(world.state).explains('hot-1', transaction)).toBeUndefined();
    cosign(world, proposal);
    world.round();
    expect(guardOf(world.state).explains('hot-1', transaction)).toBe(proposal.digest);
  });

  test('is not signed twice, out of order or before its intent', () => {
    const { world, proposal } = signed();
    bump(world, proposal, 20);
    bump(world, proposal, 30);
    const intent = (version: number) =>
      world.post(world.receipt({ record: 'intent', proposal: proposal.digest, version }));
    expect(intent(3)).toBe('receipt.invalid');
    const signatures = world.cosign(newest(proposal), world.hot);
    const sign = { record: 'signed', proposal: proposal.digest, version: 2, signatures } as const;
    expect(world.post(world.receipt(sign))).toBe('receipt.invalid');
    world.journal({ record: 'intent', proposal: proposal.digest, version: 2 });
    expect(intent(1)).toBe('receipt.invalid');
    world.journal(sign);
    expect(world.post(world.receipt(sign))).toBe('receipt.invalid');
    // The cosigner had not signed: the auditor names both receipts.
    expect(replayed(world).findings.map(({ refusal }) => refusal.code)).toEqual(
      expect.arrayContaining(['package.replay.mismatch']),
    );
  });

  test('is broadcast and confirmed in the place of what it replaces', () => {
    const { world, proposal } = signed();
    bump(world, proposal, 30);
    const at = formatTime(world.now);
    const { digest } = proposal;
    const version = newest(proposal);
    const say = (fact: 'broadcast' | 'settled' | 'unconfirmed', txid: string) =>
      world.append(entryBytes({ type: 'fact', fact: { fact, at, proposal: digest, txid } }));
    const confirm = (txid: string) =>
      world.append(
        entryBytes({
          type: 'fact',
          fact: { fact: 'confirmed', at, proposal: digest, txid, height: 9, block: '0'.repeat(64) },
        }),
      );
    expect(say('broadcast', proposal.txid)).toBe('applied');
    expect(say('broadcast', version.txid)).toBe('fact.invalid');
    cosign(world, proposal);
    world.round();
    expect(say('broadcast', version.txid)).toBe('applied');
    expect(say('broadcast', version.txid)).toBe('fact.duplicate');
    expect(confirm(version.txid)).toBe('applied');
    expect(say('settled', proposal.txid)).toBe('fact.invalid');
    expect(say('unconfirmed', proposal.txid)).toBe('fact.invalid');
    expect(say('settled', version.txid)).toBe('applied');
    expect(world.state.facts.get(digest)).toMatchObject({
      broadcasts: [proposal.txid, version.txid],
      confirmed: { height: 9, txid: version.txid },
    });
  });
});

describe('a cancel proposal', () => {
  /** Spends the coins of a signed proposal back to the wallet. */
  function cancelling(
    { world, proposal }: ReturnType<typeof signed>,
    over: Partial<ProposalStatement> = {},
  ) {
    const coins = proposal.coins.map(({ parent, index }) => ({
      parent,
      index,
      branch: 0 as const,
      vout: 0 as const,
    }));
    const draft = world.draft({ pays: [], coins, fee: 3_000 });
    const statement = {
      ...draft.statement,
      kind: 'cancel' as const,
      cancels: proposal.digest,
      ...over,
    };
    return { statement, said: world.say(statement, draft.coins) };
  }

  test('is signed though its coins are, by the normal quorum, and the auditor finds it right', () => {
    const made = signed();
    const { world } = made;
    const { statement, said } = cancelling(made);
    expect(said).toBe('applied');
    const proposal = world.proposal(statementDigest(statement));
    world.round();
    expect(world.ledger.reservations.has(proposal.digest)).toBe(false);
    approveAll({ world, proposal });
    world.round();
    world.now += 60;
    expect(world.round().map(({ record }) => record)).toContain('sign');
    expect(replayed(world).findings).toEqual([]);
  });

  test('ends the fee bumps of what it cancels', () => {
    const made = signed();
    const { world, proposal: target } = made;
    bump(world, target, 30);
    cosign(world, target);
    const { statement } = cancelling(made);
    const proposal = world.proposal(statementDigest(statement));
    approveAll({ world, proposal });
    world.ledger.intents.add(proposal.digest);
    world.ledger.position += 1;
    expect(
      authoriseVersion(world.state, world.ledger, target.digest, world.now)?.verdict.refusal?.code,
    ).toBe('proposal.cancelled');
  });

  test('is refused where it names nothing signed, or spends nothing of it, or is a payment', () => {
    const made = signed();
    const invalid = 'proposal.cancel.invalid';
    expect(cancelling(made, { cancels: null }).said).toBe(invalid);
    expect(cancelling(made, { cancels: 'a'.repeat(64) }).said).toBe(invalid);
    expect(cancelling(made, { kind: 'pay' }).said).toBe(invalid);
    const { world, proposal } = made;
    const other = world.draft({ pays: [], coins: [world.coin(90_000)] });
    const naming = { kind: 'cancel' as const, cancels: proposal.digest };
    expect(world.say({ ...other.statement, ...naming }, other.coins)).toBe(invalid);
    const coins = proposal.coins.map(({ parent, index }) => ({
      ...{ parent, index },
      branch: 0 as const,
      vout: 0 as const,
    }));
    const paying = world.draft({ pays: [[strangerAddress, 900_000]], coins });
    expect(world.say({ ...paying.statement, ...naming }, paying.coins)).toBe(invalid);
    const open = world.propose({ pays: [[strangerAddress, 5_000]] });
    expect(cancelling({ world, proposal: open }).said).toBe(invalid);
  });

  test('does not free its coins for a payment', () => {
    const made = signed();
    const { world, proposal } = made;
    const coins = proposal.coins.map(({ parent, index }) => ({
      ...{ parent, index },
      branch: 0 as const,
      vout: 0 as const,
    }));
    const again = world.propose({ pays: [[strangerAddress, 900_000]], coins });
    expect(world.verdict(again).refusal?.code).toBe('coin.signed');
  });
});

describe('a plan of a fee bump', () => {
  test('asks for what nodes ask of a replacement', () => {
    const { world, proposal } = signed();
    const { view } = proposal;
    const former = Number(view.feeSats) / view.vbytes;
    const plan = (rate: number) => planReplacement(world.wallet.wallet, view, rate);
    expect(plan(Math.floor(former))).toMatchObject({ refusal: { code: 'version.fee.low' } });
    const least = Math.ceil(former + 1);
    expect(plan(least).ok).toBe(true);
    expect(plan(5_000)).toMatchObject({ refusal: { code: 'fee.unpayable' } });
    const whole = plan(Math.floor(50_900 / view.vbytes));
    expect(whole.ok && blobAddress(whole.value.transaction)).toMatch(/^[0-9a-f]{64}$/);
  });
});
