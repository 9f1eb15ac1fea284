import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/server/config.ts';

const whole = {
  DATABASE_URL: 'postgres://runtime:secret@127.0.0.1:5432/postgres',
  NETWORK: 'sandbox',
  CHAIN: 'sandbox',
  GENESIS: 'ab'.repeat(32),
  LOG_KEY_FILE: '/keys/log.key',
};

const lineOf = (environment: Readonly<Record<string, string>>): string => {
  const read = readConfig(environment);
  return read.ok ? 'accepted' : read.line;
};

describe('the configuration of the server', () => {
  test('defaults to loopback, port 3000 and a log that is not public', () => {
    const read = readConfig(whole);
    expect(read.ok && read.value).toMatchObject({
      host: '127.0.0.1',
      port: 3_000,
      publicUrl: null,
      founding: null,
      logPublic: false,
      chain: { kind: 'sandbox', blockSeconds: 0 },
    });
  });

  test.each(Object.keys(whole))('without %s there is no start', (name) => {
    expect(lineOf({ ...whole, [name]: '' })).toBe(`${name} is missing`);
  });

  test.each([
    ['DATABASE_URL', 'mysql://root@localhost/x'],
    ['PORT', '65536'],
    ['PORT', '3e3'],
    ['NETWORK', 'testnet3'],
    ['CHAIN', 'electrum'],
    ['CHAIN_SECOND', 'sandbox'],
    ['CHAIN_TIP_AGE_SECONDS', 'never'],
    ['GENESIS', 'AB'.repeat(32)],
    ['PUBLIC_URL', 'countersign.example'],
    ['LOG_PUBLIC', 'yes'],
    ['RATE_PER_SECOND', '0'],
    ['SCREENING_URL', 'screening.example'],
    ['SCREENING_URL', 'http://screening.example/screen'],
    ['SCREENING_URL', 'http://127.0.0.1.example/screen'],
    ['SCREENING_URL', 'https://user:secret@screening.example/screen'],
    ['SCREENING_URL', 'https://screening.example/screen#part'],
    ['SCREENING_TIMEOUT_SECONDS', '0'],
    ['SCREENING_TIMEOUT_SECONDS', '61'],
    ['SCREENING_AGAIN_SECONDS', '0'],
  ])('a wrong %s is named by its variable', (name, value) => {
    expect(lineOf({ ...whole, [name]: value })).toMatch(new RegExp(`^${name}: `));
  });

  test('values are not repeated, for some hold passwords', () => {
    expect(lineOf({ ...whole, DATABASE_URL: 'mysql://root:secret@localhost/x' })).not.toContain(
      'secret',
    );
  });

  test('a chain that does not go with the network is refused', () => {
    expect(lineOf({ ...whole, NETWORK: 'mainnet' })).toBe(
      'CHAIN=sandbox does not go with NETWORK=mainnet',
    );
    const node = { ...whole, CHAIN: 'bitcoind', BITCOIN_RPC_URL: 'http://127.0.0.1:18443' };
    expect(lineOf(node)).toBe('CHAIN=bitcoind does not go with NETWORK=sandbox');
    expect(lineOf({ ...node, NETWORK: 'regtest' })).toBe('accepted');
  });

  test('a screening service is reached by https, or on loopback, and its token comes from a file', () => {
    for (const url of [
      ...['https://screening.example/v1?of=us', 'http://127.0.0.1:9000/screen'],
      ...['http://[::1]:9000/', 'http://localhost/'],
    ]) {
      const read = readConfig({ ...whole, SCREENING_URL: url });
      expect(read.ok && read.value.screening).toEqual({
        ...{ url, tokenFile: null, timeoutSeconds: 10, againSeconds: 300 },
      });
    }
    expect(lineOf({ ...whole, SCREENING_TOKEN_FILE: '/keys/token' })).toBe(
      'SCREENING_URL is missing',
    );
    const read = readConfig(whole);
    expect(read.ok && read.value.screening).toBeNull();
  });

  test('a node needs an address', () => {
    expect(lineOf({ ...whole, CHAIN: 'bitcoind', NETWORK: 'regtest' })).toBe(
      'BITCOIN_RPC_URL is missing',
    );
  });

  test('an API needs an address, and a second source its kind and address', () => {
    const api = { ...whole, CHAIN: 'esplora', NETWORK: 'regtest' };
    const url = 'http://127.0.0.1:3002';
    expect(lineOf(api)).toBe('ESPLORA_URL is missing');
    const one = { ...api, ESPLORA_URL: url };
    expect(lineOf(one)).toBe('accepted');
    expect(lineOf({ ...one, CHAIN_SECOND: 'bitcoind' })).toBe('CHAIN_SECOND_URL is missing');
    expect(lineOf({ ...one, CHAIN_SECOND_URL: url })).toBe('CHAIN_SECOND is missing');
    const two = { CHAIN_SECOND: 'bitcoind', CHAIN_SECOND_URL: url };
    expect(lineOf({ ...whole, ...two })).toBe('CHAIN_SECOND does not go with CHAIN=sandbox');
    const read = readConfig({ ...one, ...two, CHAIN_SECOND_COOKIE: '/node/.cookie' });
    expect(read.ok && read.value).toMatchObject({
      chain: { kind: 'esplora', url },
      second: { kind: 'bitcoind', url, cookieFile: '/node/.cookie' },
    });
  });
});
