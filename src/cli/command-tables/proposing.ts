import type { Command } from '../command.ts';
import {
  byDevice,
  member,
  organisation,
  reason,
  sentinels,
  signing,
  walletOption,
} from './options.ts';

/** From proposing to broadcasting, and what stops it. */
export const proposing: readonly Command[] = [
  {
    name: 'propose',
    summary: 'propose a transfer: review what the bytes do, sign, send',
    words: [],
    options: [
      walletOption,
      {
        name: 'to',
        value: 'ADDRESS=AMOUNT',
        many: true,
        summary:
          'a payment, "50000 sat" or "0.5 BTC"; an id of the address book or a bitcoin: URI will do',
      },
      { name: 'batch', value: 'FILE', summary: 'payments as CSV lines: address,amount' },
      { name: 'psbt', value: 'FILE', summary: 'a PSBT made elsewhere, instead of payments' },
      { name: 'consolidate', summary: 'merge small coins into one while fees are low, instead' },
      { name: 'ceiling', value: 'N', summary: 'with it: fees are low up to N sat/vB (default 10)' },
      { name: 'coins', value: 'N', summary: 'with it: at most so many coins (default 50)' },
      {
        name: 'below',
        value: 'AMOUNT',
        summary: 'with it: small is up to this (default 0.01 BTC)',
      },
      {
        name: 'refresh',
        summary: 'with it: all coins whose recovery path is open or opens within 30 days, instead',
      },
      {
        name: 'cancel',
        value: 'PROPOSAL',
        summary: 'spend the coins of a signed proposal back to the wallet, instead',
      },
      {
        name: 'cpfp',
        value: 'PROPOSAL',
        summary: 'spend the change of a signed proposal that waits, at a fee for both, instead',
      },
      {
        name: 'fee-max',
        value: 'AMOUNT',
        summary: 'the fee may be raised up to this without new approvals (proposals bump)',
      },
      { name: 'fee-days', value: 'N', summary: 'with it: for so many days (default 7)' },
      { name: 'replacements', value: 'N', summary: 'with it: at most so often (default 5)' },
      {
        name: 'fee-rate',
        value: 'N',
        summary: 'satoshi a virtual byte (default: what the node estimates, within the policy)',
      },
      { name: 'purpose', value: 'TEXT', summary: 'what it is for; everyone can read it' },
      { name: 'reference', value: 'TEXT', summary: 'invoice or payroll number' },
      {
        name: 'repeats',
        value: 'PROPOSAL',
        summary: 'the former proposal that is meant to be repeated',
      },
      { name: 'expires', value: 'DAYS', summary: 'days that it stays open (default 7)' },
      ...signing,
    ],
    work: { load: () => import('../commands/propose.ts') },
  },
  {
    name: 'proposals list',
    summary: 'the proposals of the log and where they stand',
    words: [],
    options: [walletOption, { name: 'all', summary: 'also those that ended' }, ...member],
    work: { load: () => import('../commands/proposals-list.ts') },
  },
  {
    name: 'proposals show',
    summary: 'one proposal as its bytes say, its approvals and what is missing',
    words: ['PROPOSAL'],
    options: member,
    work: { load: () => import('../commands/proposals-show.ts') },
  },
  {
    name: 'proposals broadcast',
    summary: 'ask for broadcast now; it comes by itself once a proposal is signed',
    words: ['PROPOSAL'],
    options: member,
    work: { load: () => import('../commands/proposals-broadcast.ts') },
  },
  {
    name: 'proposals bump',
    summary: 'raise the fee of a signed proposal inside its envelope, out of the change alone',
    words: ['PROPOSAL'],
    options: [
      {
        name: 'fee-rate',
        value: 'N',
        summary: 'satoshi a virtual byte (default: what the node estimates, within the policy)',
      },
      ...member,
    ],
    work: { load: () => import('../commands/proposals-bump.ts') },
  },
  {
    name: 'approve',
    summary: 'review a proposal and sign it; a cosigner signs its inputs too',
    words: ['PROPOSAL'],
    options: [
      reason,
      {
        name: 'psbt',
        value: 'FILE',
        summary: 'take your signatures from a PSBT that your wallet device signed (- for input)',
      },
      ...byDevice,
      ...signing,
    ],
    work: { load: () => import('../commands/approve.ts') },
  },
  {
    name: 'reject',
    summary: 'end a proposal by a signed no',
    words: ['PROPOSAL'],
    options: [reason, ...byDevice, ...sentinels, ...signing],
    work: { load: () => import('../commands/reject.ts') },
  },
  {
    name: 'withdraw',
    summary: 'take back your approval, or your own proposal; both are final',
    words: ['PROPOSAL'],
    options: [reason, ...byDevice, ...sentinels, ...signing],
    work: { load: () => import('../commands/withdraw.ts') },
  },
  {
    name: 'status',
    summary: 'how the server and its chain are, with the code of what is wrong',
    words: [],
    options: organisation,
    work: { load: () => import('../commands/status.ts') },
  },
  {
    name: 'reconcile',
    summary: "a wallet's day on the chain against what its signer's receipts explain",
    words: [],
    options: [
      walletOption,
      { name: 'day', value: 'YYYY-MM-DD', summary: 'a day of UTC (default: today)' },
      { name: 'cap', value: 'SHARE', summary: 'the most it may hold of all wallets, such as 5%' },
      ...member,
    ],
    work: { load: () => import('../commands/reconcile.ts') },
  },
  {
    name: 'alerts list',
    summary: 'spends of our coins that no receipt of a signer explains',
    words: [],
    options: member,
    work: { load: () => import('../commands/alerts-list.ts') },
  },
  {
    name: 'freeze',
    summary: 'stop a wallet, or every wallet by --wallet "*"',
    words: [],
    options: [walletOption, reason, ...byDevice, ...sentinels, ...signing],
    work: { load: () => import('../commands/freeze.ts') },
  },
];
