import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { World } from '../../support/world.ts';
import { Bench } from './bench.ts';

const outpoint = `${'ab'.repeat(32)}:1`;
const other = `${'cd'.repeat(32)}:0`;
const at = '2027-01-15T08:00:00Z';
const frozenCoin = { outpoint: other, frozen: true, reason: 'a dispute', by: 'operator', at };

let bench: Bench;
/** What was sent, by path. */
let posted: [path: string, body: unknown][];

beforeEach(async () => {
  const world = new World();
  world.start();
  bench = await Bench.open(world, ['operator']);
  posted = [];
  bench.server.other = (path, body) => {
    if (!path.startsWith('/v1/wallets/hot-1/')) return undefined;
    const list = path.slice('/v1/wallets/hot-1/'.length);
    const page = (items: readonly object[], next: string | null = null) => ({ items, next });
    const coin = { sats: 70_000, address: 'bcrt1qaddress', height: 3 };
    const shallow = { confirmations: 5, settled: false };
    const deep = { confirmations: 6, settled: true };
    switch (list) {
      case 'coins?limit=200':
        return page([{ ...coin, ...shallow, outpoint, frozen: false, label: 'rent' }], '200');
      case 'coins?limit=200&cursor=200':
        return page([{ ...coin, ...deep, outpoint: other, frozen: true, label: null }]);
      case 'coins/frozen?limit=200':
        return page([frozenCoin]);
      case 'labels?limit=200':
        return page([
          { type: 'addr', ref: 'bcrt1qw508d6qejxtdg4y5', label: 'Ito', by: 'operator', at },
          { type: 'output', ref: outpoint, label: 'rent', by: 'operator', at },
        ]);
      case 'coins/frozen':
        posted.push([list, body]);
        return { ...frozenCoin, ...(body as object) };
      default:
        posted.push([list, body]);
        return { labels: 2, freezes: 1, unknown: 1 };
    }
  };
});
afterEach(() => bench.close());

describe('coins', () => {
  test('are listed from every page, with labels and who froze which', async () => {
    const typed = await bench.type('coins', 'list', 'hot-1');
    expect(typed.out).toContain(
      `${outpoint}  0.00070000 BTC  bcrt1qaddress  5 of 6 confirmations  "rent"`,
    );
    expect(typed.out).toContain(`${other}  0.00070000 BTC  bcrt1qaddress  settled  FROZEN`);
    expect(typed.out).toContain(`Frozen: ${other} by operator since ${at}: a dispute`);
  });

  test('are frozen and freed with a reason, and never without', async () => {
    expect((await bench.type('coins', 'freeze', 'hot-1', other)).status).toBe(64);
    const frozen = await bench.json('coins', 'freeze', 'hot-1', other, '--reason', 'a dispute');
    expect(frozen.json).toMatchObject({ ok: true, outpoint: other, frozen: true });
    const freed = await bench.json('coins', 'unfreeze', 'hot-1', other, '--reason', 'settled');
    expect(freed.json).toMatchObject({ ok: true, frozen: false });
    expect(posted).toEqual([
      ['coins/frozen', { outpoint: other, frozen: true, reason: 'a dispute' }],
      ['coins/frozen', { outpoint: other, frozen: false, reason: 'settled' }],
    ]);
  });

  test('and addresses are labelled by what their reference is', async () => {
    await bench.json('coins', 'label', 'hot-1', outpoint, 'rent');
    await bench.json('coins', 'label', 'hot-1', 'bcrt1qw508d6qejxtdg4y5', '');
    expect(posted.map(([, body]) => body)).toEqual([
      { labels: [{ type: 'output', ref: outpoint, label: 'rent' }] },
      { labels: [{ type: 'addr', ref: 'bcrt1qw508d6qejxtdg4y5', label: '' }] },
    ]);
    const refused = await bench.json('coins', 'label', 'hot-1', 'x y', 'rent');
    expect(refused.json).toMatchObject({ refusal: { code: 'schema.mismatch' } });
  });
});

describe('wallets labels', () => {
  test('go out as BIP 329, frozen coins among them, and never over a file', async () => {
    const words = ['wallets', 'labels', 'export', 'hot-1', 'labels.jsonl'];
    expect((await bench.json(...words)).json).toMatchObject({ records: 3 });
    const lines = readFileSync(join(bench.home, 'labels.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { type: 'addr', ref: 'bcrt1qw508d6qejxtdg4y5', label: 'Ito' },
      { type: 'output', ref: outpoint, label: 'rent' },
      { type: 'output', ref: other, spendable: false },
    ]);
    expect((await bench.type(...words)).status).toBe(1);
  });

  test('come in by requests of a bounded size, and lines that say nothing here are told', async () => {
    const line = (vout: number) =>
      JSON.stringify({ type: 'output', ref: `${'ab'.repeat(32)}:${String(vout)}`, label: 'x' });
    const lines = Array.from({ length: 501 }, (_, vout) => line(vout));
    const file = join(bench.home, 'in.jsonl');
    writeFileSync(file, ['{"type":"wish","ref":"a","label":"b"}', ...lines].join('\n'));
    const words = ['wallets', 'labels', 'import', 'hot-1', 'in.jsonl'];
    const typed = await bench.json(...words);
    expect(typed.json).toMatchObject({ labels: 4, freezes: 2, unknown: 2, ignored: [1] });
    const sizes = posted.map(([, body]) => (body as { labels: unknown[] }).labels.length);
    expect(sizes).toEqual([500, 1]);
    writeFileSync(file, 'no label');
    const refused = await bench.json(...words);
    expect(refused.json).toMatchObject({ refusal: { code: 'label.invalid' } });
  });

  test('are exported or imported, and nothing else', async () => {
    expect((await bench.type('wallets', 'labels', 'burn', 'hot-1', 'x')).status).toBe(64);
  });
});
