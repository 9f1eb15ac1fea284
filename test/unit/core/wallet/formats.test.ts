import { describe, expect, test } from '@jest/globals';
import { networks } from 'bitcoinjs-lib';
import {
  COLDCARD_KEYS,
  WALLET_FILE_LENGTH,
  WALLET_NAME_LENGTH,
} from '../../../../src/core/base/limits.ts';
import {
  descriptorOfPolicy,
  policyOf,
  writePolicy,
} from '../../../../src/core/wallet/formats/bip388.ts';
import { readColdcard, writeColdcard } from '../../../../src/core/wallet/formats/coldcard.ts';
import { conditionInWords } from '../../../../src/core/wallet/formats/in-words.ts';
import { readWalletFile } from '../../../../src/core/wallet/formats/read-file.ts';
import { writeRegistration } from '../../../../src/core/wallet/formats/registration.ts';
import {
  accountOf,
  codeOf,
  multi,
  passed,
  walletOf,
  withChecksum,
  wpkh,
} from '../../../support/psbt.ts';

const two = walletOf(multi('sortedmulti', 2, ['hot', 'alice', 'bob']));
const recovering = walletOf(
  withChecksum(
    `wsh(or_d(multi(2,${accountOf('hot').expression},${accountOf('alice').expression}),and_v(v:pkh(${accountOf('bob').expression}),older(144))))`,
  ),
);
const read = (text: string) => readWalletFile(text, 'regtest');

