import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addressesOf } from '../../../src/core/log/addresses.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import { textDigest } from '../../../src/core/approval/statement.ts';
import { askAddress } from '../../support/address-asking.ts';
import { strangerAddress, World } from '../../support/world.ts';
import { Bench } from './bench.ts';

/** What the server does when somebody asks, each a way to serve or to lie. */
interface Ask {
  readonly request: string;
  readonly label?: string;
}

let world: World;
let bench: Bench;
let asked: Ask[];
/** Answers a request for an address. */
let serve: (ask: Ask) => object;

beforeEach(async () => {
  world = new World();
  world.start();
  world.round();
  bench = await Bench.open(world, ['operator']);
  asked = [];
  serve = honestly;
  bench.server.other = (path, body) => {
    if (path === '/v1/wallets/hot-1/addresses') {
      asked.push(body as Ask);
      return serve(body as Ask);
    }
    return path.startsWith('/v1/wallets/hot-1/') ? lists(path) : undefined;
  };
});
afterEach(() => bench.close());

const lists = (path: string): object => {
  if (path.includes('/deposits')) return { items: deposits, next: null, settledConfirmations: 6 };
  const items = [...addressesOf(world.state, 'hot-1').keys()].map((index) => answer(index));
  return { items, next: null };
};
let deposits: object[] = [];

function put(index: number, request: string | null): void {
  const outcome = askAddress(world, index, { request });
  if (outcome !== 'applied') throw new Error(outcome);
}

const own = (index: number) => world.wallet.wallet.address(0, index);

function answer(index: number, address = own(index)): object {
  const amounts = { receivedSats: 70_000, deposits: 2, highestPaid: -1, gapLimit: 20 };
  return { index, address, label: 'rent', ...amounts };
}

/** Asks in the log, and the signer attests at once. */
function honestly({ request }: Ask): object {
  const index = addressesOf(world.state, 'hot-1').size;
  put(index, request);
  world.round();
  return answer(index);
}

const fresh = (...more: readonly string[]) =>
  bench.json('addresses', 'new', 'hot-1', '--wait', '1', ...more);
const refusedBy = async (...more: readonly string[]) => {
  const { status, json } = await fresh(...more);
  const { code } = json['refusal'] as { readonly code: string };
  return [status, code];
};

function freeze(): void {
  world.say({
    type: 'freeze',
    ...world.common('officer'),
    ...{ wallet: '*', action: 'freeze', lifts: [] },
    reasonDigest: textDigest('00'.repeat(16), 'a theft'),
  });
}

