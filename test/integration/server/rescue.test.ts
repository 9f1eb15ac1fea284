import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { formatTime } from '../../../src/core/base/time.ts';
import { signedTransactions } from '../../../src/core/log/admit-version.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { standingAlerts } from '../../../src/core/watch/watchman.ts';
import { BroadcastService } from '../../../src/server/signing/broadcast.service.ts';
import { Living } from '../../support/living.ts';
import { passed } from '../../support/psbt.ts';
import { policyOf, strangerAddress } from '../../support/world.ts';
import { Terminal } from '../../unit/cli/bench.ts';

/** Signed proposals that wait: fee bumps, children that pay, cancel proposals; on the sandbox, by the API. */

const policy = `${policyOf('hot-1').replace('      delay: 60s\n', '')}
  - name: to ourselves
    when: { payments: none }
    require:
      approvals: { from: treasury, atLeast: 2 }
`;

let living: Living;
let amount = 100_000;

beforeAll(async () => {
  living = await Living.start({ policy });
  for (let coin = 0; coin < 14; coin++) await living.fund(1_000_000 + coin, coin);
}, 120_000);
afterAll(() => living.stop());

const envelope = (feeSatsMax = 15_000) => ({
  feeSatsMax,
  replacementsMax: 3,
  until: formatTime(Math.floor(Date.now() / 1000) + 86_400),
});

/** A proposal of its own amount, signed and in the mempool. */
async function sent(over: Parameters<Living['propose']>[1] = {}): Promise<ProposalRecord> {
  amount += 1_000;
  const payments = [{ address: strangerAddress, sats: amount }];
  const proposal = await living.propose({ payments, feeRate: 2 }, over);
  await living.sign(proposal);
  await living.waiting(proposal.txid);
  return proposal;
}

const newestOf = (proposal: ProposalRecord) => signedTransactions(living.state, proposal).at(-1);

describe('a fee bump', () => {
  test('replaces the waiting transaction once its cosigner has signed, and is confirmed in its place', async () => {
    const proposal = await sent({ envelope: envelope() });
    const api = await living.api('operator');
    const bumped = passed(await api.bump(proposal.digest, 20));
    expect(bumped.version).toBe(1);
    await living.tick();
    expect(newestOf(proposal)?.version).toBe(0);
    passed(await living.approve('alice', proposal));
    await living.tick();
    const newest = newestOf(proposal);
    expect(newest?.version).toBe(1);
    await living.waiting(newest?.txid ?? '');
    expect(await living.chain.view.transaction(proposal.txid)).toBeNull();
    const shown = passed(await api.proposal(proposal.digest));
    expect(shown.proposal).toBe(proposal.digest);
    await living.until('the fact of the second broadcast', () =>
      living.state.facts.get(proposal.digest)?.broadcasts.length === 2 ? true : undefined,
    );
    await living.mine(1);
    const confirmed = await living.until(
      'confirmation',
      () => living.state.facts.get(proposal.digest)?.confirmed ?? undefined,
    );
    expect(confirmed.txid).toBe(newest?.txid);
    expect(await api.bump(proposal.digest, 30)).toMatchObject({
      refusal: { code: 'proposal.confirmed' },
    });
    expect(standingAlerts(living.state)).toEqual([]);
  }, 120_000);

  test('is refused without an envelope, above it, and to who may not propose', async () => {
    const plain = await sent();
    const api = await living.api('operator');
    expect(await api.bump(plain.digest, 20)).toMatchObject({
      refusal: { code: 'version.envelope' },
    });
    const small = await sent({ envelope: envelope(1_000) });
    expect(await api.bump(small.digest, 50)).toMatchObject({
      refusal: { code: 'version.fee.high' },
    });
    expect(await api.bump(small.digest, 2)).toMatchObject({ refusal: { code: 'version.fee.low' } });
    const alice = await living.api('alice');
    expect(await alice.bump(small.digest, 4)).toMatchObject({ refusal: { code: 'member.role' } });
    expect(await api.bump('a'.repeat(64), 4)).toMatchObject({
      refusal: { code: 'proposal.unknown' },
    });
  }, 120_000);
});