describe('a Coldcard multisig file', () => {
  const file = passed(writeColdcard(two, 'treasury'));
  const fingerprints = two.keys.map(({ fingerprint }) => fingerprint ?? '');

  test('names policy, format, a derivation once, and each key', () => {
    const [hot, alice, bob] = ['hot', 'alice', 'bob'].map((name) => accountOf(name).xpub);
    expect(file.trimEnd().split('\n')).toEqual([
      '# Multisig setup file of Countersign',
      'Name: treasury',
      'Policy: 2 of 3',
      'Format: P2WSH',
      '',
      "Derivation: m/48'/1'/0'/2'",
      `${fingerprints[0]?.toUpperCase() ?? ''}: ${hot ?? ''}`,
      `${fingerprints[1]?.toUpperCase() ?? ''}: ${alice ?? ''}`,
      `${fingerprints[2]?.toUpperCase() ?? ''}: ${bob ?? ''}`,
    ]);
  });

  test('is read with its name', () => {
    expect(passed(readColdcard(file, 'regtest'))).toMatchObject({
      name: 'treasury',
      wallet: { descriptor: two.descriptor },
      warnings: [],
    });
  });

  test.each([
    ['no policy', /^Policy.*\n/m, '', 'wallet.file.malformed'],
    ['a policy in words', 'Policy: 2 of 3', 'Policy: two of three', 'wallet.file.malformed'],
    ['two policies', 'Policy: 2 of 3', 'Policy: 2 of 3\nPolicy: 1 of 3', 'wallet.file.malformed'],
    ['a key more than the policy says', 'Policy: 2 of 3', 'Policy: 2 of 2', 'wallet.threshold'],
    ['no signature needed', 'Policy: 2 of 3', 'Policy: 0 of 3', 'wallet.threshold'],
    ['more signatures than keys', 'Policy: 2 of 3', 'Policy: 4 of 3', 'wallet.threshold'],
    ['P2SH', 'Format: P2WSH', 'Format: P2SH', 'wallet.descriptor.unsupported'],
    ['no format, which means P2SH', 'Format: P2WSH', '', 'wallet.descriptor.unsupported'],
    ['another format', 'Format: P2WSH', 'Format: P2TR', 'wallet.file.malformed'],
    ['no derivation', /^Derivation.*\n/m, '', 'wallet.file.malformed'],
    ['a derivation that is none', "m/48'/1'/0'/2'", '48/1', 'wallet.file.malformed'],
    ['a derivation of another depth', "m/48'/1'/0'/2'", "m/48'/1'", 'wallet.key.origin'],
    ['a derivation on another network', "m/48'/1'", "m/48'/0'", 'wallet.key.cointype'],
    ['an unknown field', 'Name: treasury', 'Owner: treasury', 'wallet.file.malformed'],
    [
      'a name that turns the terminal',
      'Name: treasury',
      'Name: \u202eyrusaert',
      'wallet.file.malformed',
    ],
    ['a name too long', 'treasury', 'x'.repeat(WALLET_NAME_LENGTH + 1), 'wallet.file.malformed'],
    ['a key twice', accountOf('bob').xpub, accountOf('alice').xpub, 'wallet.key.duplicate'],
  ])('with %s is refused', (_name, from, to, code) => {
    const changed = file.replace(from, to);
    expect(changed).not.toBe(file);
    expect(codeOf(readColdcard(changed, 'regtest'))).toBe(code);
  });

  test('is read with "/" in the policy, either name of nested segwit, and a derivation a key', () => {
    const nested = walletOf(withChecksum(`sh(${two.descriptor.split('#')[0] ?? ''})`));
    const written = passed(writeColdcard(nested, 'a'));
    for (const format of ['P2SH-P2WSH', 'P2WSH-P2SH', 'p2sh-p2wsh']) {
      const changed = written.replace('P2SH-P2WSH', format).replace('2 of 3', '2/3');
      expect(passed(readColdcard(changed, 'regtest')).wallet.descriptor).toBe(nested.descriptor);
    }
    const path = "Derivation: m/48'/1'/0'/2'\n";
    const each = file.replace(path, '').replace(/^([0-9A-F]{8}):/gm, `${path}$1:`);
    expect(passed(readColdcard(each, 'regtest')).wallet.descriptor).toBe(two.descriptor);
  });

  test.each([
    ['Vpub', 0x02575483, 'prefix.slip132'],
    ['Upub', 0x024289ef, 'prefix.disagrees'],
    ['vpub', 0x045f1cf6, 'prefix.disagrees'],
    ['upub', 0x044a5262, 'prefix.disagrees'],
  ])('with a key written %s is read as its xpub, with a warning', (prefix, version, warning) => {
    const { node, xpub } = accountOf('alice');
    const slip = node.neutered();
    slip.network = { ...networks.regtest, bip32: { public: version, private: 0 } };
    expect(slip.toBase58().slice(0, 4)).toBe(prefix);
    const { wallet, warnings } = passed(
      readColdcard(file.replace(xpub, slip.toBase58()), 'regtest'),
    );
    expect(wallet.descriptor).toBe(two.descriptor);
    expect(warnings).toEqual([{ key: 1, warning }]);
  });

  test(`holds ${String(COLDCARD_KEYS)} keys and not one more, neither written nor read`, () => {
    const names = Array.from({ length: COLDCARD_KEYS + 1 }, (_, at) => `holder ${String(at)}`);
    const most = passed(writeColdcard(walletOf(multi('sortedmulti', 2, names.slice(1))), 'a'));
    const more = walletOf(multi('sortedmulti', 2, names));
    expect(codeOf(writeColdcard(more, 'a'))).toBe('wallet.format.unfit');
    const key = more.keys[0];
    const longer = `${most.replace('2 of 15', '2 of 16')}${key?.fingerprint ?? ''}: ${key?.xpub ?? ''}\n`;
    expect(codeOf(readColdcard(most, 'regtest'))).toBe('passed');
    expect(codeOf(readColdcard(longer, 'regtest'))).toBe('wallet.threshold');
  });

  test('cannot hold keys in their written order, without origin, or a single one', () => {
    const bare = two.descriptor.replace(/\[[^\]]*\]/, '').split('#')[0] ?? '';
    for (const wallet of [
      walletOf(multi('multi', 2, ['hot', 'alice'])),
      walletOf(wpkh('hot')),
      walletOf(withChecksum(bare)),
      recovering,
    ])
      expect(codeOf(writeColdcard(wallet, 'a'))).toBe('wallet.format.unfit');
  });
});