describe('a new address', () => {
  test('is shown in full and in groups, with its label and whose word it is', async () => {
    const typed = await bench.type('addresses', 'new', 'hot-1', '--label', 'invoice 7');
    expect(typed.status).toBe(0);
    expect(typed.out).toContain('Address 0 of hot-1, "invoice 7":');
    expect(typed.out).toContain(`\n${own(0)}\n`);
    expect(typed.out).toContain(own(0).replace(/(.{4})(?=.)/g, '$1 '));
    expect(typed.out).toContain(`Attested by signer ${world.receiptKey.publicKey}`);
    expect(typed.out).toContain(`position ${String(world.ledger.position - 1)}`);
    expect(asked).toMatchObject([{ label: 'invoice 7' }]);
    expect(asked[0]?.request).toMatch(/^[0-9a-f]{64}$/);
    expect((await fresh()).json).toMatchObject({ ok: true, index: 1, address: own(1) });
    expect(asked[1]?.request).not.toBe(asked[0]?.request);
    expect(asked[1]).not.toHaveProperty('label');
  });

  test('is refused while the signer is silent, and shown once it has spoken', async () => {
    serve = ({ request }) => {
      put(0, request);
      return answer(0);
    };
    const typed = await fresh();
    expect(typed).toMatchObject({ status: 2, json: { refusal: { code: 'address.unattested' } } });
    expect(typed.said).toContain('Waiting for the signer of hot-1');
    expect(typed.said).toContain('addresses show WALLET INDEX');
    expect(typed.out).not.toContain(own(0));
    const shown = await bench.json('addresses', 'show', 'hot-1', '0');
    expect(shown.json).toMatchObject({ refusal: { code: 'address.unattested' } });
    const listed = await bench.type('addresses', 'list', 'hot-1');
    expect(listed.out).toContain('NOT ATTESTED: do not use it');
    world.round();
    const later = await bench.json('addresses', 'show', 'hot-1', '0');
    expect(later.json).toMatchObject({ ok: true, address: own(0) });
  });

  test('of a server that hands out its own is refused loudly', async () => {
    serve = (ask) => ({ ...honestly(ask), address: strangerAddress });
    expect(await refusedBy()).toEqual([2, 'address.mismatch']);
    serve = (ask) => ({ ...honestly(ask), address: world.wallet.wallet.address(1, 0) });
    expect(await refusedBy()).toEqual([2, 'address.mismatch']);
    serve = () => answer(1_000_001, strangerAddress);
    expect(await refusedBy()).toEqual([2, 'address.mismatch']);
  });

  test('of a signer who attests another one is refused loudly', async () => {
    serve = ({ request }) => {
      put(0, request);
      world.post(world.receipt({ record: 'address', index: 0, address: strangerAddress }));
      return answer(0);
    };
    expect(await refusedBy()).toEqual([2, 'address.mismatch']);
  });

  test('that somebody else had asked for is refused', async () => {
    put(0, 'ab'.repeat(32));
    world.round();
    serve = () => answer(0);
    expect(await refusedBy()).toEqual([2, 'address.reused']);
    put(1, null);
    serve = () => answer(1);
    expect(await refusedBy()).toEqual([2, 'address.reused']);
  });

  test('of a frozen wallet is not even asked for', async () => {
    freeze();
    expect(await refusedBy()).toEqual([2, 'wallet.frozen']);
    expect(asked).toEqual([]);
    const { json } = await bench.json('addresses', 'new', 'hot-9');
    expect(json).toMatchObject({ refusal: { code: 'wallet.unknown' } });
  });

  test('far beyond those that were paid tells that other wallets do not see it', async () => {
    serve = (ask) => ({ ...honestly(ask), highestPaid: -1, gapLimit: 1 });
    const typed = await bench.type('addresses', 'new', 'hot-1');
    expect(typed.out).not.toContain('NOTE');
    const far = await bench.type('addresses', 'new', 'hot-1');
    expect(far.out).toContain('NOTE: addresses before it in a row that nobody paid: 1.');
  });
});

describe('addresses', () => {
  test('are listed from the log, with the server’s labels and sums', async () => {
    await fresh();
    put(5, null);
    world.round();
    const typed = await bench.type('addresses', 'list', 'hot-1');
    expect(typed.out).toContain(`0  ${own(0)}  attested`);
    expect(typed.out).toContain('received 0.00070000 BTC in 2  "rent"');
    expect(typed.out).toContain('received 0.00070000 BTC in 2  passed over');
    const lying = bench.server.other;
    bench.server.other = (path, body) =>
      path.startsWith('/v1/wallets/hot-1/addresses?')
        ? { items: [answer(0, strangerAddress)], next: null }
        : lying(path, body);
    const { json } = await bench.json('addresses', 'list', 'hot-1');
    expect(json).toMatchObject({ refusal: { code: 'address.mismatch' } });
  });

  test('cannot be forged by a label that breaks the line', async () => {
    await fresh();
    const honest = bench.server.other;
    bench.server.other = (path, body) => {
      const forged = `x"\n1  ${strangerAddress}  attested 2027-01-15T08:00:00Z`;
      return path.startsWith('/v1/wallets/hot-1/addresses?')
        ? { items: [{ ...answer(0), label: forged }], next: null }
        : honest(path, body);
    };
    const typed = await bench.type('addresses', 'list', 'hot-1');
    expect(typed.status).toBe(1);
    expect(typed.out).not.toContain(strangerAddress);
  });

  test('are shown with what speaks against using them: stepped over, or of a frozen wallet', async () => {
    await fresh();
    put(5, null);
    world.round();
    const show = (index: string) => bench.type('addresses', 'show', 'hot-1', index);
    expect((await show('0')).out).not.toMatch(/NOTE|WARNING/);
    expect((await show('5')).out).toContain('may have been used before');
    freeze();
    expect((await show('0')).out).toContain('WARNING: hot-1 takes no deposits now');
    const { json } = await bench.json('addresses', 'show', 'hot-1', '0');
    expect(json).toMatchObject({ address: own(0), blocked: 'wallet.frozen' });
  });

  test('are shown by index, and what was never asked for is not', async () => {
    const show = async (index: string) =>
      (await bench.json('addresses', 'show', 'hot-1', index)).json;
    expect(await show('0')).toMatchObject({ refusal: { code: 'address.unknown' } });
    expect((await bench.type('addresses', 'show', 'hot-1', 'one')).status).toBe(64);
    const { json } = await bench.json('addresses', 'show', 'hot-9', '0');
    expect(json).toMatchObject({ refusal: { code: 'wallet.unknown' } });
  });
});