describe('a child that pays', () => {
  test('spends the change of a waiting proposal, and keeps it from being replaced', async () => {
    const parent = await sent({ envelope: envelope() });
    const child = await living.propose({ childOf: parent.digest, feeRate: 20 });
    const [input] = child.statement.spend.inputs;
    expect(input?.outpoint.startsWith(parent.txid)).toBe(true);
    const together = parent.view.spend.feeSats + child.view.spend.feeSats;
    expect(together / (parent.view.vbytes + child.view.vbytes)).toBeCloseTo(20, 0);
    await living.sign(child, ['alice', 'bob']);
    await living.waiting(child.txid);
    const api = await living.api('operator');
    expect(await api.bump(parent.digest, 20)).toMatchObject({ refusal: { code: 'version.child' } });
    await living.mine(1);
    await living.until('both confirmed', () =>
      [parent, child].every(({ digest }) => living.state.facts.get(digest)?.confirmed)
        ? true
        : undefined,
    );
  }, 120_000);

  test('is refused where the parent pays as much alone', async () => {
    const parent = await sent();
    const api = await living.api('operator');
    const asked = { wallet: 'hot-1', purpose: 'test', childOf: parent.digest, feeRate: 1 };
    expect(await api.draft(asked)).toMatchObject({ refusal: { code: 'child.fee.enough' } });
  }, 60_000);
});

describe('a cancel proposal', () => {
  test('takes the place of the waiting transaction; then the cancelled one is sent no more', async () => {
    const target = await sent({ envelope: envelope() });
    const cancel = await living.propose(
      { cancels: target.digest, feeRate: 10 },
      { kind: 'cancel', cancels: target.digest },
    );
    expect(cancel.view.spend.outputs.every(({ change }) => change !== undefined)).toBe(true);
    await living.sign(cancel, ['alice', 'bob']);
    await living.waiting(cancel.txid);
    expect(await living.chain.view.transaction(target.txid)).toBeNull();
    const api = await living.api('operator');
    expect(await api.broadcast(target.digest)).toMatchObject({
      refusal: { code: 'proposal.cancelled' },
    });
    expect(await api.bump(target.digest, 40)).toMatchObject({
      refusal: { code: 'proposal.cancelled' },
    });
    await living.mine(1);
    await living.until('the cancel proposal is confirmed', () =>
      living.state.facts.get(cancel.digest)?.confirmed ? true : undefined,
    );
    const { open } = passed(await api.reconciliation('hot-1'));
    expect(open.map(({ proposal }) => proposal)).not.toContain(target.digest);
    expect(standingAlerts(living.state)).toEqual([]);
  }, 120_000);

  test('evicts a child, too, and what it cancels comes back with no other child', async () => {
    const target = await sent({ envelope: envelope() });
    const child = await living.propose({ childOf: target.digest, feeRate: 12 });
    await living.sign(child, ['alice', 'bob']);
    await living.waiting(child.txid);
    const cancel = await living.propose(
      { cancels: target.digest, feeRate: 5 },
      { kind: 'cancel', cancels: target.digest },
    );
    expect(cancel.view.spend.feeSats).toBeGreaterThan(
      target.view.spend.feeSats + child.view.spend.feeSats,
    );
    await living.sign(cancel, ['alice', 'bob']);
    await living.waiting(cancel.txid);
    const api = await living.api('operator');
    const helped = { wallet: 'hot-1', purpose: 'test', childOf: target.digest, feeRate: 30 };
    expect(await api.draft(helped)).toMatchObject({ refusal: { code: 'proposal.cancelled' } });
    expect(await api.bump(target.digest, 30)).toMatchObject({
      refusal: { code: 'version.child' },
    });
    // Sent again, the child would bring its cancelled parent back: it does not.
    const { digest } = child;
    passed(await api.broadcast(digest));
    await living.server.app.get(BroadcastService).send(digest);
    expect(await living.chain.view.transaction(target.txid)).toBeNull();
    expect((await living.chain.view.transaction(cancel.txid))?.confirmations).toBe(0);
    await living.mine(1);
    await living.until(
      'the cancel proposal is confirmed',
      () => living.state.facts.get(cancel.digest)?.confirmed ?? undefined,
    );
  }, 120_000);

  test('is refused of what is not signed, and of what is confirmed', async () => {
    amount += 1_000;
    const payments = [{ address: strangerAddress, sats: amount }];
    const open = await living.propose({ payments, feeRate: 2 });
    const api = await living.api('operator');
    const draft = (cancels: string) =>
      api.draft({ wallet: 'hot-1', purpose: 'test', cancels, feeRate: 10 });
    expect(await draft(open.digest)).toMatchObject({ refusal: { code: 'proposal.unsigned' } });
    await living.sign(open);
    await living.waiting(open.txid);
    await living.mine(1);
    await living.until(
      'confirmed',
      () => living.state.facts.get(open.digest)?.confirmed ?? undefined,
    );
    expect(await draft(open.digest)).toMatchObject({ refusal: { code: 'proposal.confirmed' } });
  }, 60_000);
});