describe('a wallet policy', () => {
  const { template, keys } = passed(policyOf(recovering));

  test('has numbered placeholders and keys with their origin', () => {
    expect(template).toBe('wsh(or_d(multi(2,@0/**,@1/**),and_v(v:pkh(@2/**),older(144))))');
    expect(keys[0]).toBe(
      `[${recovering.keys[0]?.fingerprint ?? ''}/48'/1'/0'/2']${accountOf('hot').xpub}`,
    );
  });

  test.each([
    ['smuggles in a script', `${keys[0] ?? ''}),pk(${keys[1] ?? ''}`],
    ['brings steps of its own', `${keys[0] ?? ''}/0`],
    ['is a placeholder', '@1'],
  ])('whose key %s is refused', (_name, key) => {
    const refused = descriptorOfPolicy({ template: 'wpkh(@0/**)', keys: [key] });
    expect(codeOf(refused)).toBe('wallet.key.invalid');
  });

  test('needs as many keys as placeholders', () => {
    for (const count of [2, 4]) {
      const some = [...keys, ...keys].slice(0, count);
      expect(codeOf(descriptorOfPolicy({ template, keys: some }))).toBe('wallet.template.order');
    }
  });

  test.each([
    ['wsh(and_v(v:pk(@0/**),sha256(HASH)))', 'passed'],
    ['wsh(and_v(v:pk(@0/**),pk(HASH)))', 'wallet.template.malformed'],
    ['pkh(@00/**)', 'wallet.template.malformed'],
    ['pkh(@0/<0;1>)', 'wallet.template.malformed'],
    ["pkh(@0/<0';1'>/*)", 'wallet.template.malformed'],
    ['pkh(@0/<1;1>/*)', 'wallet.template.repeated'],
    ['pkh(@0/<0;1>/*)', 'passed'],
    ['pkh(KEY/**)', 'wallet.template.malformed'],
  ])('%s: %s', (written, code) => {
    const text = written.replace('HASH', 'ab'.repeat(32)).replace('KEY', keys[0] ?? '');
    expect(codeOf(descriptorOfPolicy({ template: text, keys: keys.slice(0, 1) }))).toBe(code);
  });

  test('is read from JSON, and refused when that is something else', () => {
    const json = passed(writePolicy(recovering, 'treasury'));
    expect(passed(read(json))).toMatchObject({ format: 'bip388', name: 'treasury' });
    for (const other of ['{', '{}', '{"descriptor_template":1,"keys_info":[]}'])
      expect(codeOf(read(other))).toBe('wallet.file.malformed');
    const named = (name: string): string => json.replace('"treasury"', JSON.stringify(name));
    expect(codeOf(read(named('x'.repeat(WALLET_NAME_LENGTH))))).toBe('passed');
    expect(codeOf(read(named('x'.repeat(WALLET_NAME_LENGTH + 1))))).toBe('wallet.file.malformed');
    expect(codeOf(read(named('\u001b[2J')))).toBe('wallet.file.malformed');
  });
});

