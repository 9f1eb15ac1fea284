import { describe, expect, test } from '@jest/globals';
import { readWalletFile } from '../../src/core/wallet/formats/read-file.ts';
import { writeDescriptorRecord } from '../../src/core/wallet/formats/bsms.ts';
import { codeOf, passed } from '../support/psbt.ts';

// The test vectors in the text of BIP 129 (BSD-2-Clause), their records as they stand there.

const paths = '/0/*,/1/*';
const one =
  "[1cf0bf7e/48'/0'/0'/2']xpub6FL8FhxNNUVnG64YurPd16AfGyvFLhh7S2uSsDqR3Qfcm6o9jtcMYwh6DvmcBF9qozxNQmTCVvWtxLpKTnhVLN3Pgnu2D3pAoXYFgVyd8Yz";
const two =
  "[4fc1dd4a/48'/0'/0'/2']xpub6EebMbEps7ZcV3FYEnddRsvrFWDrt2tiPmCeM7pPXQEmphvq9ZfJ1LWFUDjf3vxCeBuPrfyGrMazWUsYsetrnHatQZVLJH7LsgCjtMqdzgj";
const plain = [
  'BSMS 1.0',
  `wsh(sortedmulti(2,${one}/**,${two}/**))`,
  paths,
  'bc1qrgc6p3kylfztu06ysl752gwwuekhvtfh9vr7zg43jvu60mutamcsv948ej',
];
const standard = [
  'BSMS 1.0',
  "wsh(sortedmulti(2,[b7868815/48'/0'/0'/2']xpub6FA5rfxJc94K1kNtxRby1hoHwi7YDyTWwx1KUR3FwskaF6HzCbZMz3zQwGnCqdiFeMTPV3YneTGS2YQPiuNYsSvtggWWMQpEJD4jXU7ZzEh/**,[eedff89a/48'/0'/0'/2']xpub6EhJvMneoLWAf8cuyLBLQiKiwh89RAmqXEqYeFuaCEHdHwxSRfzLrUxKXEBap7nZSHAYP7Jfq6gZmucotNzpMQ9Sb1nTqerqW8hrtmx6Y6o/**))",
  paths,
  'bc1qhs4u273g4azq7kqqpe6vh5wfhasfmrq7nheyzsnq77humd7rwtkqagvakf',
];
const extended = [
  'BSMS 1.0',
  "sh(wsh(multi(2,[793cc70b/48'/0'/0'/1']xpub6ErVmcYYHmavsMgxEcTZyzN5sqth1ZyRpFNJC26ij1wYGC2SBKYrgt9yariSbn7HLRoZUvhUhmPfsRTPrdhhGFscpPZzmch6UTdmRP1aZUj/**,[b3118e52/48'/0'/0'/1']xpub6Du5Jn6eYZE96ccmAc1ZTFPzdnzrvqfG4mpamDun2qZYKywoiQJMCbS3kWWMr6U3XW6s125RLsaPABWgv2yA749ieaMe67FxkTjMsbcxCch/**,[842bd2ed/48'/0'/0'/1']xpub6Ex81KopPkEt9hJiWHabYy8LNsSR4A7sUQoFBk9dR8XxHrr4p9HrYWN3NCf5uwfopHnQkCG7FYnZMztKbtRtbh6tzZC4xtHPbmVVxRSN7ic/**)))",
  paths,
  '3GzMtFXahiu4TpGNGFc4bHMvAcvz5vVQrT',
];
const keyRecord = [
  'BSMS 1.0',
  '00',
  one,
  'Signer 1 key',
  'IB7v+qi1b+Xrwm/3bF+Rjl8QbIJ/FMQ40kUsOOQo1SqUWn5QlFWbBD8BKPRetfo1L1N7DmYjVscZNsmMrqRJGWw=',
];
const other = [
  'BSMS 1.0',
  '00',
  two,
  'Signer 2 key',
  'HzUa4Z76PFHMl54flIIF3XKiHZ+KbWjjxCEG5G3ZqZSqTd6OgTiFFLqq9PXJXdfYm6/cnL8IVWQgjFF9DQhIqQs=',
];
const ofSession = [
  'BSMS 1.0',
  'a54044308ceac9b7',
  "[b7868815/48'/0'/0'/2']xpub6FA5rfxJc94K1kNtxRby1hoHwi7YDyTWwx1KUR3FwskaF6HzCbZMz3zQwGnCqdiFeMTPV3YneTGS2YQPiuNYsSvtggWWMQpEJD4jXU7ZzEh",
  'Signer 1 key',
  'H8DYht5P6ko0bQqDV6MtUxpzBSK+aVHxbvMavA5byvLrOlCEGmO1WFR7k2wu42J6dxXD8vrmDQSnGq5MTMMbZ98=',
];
const encrypted =
  'fbdbdb64e6a8231c342131d9f13dcd5a954b4c5021658fa5afcb3fc74dc8270653f491cfd1431c292d922ea5a5dec3eb8ddaa6ed38ae109e7b040f0f23013e89';

const read = (lines: readonly string[]) => readWalletFile(`${lines.join('\n')}\n`, 'mainnet');
const changed = (lines: readonly string[], at: number, to: string): readonly string[] =>
  lines.map((line, index) => (index === at ? to : line));