describe('by the CLI', () => {
  let terminal: Terminal;
  const members = ['operator', 'alice', 'bob', 'carol'];
  beforeAll(async () => {
    const at = { server: living.server.url, genesis: living.genesis };
    terminal = await Terminal.before(at, living.world, members);
  }, 60_000);
  afterAll(() => terminal.close());

  const approve = async (proposal: string, by: readonly string[]) => {
    for (const member of by) {
      const typed = await terminal.json('approve', proposal, '--as', member);
      expect(typed).toMatchObject({ status: 0 });
    }
    await living.tick();
  };
  const propose = async (...more: readonly string[]) => {
    const typed = await terminal.json('propose', '--wallet', 'hot-1', '--purpose', 'x', ...more);
    return { typed, proposal: String(typed.json['proposal']) };
  };

  test('an envelope is shown to who approves it; a bump is shown, cosigned, and told by proposals show', async () => {
    const pay = ['--to', `${strangerAddress}=70000 sat`, '--fee-rate', '2'];
    const { typed, proposal } = await propose(...pay, '--fee-max', '9000 sat', '--fee-days', '2');
    expect(typed).toMatchObject({ status: 0 });
    expect(typed.said).toContain('The fee may be raised to 0.00009000 BTC until');
    expect(typed.said).toContain('5 times at most, out of the change alone');
    await approve(proposal, ['alice', 'bob', 'carol']);
    const bumped = await terminal.type('proposals', 'bump', proposal, '--fee-rate', '15');
    expect(bumped.status).toBe(0);
    expect(bumped.out).toContain('the same coins, the same payments');
    expect(bumped.out).toContain('Fee 0.0000');
    expect(bumped.out).toContain(`must be signed anew by alice: countersign approve ${proposal}`);
    const signed = await terminal.type('approve', proposal, '--as', 'alice');
    expect(signed.said).toContain('SIGN THE COINS of fee bump 1');
    expect(signed.said).toContain('0.00070000 BTC to');
    await living.tick();
    const shown = await terminal.json('proposals', 'show', proposal);
    expect(shown.json).toMatchObject({ versions: [{ version: 1, signed: true }] });
    const again = await terminal.json('approve', proposal, '--as', 'bob');
    expect(again.json).toMatchObject({ refusal: { code: 'proposal.signed' } });
  }, 60_000);

  test('a cancel proposal names what it makes void, and lists tell it once it is confirmed', async () => {
    const pay = ['--to', `${strangerAddress}=71000 sat`, '--fee-rate', '2'];
    const target = await propose(...pay);
    await approve(target.proposal, ['alice', 'bob', 'carol']);
    await living.waiting(living.proposal(target.proposal).txid);
    const { typed, proposal } = await propose('--cancel', target.proposal, '--fee-rate', '12');
    expect(typed).toMatchObject({ status: 0 });
    expect(typed.said).toContain('CANCELS proposal');
    expect(typed.said).toContain('Pays nobody');
    expect(typed.said).toContain('What it cancels pays:\n  0.00071000 BTC to');
    await approve(proposal, ['alice', 'bob']);
    await living.waiting(living.proposal(proposal).txid);
    await living.mine(1);
    await living.until('confirmed', () => living.state.facts.get(proposal)?.confirmed ?? undefined);
    const shown = await terminal.json('proposals', 'show', target.proposal);
    expect(shown.json).toMatchObject({ stage: 'cancelled', cancelledBy: proposal });
    const listed = await terminal.json('proposals', 'list', '--all');
    expect(JSON.stringify(listed.json)).toContain('"stage":"cancelled"');
  }, 60_000);

  test('a child is planned here once more; what is not asked for is refused', async () => {
    const parent = await propose('--to', `${strangerAddress}=72000 sat`, '--fee-rate', '2');
    await approve(parent.proposal, ['alice', 'bob', 'carol']);
    await living.waiting(living.proposal(parent.proposal).txid);
    const { typed } = await propose('--cpfp', parent.proposal, '--fee-rate', '14');
    expect(typed).toMatchObject({ status: 0 });
    expect(typed.said).toContain('Together with the payment that waits: 14.00 sat/vB');
    const early = await propose('--to', `${strangerAddress}=73000 sat`, '--fee-rate', '2');
    const cancel = await propose('--cancel', early.proposal, '--fee-rate', '9');
    expect(cancel.typed.json).toMatchObject({ refusal: { code: 'proposal.unsigned' } });
    const days = await propose('--to', `${strangerAddress}=1 BTC`, '--fee-days', '2');
    expect(days.typed.status).toBe(64);
  }, 60_000);
});
