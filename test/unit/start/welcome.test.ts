import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Welcome } from '../../../src/start/welcome.ts';
import { welcomeText } from '../../../src/start/welcome.ts';

const organisation = {
  network: 'sandbox',
  genesis: '00'.repeat(32),
  wallets: ['hot-1', 'hot-2'],
  destinations: [{ id: 'exchange-a', address: 'bcrt1qexample' }],
} as unknown as Welcome['organisation'];
const textOf = (folder: string, network: string) =>
  welcomeText({
    server: 'http://127.0.0.1:3000',
    folder,
    seconds: 1,
    organisation: { ...organisation, network } as Welcome['organisation'],
  });

describe('what to do next', () => {
  test('a person looks at the wallet before the first payment', () => {
    const text = textOf(resolve('.countersign'), 'sandbox');
    expect(text.indexOf('wallets show')).toBeGreaterThan(0);
    expect(text.indexOf('wallets show')).toBeLessThan(text.indexOf('countersign propose'));
  });

  test('only where the coins come from a node of his own is he told to pay them', () => {
    expect(textOf(resolve('.countersign'), 'regtest')).toContain('from your node');
    expect(textOf(resolve('.countersign'), 'sandbox')).not.toContain('from your node');
  });

  test('a folder of another name is named to the second terminal', () => {
    expect(textOf('/srv/elsewhere', 'sandbox')).toContain(
      'export COUNTERSIGN_HOME="/srv/elsewhere"',
    );
    expect(textOf(resolve('.countersign'), 'sandbox')).not.toContain('COUNTERSIGN_HOME');
  });
});