describe('descriptor records of BIP 129', () => {
  test.each([
    ['2 of 2', plain, 'wsh-sortedmulti'],
    ['2 of 2 of an encrypted session', standard, 'wsh-sortedmulti'],
    ['2 of 3 nested', extended, 'sh-wsh-multi'],
  ])('%s are read, and written alike', (_name, lines, kind) => {
    const file = passed(read(lines));
    expect(file).toMatchObject({ type: 'wallet', format: 'bsms', wallet: { kind }, warnings: [] });
    if (file.type !== 'wallet') throw new Error('a wallet');
    expect(writeDescriptorRecord(file.wallet)).toBe(`${lines.join('\n')}\n`);
  });

  test('of raw public keys are refused: the wallet would have one address', () => {
    const raw = [
      'BSMS 1.0',
      "wsh(sortedmulti(1,[59865f44/48'/0'/0'/2']026d15412460ba0d881c21837bb999233896085a9ed4e5445bd637c10e579768ba,[b7044ca6/48'/0'/0'/2']030baf0497ab406ff50cb48b4013abac8a0338758d2fd54cd934927afa57cc2062))#rzx9dffd",
      'No path restrictions',
      'bc1quqy523xu3l8che3s8vja8n33qtg0uyugr9l5z092s3wa50p8t7rqy6zumf',
    ];
    expect(codeOf(read(raw))).toBe('wallet.key.raw');
  });

  test('with another threshold, order or key do not have the first address', () => {
    const descriptor = plain[1] ?? '';
    for (const forged of [
      descriptor.replace('(2,', '(1,'),
      `wsh(multi(2,${two}/**,${one}/**))`,
      standard[1] ?? '',
    ])
      expect(codeOf(read(changed(plain, 1, forged)))).toBe('wallet.address.mismatch');
    expect(codeOf(read(changed(plain, 3, standard[3] ?? '')))).toBe('wallet.address.mismatch');
  });

  test.each([
    [0, 'BSMS 2.0', 'wallet.bsms.version'],
    [2, '/0/*', 'wallet.bsms.paths'],
    [2, '/0/*,/2/*', 'wallet.bsms.paths'],
    [2, 'No path restrictions', 'wallet.bsms.paths'],
    [1, `wsh(sortedmulti(2,${one}/**,${two}/**))#qqqqqqqq`, 'wallet.descriptor.checksum'],
    [1, `wsh(sortedmulti(0,${one}/**,${two}/**))`, 'wallet.threshold'],
    [1, `wsh(sortedmulti(2,${one}/**,${one}/**))`, 'wallet.key.duplicate'],
  ])('whose line %i is "%s" are refused', (at, line, code) => {
    expect(codeOf(read(changed(plain, at, line)))).toBe(code);
  });

  test('have four lines', () => {
    expect(codeOf(read(plain.slice(0, 3)))).toBe('wallet.file.malformed');
    expect(codeOf(read([...plain, 'more']))).toBe('wallet.file.malformed');
  });

  test('may hold a descriptor with both branches instead of a template', () => {
    const descriptor = (plain[1] ?? '').replaceAll('/**', '/<0;1>/*');
    for (const restrictions of ['No path restrictions', paths])
      expect(codeOf(read(changed(changed(plain, 1, descriptor), 2, restrictions)))).toBe('passed');
  });

  test('that are encrypted are refused, and say so', () => {
    expect(codeOf(read([encrypted]))).toBe('wallet.bsms.encrypted');
  });
});

describe('key records of BIP 129', () => {
  test.each([[keyRecord], [other]])('are read once their signature is verified', (lines) => {
    expect(passed(read(lines))).toMatchObject({
      type: 'key',
      record: { description: lines[3], key: { expression: `${lines[2] ?? ''}/<0;1>/*` } },
    });
  });

  test.each([
    [1, 'a54044308ceac9b7', 'wallet.bsms.token'],
    [2, two, 'wallet.bsms.signature'],
    [3, 'Signer 2 key', 'wallet.bsms.signature'],
    [4, other[4] ?? '', 'wallet.bsms.signature'],
    [4, 'AAAA', 'wallet.bsms.signature'],
    [4, `${'A'.repeat(87)}=`, 'wallet.bsms.signature'],
    [4, 'no base64', 'wallet.bsms.signature'],
    [0, 'BSMS 1.1', 'wallet.bsms.version'],
    [3, 'x'.repeat(80), 'wallet.bsms.signature'],
    [3, 'x'.repeat(81), 'wallet.file.malformed'],
    [3, 'turned \u202e round', 'wallet.file.malformed'],
    [2, '02'.repeat(33), 'wallet.key.invalid'],
    [2, `${one}/0`, 'wallet.multipath'],
  ])('whose line %i is "%s" are refused', (at, line, code) => {
    expect(codeOf(read(changed(keyRecord, at, line)))).toBe(code);
  });

  test('of an encrypted session are refused: whose token it is cannot be told', () => {
    expect(codeOf(read(ofSession))).toBe('wallet.bsms.token');
  });

  test('have five lines', () => {
    expect(codeOf(read(keyRecord.slice(0, 4)))).toBe('wallet.file.malformed');
    expect(codeOf(read([...keyRecord, 'more']))).toBe('wallet.file.malformed');
  });
});
