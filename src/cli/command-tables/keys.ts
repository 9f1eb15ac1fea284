import type { Command } from '../command.ts';
import { passphrase, member, deviceOptions, walletOption } from './options.ts';

/** Key files, and the sandbox. */
export const keys: readonly Command[] = [
  {
    name: 'keys create',
    summary: 'make the key of a device, and a cosigner key where asked',
    words: [],
    options: [
      { name: 'as', value: 'MEMBER', summary: 'member' },
      { name: 'device', value: 'ID', summary: 'name of the device (default cli)' },
      { name: 'recovery', value: 'ID', summary: 'make a recovery key of this name instead' },
      {
        name: 'cosigner',
        value: 'NETWORK',
        summary:
          'also a key for a multisig wallet on mainnet, testnet4, signet, regtest or sandbox',
      },
      { name: 'key', value: 'FILE', summary: 'where to (default: MEMBER.json in keys/)' },
      passphrase,
    ],
    work: { load: () => import('../commands/keys-create.ts') },
  },
  {
    name: 'keys entry',
    summary: 'a device as a charter names it, for whoever writes one; needs no server',
    words: ['DEVICE'],
    options: deviceOptions,
    work: { load: () => import('../commands/keys-entry.ts') },
  },
  {
    name: 'keys show',
    summary: 'the public part of a key file',
    words: [],
    options: [
      { name: 'as', value: 'MEMBER', summary: 'member (default: of the profile)' },
      { name: 'key', value: 'FILE', summary: 'key file (default: keys/MEMBER.json of the home)' },
    ],
    work: { load: () => import('../commands/keys-show.ts') },
  },
  {
    name: 'sandbox fund',
    summary: 'put coins into a wallet of the sandbox',
    words: [],
    options: [
      walletOption,
      { name: 'amount', value: 'AMOUNT', summary: '"50000 sat" or "0.5 BTC"' },
      ...member,
    ],
    work: { load: () => import('../commands/sandbox-fund.ts') },
  },
  {
    name: 'sandbox mine',
    summary: 'make blocks on the sandbox',
    words: [],
    options: [{ name: 'blocks', value: 'N', summary: 'how many (default 1)' }, ...member],
    work: { load: () => import('../commands/sandbox-mine.ts') },
  },
];