describe('an attestation', () => {
  const verify = (...more: readonly string[]) =>
    bench.json('addresses', 'verify', 'address.json', ...more);
  const codeOf = async (...more: readonly string[]) =>
    ((await verify(...more)).json['refusal'] as { readonly code: string }).code;
  const write = (text: string) => writeFileSync(join(bench.home, 'address.json'), text);
  const read = () => readFileSync(join(bench.home, 'address.json'), 'utf8');

  beforeEach(async () => {
    await fresh();
    const shown = await bench.json('addresses', 'show', 'hot-1', '0', '--file', 'address.json');
    expect(shown.status).toBe(0);
  });

  test('is verified offline by the signer’s key, and says what that proves', async () => {
    const { requests } = bench.server;
    const before = requests.length;
    const typed = await bench.type(
      ...['addresses', 'verify', 'address.json', '--key', world.receiptKey.publicKey],
    );
    expect(typed.status).toBe(0);
    expect(typed.out).toContain(own(0));
    expect(typed.out).toContain('This proves that the holder of the key said so, and no more');
    expect(requests.length).toBe(before);
    const { json } = await verify('--key', world.receiptKey.publicKey);
    expect(json).toMatchObject({ verified: true, by: 'key', address: own(0), index: 0 });
  });

  test('of another key, of another address, or in another form is refused', async () => {
    const key = world.receiptKey.publicKey;
    expect(await codeOf('--key', world.secondSigner.receiptKey.publicKey)).toBe(
      'attestation.invalid',
    );
    const text = read();
    write(text.replace(own(0), strangerAddress));
    expect(await codeOf('--key', key)).toBe('attestation.invalid');
    write(` ${text}`);
    expect(await codeOf('--key', key)).toBe('json.noncanonical');
    write('{}');
    expect(await codeOf('--key', key)).toBe('schema.mismatch');
    const entry = world.receiptEntry(world.receipt({ record: 'lift', freeze: 'ab'.repeat(32) }));
    if (entry.type !== 'receipt') throw new Error('it is a receipt');
    const { receipt, signature } = entry;
    write(Buffer.from(entryBytes(entry)).toString().replace(',"type":"receipt"', ''));
    expect(JSON.parse(read())).toEqual({ receipt, signature });
    expect(await codeOf('--key', key)).toBe('schema.mismatch');
  });

  test('is found in the log of the organisation, and in no other', async () => {
    writeFileSync(join(bench.home, 'log.jsonl'), bench.server.package());
    const bundle = ['--bundle', 'log.jsonl', '--genesis', world.genesis];
    const { json } = await verify(...bundle);
    expect(json).toMatchObject({ verified: true, by: 'log', address: own(0) });
    expect(await codeOf('--bundle', 'log.jsonl', '--genesis', 'ab'.repeat(32))).toBe(
      'document.genesis.mismatch',
    );
    // The signer's own word, which never came into this log.
    const record = { record: 'address', index: 1, address: own(1) } as const;
    const stray = world.receiptEntry(world.receipt(record));
    write(Buffer.from(entryBytes(stray)).toString().replace(',"type":"receipt"', ''));
    expect((await verify('--key', world.receiptKey.publicKey)).status).toBe(0);
    expect(await codeOf(...bundle)).toBe('attestation.unknown');
  });

  test('is asked for by a key or by a log, and never written over a file', async () => {
    expect((await verify()).status).toBe(64);
    const key = world.receiptKey.publicKey;
    expect((await verify('--key', key, '--bundle', 'log.jsonl')).status).toBe(64);
    expect((await verify('--key', 'much')).status).toBe(64);
    expect((await verify('--bundle', 'log.jsonl')).status).toBe(64);
    const again = await bench.json('addresses', 'show', 'hot-1', '0', '--file', 'address.json');
    expect(again.status).toBe(1);
  });
});

