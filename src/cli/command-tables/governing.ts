import type { Command } from '../command.ts';
import {
  byDevice,
  deviceOptions,
  member,
  reason,
  sentinels,
  signing,
  walletOption,
} from './options.ts';

/** Documents, members, destinations, freezes. */
export const governing: readonly Command[] = [
  {
    name: 'documents list',
    summary: 'charter, wallets, policies, address book: what is in force and what waits',
    words: [],
    options: [
      { name: 'kind', value: 'KIND', summary: 'charter, wallet, policy or destinations' },
      { name: 'all', summary: 'also those that were replaced or vetoed' },
      ...member,
    ],
    work: { load: () => import('../commands/documents-list.ts') },
  },
  {
    name: 'documents show',
    summary: 'what a version changes, who signed it, what is missing, when it comes in force',
    words: ['DIGEST'],
    options: member,
    work: { load: () => import('../commands/documents-show.ts') },
  },
  {
    name: 'documents body',
    summary: 'print the body in force, to edit and propose again: a policy as YAML, else JSON',
    words: ['KIND'],
    options: [walletOption, ...member],
    work: { load: () => import('../commands/documents-body.ts') },
  },
  {
    name: 'documents propose',
    summary: 'make the next version from a file: review the change, publish, sign',
    words: ['FILE'],
    options: [
      { name: 'kind', value: 'KIND', summary: 'charter, wallet, policy or destinations' },
      walletOption,
      { name: 'unsigned', summary: 'publish without signing: for recovery keys to sign' },
      ...signing,
    ],
    work: { load: () => import('../commands/documents-propose.ts') },
  },
  {
    name: 'documents approve',
    summary: 'review a version and sign it as a governor',
    words: ['DIGEST'],
    options: [...byDevice, ...signing],
    work: { load: () => import('../commands/documents-approve.ts') },
  },
  {
    name: 'documents veto',
    summary: 'end a version by a signed no, before it is in force',
    words: ['DIGEST'],
    options: [...byDevice, ...sentinels, ...signing],
    work: { load: () => import('../commands/documents-veto.ts') },
  },
  {
    name: 'documents confirm',
    summary: 'confirm a new device in the charter, or with your key of it a wallet',
    words: [],
    more: ['DIGEST'],
    options: [
      {
        name: 'proof',
        value: 'FILE',
        summary: 'of a wallet: what your wallet device made of the line that is told without it',
      },
      ...byDevice,
      ...signing,
    ],
    work: { load: () => import('../commands/documents-confirm.ts') },
  },
  {
    name: 'destinations list',
    summary: 'the address book',
    words: [],
    options: member,
    work: { load: () => import('../commands/destinations-list.ts') },
  },
  {
    name: 'destinations add',
    summary: 'propose an address for the address book',
    words: ['ID=ADDRESS'],
    options: [
      {
        name: 'owner',
        value: 'ID',
        summary: 'whose it is: limits of a destination count by owner',
      },
      { name: 'tag', value: 'TAG', many: true, summary: 'a tag that policies may name' },
      ...signing,
    ],
    work: { load: () => import('../commands/destinations-add.ts') },
  },
  {
    name: 'destinations remove',
    summary: 'propose to strike an address from the address book',
    words: ['ID'],
    options: signing,
    work: { load: () => import('../commands/destinations-remove.ts') },
  },
  {
    name: 'members list',
    summary: 'members, their groups and devices, deputies, recovery keys',
    words: [],
    options: member,
    work: { load: () => import('../commands/members-list.ts') },
  },
  {
    name: 'members enrol',
    summary: 'propose the charter with a further device of a member, which then confirms it',
    words: ['MEMBER', 'DEVICE'],
    options: [...deviceOptions, ...signing],
    work: { load: () => import('../commands/members-enrol.ts') },
  },
  {
    name: 'members suspend',
    summary:
      'suspend a member or a lost device, at once: one governor is enough while the others can govern without him',
    words: ['MEMBER'],
    options: [{ name: 'device', value: 'ID', summary: 'only this device of his' }, ...signing],
    work: { load: () => import('../commands/members-suspend.ts') },
  },
  {
    name: 'freezes list',
    summary: 'the freezes that stand, who signed to lift them and what is missing',
    words: [],
    options: member,
    work: { load: () => import('../commands/freezes-list.ts') },
  },
  {
    name: 'unfreeze',
    summary: 'sign as a governor that the freezes of a wallet be lifted, or by "*" those of all',
    words: [],
    options: [walletOption, reason, ...byDevice, ...signing],
    work: { load: () => import('../commands/unfreeze.ts') },
  },
  {
    name: 'recovery sign',
    summary:
      'sign with a recovery key a charter that replaces governors: members whose one group is the governing group',
    words: ['DIGEST'],
    options: [
      ...signing.filter(({ name }) => name !== 'key'),
      { name: 'key', value: 'FILE', summary: 'key file of the recovery key' },
    ],
    work: { load: () => import('../commands/recovery-sign.ts') },
  },
];
