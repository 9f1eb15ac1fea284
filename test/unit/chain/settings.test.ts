import { expect, test } from '@jest/globals';
import { readChainSettings } from '../../../src/chain/settings.ts';

test('without CHAIN there is no source, and an empty one counts as missing', () => {
  expect(readChainSettings({})).toBeNull();
  expect(readChainSettings({ CHAIN: '', NETWORK: 'regtest' })).toBeNull();
});

test('a node and an API are named by the same variables as for the server', () => {
  const node = { CHAIN: 'bitcoind', NETWORK: 'regtest', BITCOIN_RPC_URL: 'http://127.0.0.1:1' };
  expect(readChainSettings({ ...node, BITCOIN_RPC_COOKIE: '/node/.cookie' })).toEqual({
    network: 'regtest',
    source: { kind: 'bitcoind', url: 'http://127.0.0.1:1', cookieFile: '/node/.cookie' },
    tipAgeSeconds: null,
  });
  const api = { CHAIN: 'esplora', NETWORK: 'mainnet', ESPLORA_URL: 'https://a.example/api' };
  expect(readChainSettings({ ...api, CHAIN_TIP_AGE_SECONDS: '0' })).toEqual({
    network: 'mainnet',
    source: { kind: 'esplora', url: 'https://a.example/api' },
    tipAgeSeconds: 0,
  });
});

test.each([
  [{ CHAIN: 'sandbox', NETWORK: 'sandbox' }, 'CHAIN'],
  [{ CHAIN: 'bitcoind', NETWORK: 'regtest' }, 'BITCOIN_RPC_URL is missing'],
  [{ CHAIN: 'esplora', NETWORK: 'regtest' }, 'ESPLORA_URL is missing'],
  [{ CHAIN: 'bitcoind', BITCOIN_RPC_URL: 'http://127.0.0.1:1' }, 'NETWORK is missing'],
  [{ CHAIN: 'esplora', NETWORK: 'regtest', ESPLORA_URL: 'ftp://secret' }, 'ESPLORA_URL'],
])('%j is one line about the variable, and never repeats a value', (environment, line) => {
  const read = readChainSettings(environment);
  expect(read).toEqual(expect.stringContaining(line));
  expect(read).not.toEqual(expect.stringContaining('secret'));
});
