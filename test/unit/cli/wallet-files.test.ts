import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { networks } from 'bitcoinjs-lib';
import { walletFormats } from '../../../src/core/wallet/formats/read-file.ts';
import { walletBodySchema } from '../../../src/core/governance/document.ts';
import { accountOf, multi, walletOf, withChecksum, wpkh } from '../../support/psbt.ts';
import { World } from '../../support/world.ts';
import { Bench } from './bench.ts';
import { typed } from './typed.ts';

const key = (name: string): string => accountOf(name).expression;
const [hot, alice, bob] = [key('hot'), key('alice'), key('bob')];
const fixed = ['--network', 'regtest'];

/** `wallets import` of a text, on regtest, with --json. */
async function imported(text: string, ...options: readonly string[]) {
  const words = ['wallets', 'import', 'file', '--json', ...fixed, ...options];
  const { status, out, said } = await typed(words, { file: text });
  const json = JSON.parse(out === '' ? '{}' : out) as Record<string, unknown> & {
    readonly refusal?: { readonly code: string; readonly facts: unknown };
  };
  return { status, out, said, json, code: json.refusal?.code };
}

describe('wallets export', () => {
  let bench: Bench;
  beforeAll(async () => {
    const world = new World();
    world.start();
    bench = await Bench.open(world, ['operator']);
  });
  afterAll(() => bench.close());

  test.each(walletFormats)(
    'writes %s, which wallets import reads as the same wallet',
    async (format) => {
      const { json, status } = await bench.json('wallets', 'export', 'hot-1', '--format', format);
      expect(status).toBe(0);
      const { wallet, body } = bench.world.wallet;
      const read = await imported(String(json['text']), '--hot-key', body.hotKey);
      expect(read.json).toMatchObject({
        ok: true,
        format,
        kind: wallet.kind,
        addresses: { receive: [wallet.address(0, 0), wallet.address(0, 1), wallet.address(0, 2)] },
        outside: [],
      });
    },
  );

  test('writes a file once, for its owner alone', async () => {
    const words = ['wallets', 'export', 'hot-1', '--format', 'registration', '--out', 'page.txt'];
    const first = await bench.type(...words);
    expect(first).toMatchObject({ status: 0 });
    const path = join(bench.home, 'page.txt');
    expect(existsSync(path)).toBe(true);
    const page = readFileSync(path, 'utf8');
    expect(page).toContain('Wallet registration: hot-1');
    expect(page).toContain(', the signer: fingerprint');
    expect(page).toContain('The signer signs by this policy:');
    expect((await bench.type(...words)).status).toBe(1);
  });

  test('needs a format and a wallet', async () => {
    expect((await bench.type('wallets', 'export', 'hot-1')).status).toBe(64);
    expect((await bench.type('wallets', 'export', 'hot-1', '--format', 'pdf')).status).toBe(64);
    const unknown = await bench.json('wallets', 'export', 'cold', '--format', 'bsms');
    expect(unknown.json).toMatchObject({ refusal: { code: 'wallet.unknown' } });
  });
});