describe('a registration', () => {
  const text = writeRegistration(recovering, {
    name: 'treasury',
    holders: ['the signer', 'alice', 'bob'],
    sentences: ['Every payment needs two approvers.'],
  });

  test('tells condition, threshold, keys, addresses, recovery, policy, descriptor and template', () => {
    const spaced = (address: string): string => address.replace(/.{4}(?=.)/g, '$& ');
    for (const line of [
      'Wallet registration: treasury',
      'Spends: (key 1 and key 2) or (key 3 and from 144 blocks after the coin was confirmed)',
      'Threshold: 2 of 2 keys that sign without waiting',
      `Key 2, alice: fingerprint ${recovering.keys[1]?.fingerprint ?? ''}, path m/48h/1h/0h/2h`,
      `  ${accountOf('alice').xpub}`,
      `Receive 0: ${spaced(recovering.address(0, 0))}`,
      `Receive 2: ${spaced(recovering.address(0, 2))}`,
      `Change 0: ${spaced(recovering.address(1, 0))}`,
      'Recovery: from 144 blocks after the coin was confirmed: key 3',
      '  Every payment needs two approvers.',
      `Descriptor: ${recovering.descriptor}`,
      'BIP 388: wsh(or_d(multi(2,@0/**,@1/**),and_v(v:pkh(@2/**),older(144))))',
    ])
      expect(text.split('\n')).toContain(line);
  });

  test('is read back, unless its first address is of another wallet', () => {
    expect(passed(read(text))).toMatchObject({ wallet: { descriptor: recovering.descriptor } });
    const other = text.replace(/^Receive 0: .*$/m, `Receive 0: ${two.address(0, 0)}`);
    expect(codeOf(read(other))).toBe('wallet.address.mismatch');
    expect(codeOf(read(text.replace(/^Receive 0: .*$/m, '')))).toBe('wallet.file.malformed');
    expect(codeOf(read(`${text}Descriptor: ${two.descriptor}\n`))).toBe('wallet.file.malformed');
  });

  test('with an extended private key anywhere is refused', () => {
    const xprv = accountOf('bob').node.toBase58();
    expect(codeOf(read(text.replace('two approvers', xprv)))).toBe('wallet.key.private');
  });
});

describe('conditions in words', () => {
  const say = (body: string): string =>
    conditionInWords(walletOf(withChecksum(body)).condition, (key) => `key ${String(key + 1)}`);
  const [a, b, c] = ['hot', 'alice', 'bob'].map((name) => accountOf(name).expression);

  test.each([
    [`wpkh(${a ?? ''})`, 'key 1'],
    [`wsh(sortedmulti(2,${a ?? ''},${b ?? ''},${c ?? ''}))`, 'any 2 of (key 1, key 2, key 3)'],
    [`wsh(multi(1,${a ?? ''},${b ?? ''}))`, 'key 1 or key 2'],
    [`wsh(multi(2,${a ?? ''},${b ?? ''}))`, 'key 1 and key 2'],
    [
      `wsh(and_v(v:pk(${a ?? ''}),or_d(pk(${b ?? ''}),pkh(${c ?? ''}))))`,
      'key 1 and (key 2 or key 3)',
    ],
  ])('of wallet %#', (body, words) => {
    expect(say(body)).toBe(words);
  });
});

describe('a wallet file', () => {
  test('of nothing that is known is refused, and so is one that is too long', () => {
    for (const text of ['', 'hello', 'x'.repeat(WALLET_FILE_LENGTH), '12'.repeat(47)])
      expect(codeOf(read(text))).toBe('wallet.file.unknown');
    const padded = `${two.descriptor}\n`.padEnd(WALLET_FILE_LENGTH);
    expect(codeOf(read(padded))).toBe('passed');
    expect(codeOf(read(`${padded} `))).toBe('wallet.file.unknown');
    expect(codeOf(read('12'.repeat(48)))).toBe('wallet.bsms.encrypted');
  });

  test('may begin with a byte order mark, end its lines as Windows does, and hold comments', () => {
    expect(codeOf(read(`\ufeff# ours\r\n\r\n${two.descriptor}\r\n`))).toBe('passed');
  });

  test('of three descriptors is refused', () => {
    const lines = `${two.descriptor}\n`.repeat(3);
    expect(codeOf(read(lines))).toBe('wallet.file.malformed');
    expect(codeOf(read(`${two.descriptor}\n`.repeat(2)))).toBe('wallet.file.pair');
  });
});
