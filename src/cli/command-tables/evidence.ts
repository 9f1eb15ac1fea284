import type { Command } from '../command.ts';
import { member } from './options.ts';

/** The log and what it proves. */
export const evidence: readonly Command[] = [
  {
    name: 'log verify',
    summary: 'read the whole log, recompute its root and replay it',
    words: [],
    options: member,
    work: { load: () => import('../commands/log-verify.ts') },
  },
  {
    name: 'evidence export',
    summary: 'write the whole log with its blobs to one file',
    words: [],
    options: [
      { name: 'out', value: 'FILE', summary: 'a file that is not there yet' },
      {
        name: 'from',
        value: 'SIZE',
        summary: 'leave out the first so many entries, for who has them',
      },
      ...member,
    ],
    work: { load: () => import('../commands/evidence-export.ts') },
  },
  {
    name: 'evidence verify',
    summary:
      'check an exported file without network: hashes, signatures, every verdict of the signers',
    words: ['FILE'],
    options: [
      { name: 'genesis', value: 'DIGEST', summary: 'genesis digest, learnt over another channel' },
    ],
    work: { load: () => import('../commands/evidence-verify.ts') },
  },
  {
    name: 'receipts post',
    summary: 'hand in the receipts that a signer without network wrote (countersign-signer decide)',
    words: ['FILE'],
    options: member,
    work: { load: () => import('../commands/receipts-post.ts') },
  },
];