describe('wallets import', () => {
  test('tells kind, threshold, keys, addresses, and the body of a wallet document', async () => {
    const descriptor = multi('sortedmulti', 2, ['hot', 'alice']);
    const wallet = walletOf(descriptor);
    const { json } = await imported(descriptor, '--hot-key', accountOf('hot').xpub, '--birth', '9');
    expect(json).toMatchObject({
      type: 'wallet',
      format: 'descriptor',
      name: null,
      network: 'regtest',
      kind: 'wsh-sortedmulti',
      threshold: { needed: 2, keys: 2 },
      recovery: [],
      outside: [],
      warnings: [],
      addresses: { change: [wallet.address(1, 0)] },
      missing: ['gapLimit', 'custody', 'holders'],
    });
    const rest = { gapLimit: 20, custody: false };
    const holders = [{ member: 'alice', key: accountOf('alice').xpub }];
    const body = walletBodySchema.parse({ ...(json['body'] as object), ...rest, holders });
    expect(body).toMatchObject({ descriptor, birth: 9, hotKey: accountOf('hot').xpub });
  });

  test('tells recovery paths, and who spends without the hot key', async () => {
    const waiting = `wsh(or_d(multi(2,${hot},${alice}),and_v(v:pkh(${bob}),older(1440))))`;
    const file = withChecksum(waiting);
    const { json } = await imported(file, '--hot-key', accountOf('hot').xpub);
    expect(json).toMatchObject({
      recovery: [{ after: ['1440 blocks after the coin was confirmed'], keySets: [[2]] }],
      outside: [],
    });
    const open = await imported(
      multi('multi', 2, ['hot', 'alice', 'bob']),
      '--hot-key',
      accountOf('hot').xpub,
    );
    expect(open.json['outside']).toEqual([[alice, bob]]);
    const text = await typed(
      ['wallets', 'import', '-', ...fixed, '--hot-key', accountOf('hot').xpub],
      { '-': multi('multi', 2, ['hot', 'alice', 'bob']) },
    );
    expect(text.out).toContain('Spends without the signer: key 2 with key 3');
  });

  test('takes the hot key in another text, and writes it as the descriptor does', async () => {
    const { node, xpub } = accountOf('hot');
    const other = node.neutered();
    const odd = Object.assign(
      Object.create(Object.getPrototypeOf(other) as object) as typeof other,
      other,
      {
        __DEPTH: 3,
      },
    );
    expect(odd.toBase58()).not.toBe(xpub);
    const { json } = await imported(
      multi('multi', 2, ['hot', 'alice']),
      '--hot-key',
      odd.toBase58(),
    );
    expect(json).toMatchObject({
      body: { hotKey: xpub, holders: [{ member: '', key: accountOf('alice').xpub }], outside: [] },
    });
  });

  test('asks for the birth where a path waits for a height', async () => {
    const file = withChecksum(
      `wsh(or_d(multi(2,${hot},${alice}),and_v(v:pkh(${bob}),after(900000))))`,
    );
    const with_ = ['--hot-key', accountOf('hot').xpub];
    expect((await imported(file, ...with_)).status).toBe(64);
    const later = await imported(file, ...with_, '--birth', '800000');
    expect(later.json['outside']).toEqual([]);
    const past = await imported(file, ...with_, '--birth', '900000');
    expect(past.json['outside']).toEqual([[bob]]);
  });

  test('refuses a hot key that the signer could not use', async () => {
    const file = multi('multi', 2, ['hot', 'alice']);
    const other = await imported(file, '--hot-key', accountOf('bob').xpub);
    expect(other.code).toBe('wallet.hotkey.idle');
    const secret = accountOf('hot').node.toBase58();
    const refused = await imported(file, '--hot-key', secret);
    expect(refused.code).toBe('wallet.key.private');
    expect(refused.out + refused.said).not.toContain(secret);
  });

  test('asks for the network where the keys are not of mainnet', async () => {
    const { status, said } = await typed(['wallets', 'import', 'file'], { file: wpkh('hot') });
    expect(status).toBe(64);
    expect(said).toContain('--network');
    const named = await typed(['wallets', 'import', 'file', '--network', 'mainnet'], {
      file: wpkh('hot'),
    });
    expect(named).toMatchObject({ status: 2 });
    expect(named.said).toContain('wallet.key.network');
    const none = await typed(['wallets', 'import', 'file', '--network', 'moon'], { file: 'x' });
    expect(none.status).toBe(64);
  });

  test('ends with a fault on a file that is no text or not there', async () => {
    expect((await typed(['wallets', 'import', 'none', ...fixed])).status).toBe(1);
    expect((await imported('x'.repeat(65_536 * 3 + 1))).status).toBe(1);
  });

  test('reads a key record as a key', async () => {
    const xpub =
      "[1cf0bf7e/48'/0'/0'/2']xpub6FL8FhxNNUVnG64YurPd16AfGyvFLhh7S2uSsDqR3Qfcm6o9jtcMYwh6DvmcBF9qozxNQmTCVvWtxLpKTnhVLN3Pgnu2D3pAoXYFgVyd8Yz";
    const signature =
      'IB7v+qi1b+Xrwm/3bF+Rjl8QbIJ/FMQ40kUsOOQo1SqUWn5QlFWbBD8BKPRetfo1L1N7DmYjVscZNsmMrqRJGWw=';
    const file = ['BSMS 1.0', '00', xpub, 'Signer 1 key', signature].join('\n');
    const { out } = await typed(['wallets', 'import', 'file'], { file });
    expect(out).toContain('A key, not a wallet: Signer 1 key');
    expect(out).toContain('[1cf0bf7e/48h/0h/0h/2h]xpub6FL8');
  });
});

