import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { formatTime } from '../../../src/core/base/time.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import type { World } from '../../support/world.ts';
import { approveAll, proposed } from '../../support/world.ts';
import { Bench } from './bench.ts';

let world: World;
let proposal: ProposalRecord;
let bench: Bench;

beforeEach(async () => {
  ({ world, proposal } = proposed());
  bench = await Bench.open(world, ['operator']);
});
afterEach(() => bench.close());

const ready = {
  status: 'ready',
  database: 'up',
  log: { size: 12, sequencer: 'here' },
  chain: {
    ...{ source: 'bitcoind', fault: null, warnings: [] as string[] },
    tip: { height: 900_000, hash: 'ab'.repeat(32), age: 300, behind: 0 },
    follower: { process: 'here', height: 899_999 },
  },
  screening: { configured: false, required: false, fault: null as string | null },
  alerts: 0,
};
const answer = (view: object): void => {
  bench.server.other = (path) => (path === '/readyz' ? view : undefined);
};

describe('the status', () => {
  test('says in words and codes how server and chain are, without a session', async () => {
    answer(ready);
    const fine = await bench.type('status', '--as', 'operator');
    expect(fine.out).toContain('The server is ready.');
    expect(fine.out).toContain('block 900000 of 5 min ago, read up to 899999');
    expect(fine.out).toContain('No spend is unexplained.');
    expect(bench.server.requests).toEqual(['GET /readyz']);

    const chain = { ...ready.chain, fault: 'chain.stale', warnings: ['chain.slow'] };
    answer({ ...ready, status: 'degraded', chain, alerts: 2 });
    const stale = await bench.type('status', '--as', 'operator');
    expect(stale.status).toBe(0);
    expect(stale.out).toContain('chain.stale: The newest block of the Bitcoin node is too old.');
    expect(stale.out).toContain('chain.slow');
    expect(stale.out).toContain('ALERT: unexplained spends: 2');
  });

  test('tells of coins that recovery keys can spend, now or soon', async () => {
    const told = async (recovery: { readonly open: number; readonly soon: number }) => {
      answer({ ...ready, recovery });
      const { out } = await bench.type('status', '--as', 'operator');
      return ['recovery.open', 'recovery.soon'].filter((code) => out.includes(code));
    };
    expect(await told({ open: 0, soon: 0 })).toEqual([]);
    expect(await told({ open: 2, soon: 0 })).toEqual(['recovery.open']);
    expect(await told({ open: 2, soon: 1 })).toEqual(['recovery.open', 'recovery.soon']);
  });

  test('says whether payees are screened, and what is wrong with that', async () => {
    const told = async (screening: object) => {
      answer({ ...ready, screening });
      return (await bench.type('status', '--as', 'operator')).out;
    };
    expect(await told(ready.screening)).toContain(
      'Screening: no service is asked; no policy requires it',
    );
    const asked = { configured: true, required: true };
    expect(await told({ ...asked, fault: null })).toContain(
      'Screening: in order; a policy requires it',
    );
    const away = await told({ ...asked, fault: 'screening.unreachable' });
    expect(away).toContain('Screening: in trouble; a policy requires it');
    expect(away).toContain('screening.unreachable: The screening service does not answer.');
    const missing = { configured: false, required: true, fault: 'screening.unconfigured' };
    expect(await told(missing)).toContain('Set SCREENING_URL');
  });

  test('is the same as JSON', async () => {
    answer(ready);
    const { json } = await bench.json('status', '--as', 'operator');
    expect(json).toMatchObject({ ok: true, status: 'ready', chain: { fault: null }, alerts: 0 });
  });
});

describe('alerts', () => {
  test('are listed from the log, and whether a later receipt explains them', async () => {
    const list = () => bench.type('alerts', 'list', '--as', 'operator');
    expect((await list()).out).toContain('No spend is unexplained.');
    const { transaction, inputs } = proposal.statement.spend;
    const fact = {
      ...{ fact: 'alert', at: formatTime(world.now), wallet: 'hot-1', txid: proposal.txid },
      ...{ transaction, outpoints: inputs.map(({ outpoint }) => outpoint), height: 7 },
    };
    expect(world.append(entryBytes({ type: 'fact', fact } as never))).toBe('applied');
    const told = (await list()).out;
    expect(told).toContain(`${proposal.txid}  in block 7`);
    expect(told).toContain(`spends ${inputs[0]?.outpoint ?? ''}`);
    expect(told).toContain('No receipt explains it.');
    approveAll({ world, proposal });
    world.round();
    world.now += 60;
    world.round();
    expect((await list()).out).toContain(`explains it: proposal ${proposal.digest}`);
    const { json } = await bench.json('alerts', 'list', '--as', 'operator');
    expect(json).toMatchObject({ alerts: [{ wallet: 'hot-1', explainedBy: proposal.digest }] });
  });
});
