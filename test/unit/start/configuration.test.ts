import { describe, expect, test } from '@jest/globals';
import { resolve } from 'node:path';
import { readStartConfiguration } from '../../../src/start/configuration.ts';

function lineOf(environment: Readonly<Record<string, string>>): string {
  const read = readStartConfiguration(environment);
  return read.ok ? 'ok' : read.line;
}

describe('the configuration of npm start', () => {
  test('is complete without any variable', () => {
    const read = readStartConfiguration({});
    if (!read.ok) throw new Error(read.line);
    const { home, network, server, databaseUrl, serverEnvironment } = read.value;
    expect(home.folder).toBe(resolve('.countersign'));
    expect({ network, server, databaseUrl }).toEqual({
      network: 'sandbox',
      server: 'http://127.0.0.1:3000',
      databaseUrl: null,
    });
    expect(serverEnvironment).toMatchObject({ CHAIN: 'sandbox', NETWORK: 'sandbox' });
  });

  test('takes an empty variable for a missing one', () => {
    expect(lineOf({ CHAIN: '', DATABASE_URL: '', GENESIS: '', PORT: '' })).toBe('ok');
  });

  test('turns to a node on regtest when its address is given', () => {
    const read = readStartConfiguration({ BITCOIN_RPC_URL: 'http://127.0.0.1:18443' });
    expect(read.ok && read.value.network).toBe('regtest');
    expect(read.ok && read.value.serverEnvironment['CHAIN']).toBe('bitcoind');
  });

  test('reaches a server that listens everywhere at the loopback address', () => {
    const server = (environment: Readonly<Record<string, string>>) => {
      const read = readStartConfiguration(environment);
      return read.ok ? read.value.server : read.line;
    };
    expect(server({ HOST: '0.0.0.0', PORT: '4000' })).toBe('http://127.0.0.1:4000');
    expect(server({ HOST: '::1' })).toBe('http://[::1]:3000');
  });

  test.each([
    [{ PORT: 'many' }, /^PORT: /],
    [{ PORT: '0' }, /^PORT: /],
    [{ DATABASE_URL: 'mysql://somewhere/else' }, /^DATABASE_URL: /],
    [{ CHAIN: 'bitcoind' }, /^BITCOIN_RPC_URL is missing$/],
    [{ CHAIN: 'electrum' }, /^CHAIN: /],
    [{ NETWORK: 'mainnet', BITCOIN_RPC_URL: 'http://127.0.0.1:8332' }, /demonstration\.network/],
    [{ NETWORK: 'signet', BITCOIN_RPC_URL: 'http://127.0.0.1:38332' }, /demonstration\.network/],
    [{ GENESIS: '00'.repeat(32) }, /^GENESIS: /],
  ] as readonly [Record<string, string>, RegExp][])('%p is refused by one line', (env, line) => {
    expect(lineOf(env)).toMatch(line);
    expect(lineOf(env)).not.toContain('\n');
  });
});