// Section G of the attack list, by its rows.
describe('a wallet file of an attacker', () => {
  const good = multi('sortedmulti', 2, ['hot', 'alice']);
  const [body = '', checksum = ''] = good.split('#');
  const wsh = (script: string): string => withChecksum(`wsh(${script})`);
  const many = Array.from({ length: 21 }, (_, at) => key(`many ${String(at)}`));
  const bsms = (descriptor: string, address: string): string =>
    ['BSMS 1.0', descriptor, 'No path restrictions', address].join('\n');

  test.each([
    ['G1: no checksum', body, 'wallet.descriptor.checksum.missing'],
    ['G1: another checksum', `${body}#qqqqqqqq`, 'wallet.descriptor.checksum'],
    [
      'G3: a hardened step after an xpub',
      wsh(`multi(1,${hot.replace('/*', "/*'")})`),
      'wallet.key.hardened',
    ],
    ['G4: no signature needed', wsh(`sortedmulti(0,${hot},${alice})`), 'wallet.threshold'],
    ['G4: more signatures than keys', wsh(`sortedmulti(3,${hot},${alice})`), 'wallet.threshold'],
    ['G4: more keys than a script takes', wsh(`multi(1,${many.join()})`), 'wallet.threshold'],
    ['G5: three branches', wsh(`multi(1,${hot.replace('<0;1>', '<0;1;2>')})`), 'wallet.multipath'],
    [
      'G5: the same branch twice',
      wsh(`multi(1,${hot.replace('<0;1>', '<0;0>')})`),
      'wallet.multipath',
    ],
    [
      'G5: other branches',
      wsh(`multi(2,${hot},${alice.replace('<0;1>', '<2;3>')})`),
      'wallet.multipath',
    ],
    [
      'G6: an origin of another depth',
      wsh(`multi(1,${hot.replace('/2h', '')})`),
      'wallet.key.origin',
    ],
    [
      'G6: an origin on another network',
      wsh(`multi(1,${hot.replace('48h/1h', '48h/0h')})`),
      'wallet.key.cointype',
    ],
    [
      'G8: the first address of another wallet',
      bsms(good, walletOf(wpkh('hot')).address(0, 0)),
      'wallet.address.mismatch',
    ],
    [
      'G8: a threshold of zero',
      bsms(wsh(`sortedmulti(0,${hot},${alice})`), walletOf(good).address(0, 0)),
      'wallet.threshold',
    ],
    ['G9: malleable', wsh(`or_d(u:pk(${hot}),pk(${alice}))`), 'wallet.miniscript.malleable'],
    [
      'G9: heights and times in one path',
      wsh(`and_v(v:pk(${hot}),and_v(v:older(9),older(4194313)))`),
      'wallet.miniscript.locks.mixed',
    ],
    ['G9: no signature needed', wsh('older(16)'), 'wallet.miniscript.unsigned'],
    ['B7: a key twice', wsh(`multi(2,${hot},${hot})`), 'wallet.key.duplicate'],
  ])('%s', async (_name, file, code) => {
    const { status, code: found } = await imported(file);
    expect({ status, found }).toEqual({ status: 2, found: code });
  });

  test('G1: the checksum that would be right is told', async () => {
    const { json } = await imported(`${body}#qqqqqqqq`);
    expect(json.refusal?.facts).toEqual({ expected: checksum });
  });

  const xprv = accountOf('hot').node.toBase58();
  const wif = 'KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn';
  const seed =
    'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
  test.each([
    ['an extended private key in a descriptor', body.replace(accountOf('hot').xpub, xprv), xprv],
    [
      'one in a BIP 388 policy',
      JSON.stringify({ descriptor_template: 'pkh(@0/**)', keys_info: [xprv] }),
      xprv,
    ],
    [
      'one in a Coldcard file',
      `Policy: 1 of 1\nFormat: P2WSH\nDerivation: m\n00000000: ${xprv}`,
      xprv,
    ],
    ['one in a BSMS record', bsms(`wpkh(${xprv}/<0;1>/*)`, 'x'), xprv],
    ['a WIF key alone', wif, wif],
    ['seed words', seed, seed],
    ['seed words a line each', seed.replaceAll(' ', '\n'), seed],
    [
      'numbered seed words',
      `1. ${seed
        .split(' ')
        .map((one, at) => `${one}\n${String(at + 2)}. `)
        .join('')}`,
      seed,
    ],
    ['seed words in capitals', seed.toUpperCase(), seed.toUpperCase()],
  ])('G2: %s is refused, not shown, and called exposed', async (_name, file, secret) => {
    const { status, out, said, code } = await imported(file);
    expect({ status, code }).toEqual({ status: 2, code: 'wallet.key.private' });
    expect(out + said).not.toContain(secret);
    expect(out + said).not.toContain(secret.slice(0, 24));
    expect(said).toContain('exposed');
  });

  test('G6, B7: keys without origin and fingerprints twice are warned of', async () => {
    const bare = bob.replace(/\[[^\]]*\]/, '');
    const twin = alice.replace(/\[[0-9a-f]{8}/, hot.slice(0, 9));
    const zero = key('carol').replace(/\[[0-9a-f]{8}/, '[00000000');
    const { json } = await imported(wsh(`multi(2,${[hot, twin, bare, zero].join()})`));
    expect(json['warnings']).toEqual([
      { key: 1, warning: 'fingerprint.twice' },
      { key: 2, warning: 'origin.missing' },
      { key: 3, warning: 'fingerprint.zero' },
    ]);
  });

  test('G7: a prefix of SLIP 132 is refused in a descriptor and warned of in a Coldcard file', async () => {
    const { node, xpub } = accountOf('hot');
    const slip = node.neutered();
    slip.network = { ...networks.regtest, bip32: { public: 0x045f1cf6, private: 0 } };
    const written = slip.toBase58();
    const refused = await imported(withChecksum(body.replace(xpub, written)));
    expect(refused.code).toBe('wallet.key.format');
    const coldcard = `Policy: 1 of 1\nFormat: P2WSH\nDerivation: m/48'/1'/0'/2'\n${hot.slice(1, 9)}: ${written}`;
    const { json } = await imported(coldcard);
    expect(json).toMatchObject({ warnings: [{ key: 0, warning: 'prefix.disagrees' }] });
    const words = ['wallets', 'import', 'file', ...fixed];
    expect((await typed(words, { file: coldcard })).out).toContain('WARNING: key 1 is written');
  });

  test('G10: who imports is told that devices are to be compared', async () => {
    const { out } = await typed(['wallets', 'import', 'file', ...fixed], { file: good });
    expect(out).toContain('on his own device');
  });
});