describe('deposits', () => {
  const txid = 'ab'.repeat(32);
  const deposit = (over: object) => ({
    ...{ outpoint: `${txid}:0`, sats: 70_000, address: own(0), branch: 0, index: 0 },
    ...{ state: 'settled', confirmations: 6, height: 812, time: '2027-01-15T08:00:00Z' },
    ...{ spent: 'no', spentBy: null, flags: [] },
    labels: { output: null, address: 'rent', transaction: null },
    ...over,
  });

  test('are told with their depth, labels and what is odd, attested by the log alone', async () => {
    await fresh();
    deposits = [
      deposit({ state: 'unconfirmed', confirmations: 0, height: null, time: null, flags: ['own'] }),
      deposit({ state: 'confirmed', confirmations: 5, flags: ['unattested', 'dust'] }),
      deposit({ spent: 'yes', spentBy: 'cd'.repeat(32) }),
      deposit({
        index: 7,
        address: own(7),
        flags: ['unattested'],
        spent: 'pending',
        spentBy: txid,
      }),
      deposit({ branch: 1, address: world.wallet.wallet.address(1, 0), flags: ['change'] }),
    ];
    const typed = await bench.type('deposits', 'list', 'hot-1');
    const blocks = typed.out.split(/\n(?! )/);
    expect(blocks).toHaveLength(5);
    expect(blocks[0]).toContain('waits  0 of 6 confirmations  0.00070000 BTC');
    expect(blocks[1]).toContain('block 812  5 of 6 confirmations');
    expect(blocks[1]).toContain('address 0, attested');
    expect(blocks[1]).toContain('DUST');
    expect(blocks[1]).not.toContain('NOT ATTESTED');
    expect(blocks[1]).toContain('"rent"');
    expect(blocks[2]).toContain('settled');
    expect(blocks[2]).toContain(`spent by ${'cd'.repeat(32)}`);
    expect(blocks[3]).toContain('NOT ATTESTED');
    expect(blocks[3]).toContain(`being spent by ${txid}`);
    expect(blocks[4]).toContain('CHANGE: somebody paid to a change address');
    const { json } = await bench.json('deposits', 'list', 'hot-1');
    expect(json).toMatchObject({ settledConfirmations: 6, whole: true });
  });

  test('cannot be forged by a label that breaks the line', async () => {
    const address = `rent"\n2027-01-15T08:00:00Z  settled  9.0 BTC\n  to ${own(0)}  attested`;
    deposits = [deposit({ labels: { output: null, address, transaction: null } })];
    const typed = await bench.type('deposits', 'list', 'hot-1');
    expect(typed.status).toBe(1);
    expect(typed.out).not.toContain('9.0 BTC');
  });

  test('at an address that is not the wallet’s are a lie', async () => {
    deposits = [deposit({ address: strangerAddress })];
    const { json } = await bench.json('deposits', 'list', 'hot-1');
    expect(json).toMatchObject({ refusal: { code: 'address.mismatch' } });
  });

  test('come page by page where all are asked for', async () => {
    deposits = [deposit({})];
    const other = bench.server.other;
    bench.server.other = (path, body) => {
      const found = other(path, body);
      return path.endsWith('/deposits?limit=200') ? { ...found, next: `812-${txid}-0` } : found;
    };
    const newest = await bench.type('deposits', 'list', 'hot-1');
    expect(newest.out).toContain('Older ones: countersign deposits list --all');
    const { json } = await bench.json('deposits', 'list', 'hot-1', '--all');
    expect(json['deposits']).toHaveLength(2);
    expect(json['whole']).toBe(true);
    deposits = [];
    const none = await bench.type('deposits', 'list', 'hot-1', '--all');
    expect(none.out).toContain('Nothing was paid to hot-1.');
  });
});
