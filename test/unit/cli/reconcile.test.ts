import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import type { World } from '../../support/world.ts';
import { approveAll, proposed } from '../../support/world.ts';
import { Bench } from './bench.ts';

let world: World;
let proposal: ProposalRecord;
let bench: Bench;
let asked: string;

beforeEach(async () => {
  ({ world, proposal } = proposed());
  bench = await Bench.open(world, ['operator']);
});
afterEach(() => bench.close());

const txid = 'ab'.repeat(32);

/** The server's answer: one deposit and one spend, of which it claims that a receipt explains it. */
function answer(over: object = {}): void {
  const day = {
    ...{ wallet: 'hot-1', day: '2026-11-22', readTo: 12, openingSats: 0, closingSats: 900_000 },
    deposits: [{ outpoint: `${txid}:0`, sats: 1_000_000, height: 10 }],
    spends: [
      {
        ...{ txid: proposal.txid, height: 11, leftSats: 100_000 },
        ...{ transaction: proposal.statement.spend.transaction, proposal: proposal.digest },
      },
    ],
    ...{ open: [], allSats: 9_000_000 },
    ...over,
  };
  bench.server.other = (path) => {
    if (!path.includes('/reconciliation')) return undefined;
    asked = path;
    return day;
  };
}

function sign(): void {
  approveAll({ world, proposal });
  world.round();
  world.now += 60;
  world.round();
}

const reconcile = (...words: readonly string[]) =>
  bench.type('reconcile', '--wallet', 'hot-1', ...words, '--as', 'operator');

describe('reconcile', () => {
  test('shows the day, what explains each spend, and the share of all wallets', async () => {
    sign();
    answer();
    const { status, out } = await reconcile('--day', '2026-11-22');
    expect(status).toBe(0);
    expect(asked).toBe('/v1/wallets/hot-1/reconciliation?day=2026-11-22');
    expect(out).toContain(`+ 0.01000000 BTC  deposit ${txid}:0, block 10`);
    expect(out).toContain(`- 0.00100000 BTC  ${proposal.txid}, block 11`);
    expect(out).toContain(`proposal ${proposal.digest}`);
    expect(out).toContain('Share of all wallets: 10.00%');
  });

  test('believes the log, not the server, on what a receipt explains', async () => {
    answer();
    const { status, out, said } = await reconcile();
    expect(status).toBe(2);
    expect(out).toContain('NO RECEIPT EXPLAINS IT');
    expect(said).toContain('reconciliation.unexplained');
    sign();
    expect((await reconcile()).status).toBe(0);
  });

  test('tells signed proposals that wait from those that can never confirm', async () => {
    sign();
    const open = {
      proposal: proposal.digest,
      txid: proposal.txid,
      signedAt: '2026-11-22T10:00:00Z',
    };
    answer({ spends: [], open: [{ ...open, conflict: null }] });
    const waiting = await reconcile();
    expect(waiting.status).toBe(0);
    expect(waiting.out).toContain('in no block by then');
    answer({ spends: [], open: [{ ...open, conflict: txid }] });
    const never = await reconcile();
    expect(never.status).toBe(2);
    expect(never.out).toContain(`can never confirm, for ${txid} took its coin`);
  });

  test.each([
    ['9.99%', 2],
    ['10%', 0],
    ['10.01%', 0],
  ])('a share of 10%% under a cap of %s ends with %d', async (cap, status) => {
    sign();
    answer();
    const told = await reconcile('--cap', cap);
    expect(told.status).toBe(status);
    expect(told.said.includes('reconciliation.share')).toBe(status === 2);
  });

  test.each(['5', '5.123%', '101%', '%', '-1%'])('a cap of %s is none', async (cap) => {
    answer();
    expect((await reconcile('--cap', cap)).status).toBe(64);
  });

  test('a day too large for one answer is refused by its code', async () => {
    bench.server.refusal = { code: 'reconciliation.large', facts: { wallet: 'hot-1' } };
    const { status, said } = await reconcile();
    expect(status).toBe(2);
    expect(said).toContain('reconciliation.large');
  });
});
