import type { Command } from '../command.ts';
import { member, reason } from './options.ts';

/** Wallets, their coins, addresses and deposits. */
export const wallets: readonly Command[] = [
  {
    name: 'wallets list',
    summary: 'the wallets of the organisation',
    words: [],
    options: member,
    work: { load: () => import('../commands/wallets-list.ts') },
  },
  {
    name: 'wallets show',
    summary: 'one wallet: descriptor, addresses, key holders, policy, balance',
    words: ['WALLET'],
    options: member,
    work: { load: () => import('../commands/wallets-show.ts') },
  },
  {
    name: 'wallets budget',
    summary: 'what each limit leaves: spent, reserved, asked for, free, and when more frees up',
    words: ['WALLET'],
    options: member,
    work: { load: () => import('../commands/wallets-budget.ts') },
  },
  {
    name: 'wallets labels',
    summary: 'take labels and frozen coins out to other wallets, or in from them (BIP 329)',
    words: ['export|import', 'WALLET', 'FILE'],
    options: member,
    work: { load: () => import('../commands/wallets-labels.ts') },
  },
  {
    name: 'wallets export',
    summary: 'write a wallet for other wallets: hardware wallets, coordinators, Bitcoin Core',
    words: ['WALLET'],
    options: [
      {
        name: 'format',
        value: 'FORMAT',
        summary: 'descriptor, bip388, bsms, coldcard or registration',
      },
      { name: 'out', value: 'FILE', summary: 'a file that is not there yet (default: print it)' },
      ...member,
    ],
    work: { load: () => import('../commands/wallets-export.ts') },
  },
  {
    name: 'wallets rescan',
    summary: 'have the server read a wallet anew, to find coins at addresses beyond those watched',
    words: ['WALLET'],
    options: [
      { name: 'receive', value: 'N', summary: 'receive addresses below this index count as used' },
      { name: 'change', value: 'N', summary: 'change addresses below this index count as used' },
      ...member,
    ],
    work: { load: () => import('../commands/wallets-rescan.ts') },
  },
  {
    name: 'coins list',
    summary: 'the coins that may be spent, their labels, and which are frozen',
    words: ['WALLET'],
    options: member,
    work: { load: () => import('../commands/coins-list.ts') },
  },
  {
    name: 'coins freeze',
    summary: 'leave a coin alone: no draft takes it',
    words: ['WALLET', 'OUTPOINT'],
    options: [reason, ...member],
    work: { load: () => import('../commands/coins-freeze.ts') },
  },
  {
    name: 'coins unfreeze',
    summary: 'let drafts take a coin again',
    words: ['WALLET', 'OUTPOINT'],
    options: [reason, ...member],
    work: { load: () => import('../commands/coins-unfreeze.ts') },
  },
  {
    name: 'coins label',
    summary: 'say what a coin, an address or a transaction is; "" takes it back',
    words: ['WALLET', 'REF', 'LABEL'],
    options: member,
    work: { load: () => import('../commands/coins-label.ts') },
  },
  {
    name: 'addresses new',
    summary: 'a receive address that was never used, attested by the signer and derived here again',
    words: ['WALLET'],
    options: [
      { name: 'label', value: 'TEXT', summary: 'what it is for' },
      { name: 'wait', value: 'SECONDS', summary: 'how long to wait for the signer (default 30)' },
      ...member,
    ],
    work: { load: () => import('../commands/addresses-new.ts') },
  },
  {
    name: 'addresses list',
    summary: 'the addresses that were given out, attested or not, and what was paid to them',
    words: ['WALLET'],
    options: member,
    work: { load: () => import('../commands/addresses-list.ts') },
  },
  {
    name: 'addresses show',
    summary: 'one attested address, and its attestation as a file for whoever pays',
    words: ['WALLET', 'INDEX'],
    options: [
      { name: 'file', value: 'FILE', summary: 'write the attestation: a file that is not there' },
      ...member,
    ],
    work: { load: () => import('../commands/addresses-show.ts') },
  },
  {
    name: 'deposits list',
    summary: 'what was paid to a wallet, the newest first, with labels and what is odd about it',
    words: ['WALLET'],
    options: [{ name: 'all', summary: 'all of it, not only the newest 200' }, ...member],
    work: { load: () => import('../commands/deposits-list.ts') },
  },
  {
    name: 'wallets shadow',
    summary: 'a policy that is judged beside the one in force and decides nothing: how they differ',
    words: ['WALLET'],
    options: [
      { name: 'set', value: 'FILE', summary: 'attach this policy, in the place of any before' },
      { name: 'clear', summary: 'take the policy away' },
      ...member,
    ],
    work: { load: () => import('../commands/wallets-shadow.ts') },
  },
];
