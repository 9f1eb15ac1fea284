import type { Command, Option } from './command.ts';
import { plainIo } from './files.ts';

/** Every command of `countersign`. Shown by --help, parsed by arguments.ts, compared with the documentation by a test. */

/** Options of every command. */
export const everywhere: readonly Option[] = [
  { name: 'json', summary: 'print one JSON object' },
  { name: 'help', summary: 'show this' },
];

const organisation: readonly Option[] = [
  { name: 'as', value: 'MEMBER', summary: 'member to act as (default: of the profile)' },
  { name: 'key', value: 'FILE', summary: 'key file (default: keys/MEMBER.json of the home)' },
  { name: 'server', value: 'URL', summary: 'server (default: of the profile)' },
  { name: 'genesis', value: 'DIGEST', summary: 'genesis digest (default: of the profile)' },
];
const passphrase: Option = {
  name: 'passphrase-fd',
  value: 'N',
  summary:
    'read the passphrase from file descriptor N, with npx only 0 (else COUNTERSIGN_PASSPHRASE, else ask)',
};
const member: readonly Option[] = [...organisation, passphrase];
const signing: readonly Option[] = [
  ...member,
  { name: 'yes', summary: 'sign without asking: for scripts' },
];
const reason: Option = { name: 'reason', value: 'TEXT', summary: 'why; everyone can read it' };
const walletOption: Option = { name: 'wallet', value: 'ID', summary: 'wallet' };

const proposing: readonly Command[] = [
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
        summary: 'a payment, "50000 sat" or "0.5 BTC"; an id of the address book will do',
      },
      { name: 'batch', value: 'FILE', summary: 'payments as CSV lines: address,amount' },
      { name: 'psbt', value: 'FILE', summary: 'a PSBT made elsewhere, instead of payments' },
      { name: 'fee-rate', value: 'N', summary: 'satoshi a virtual byte' },
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
    work: { load: () => import('./commands/propose.ts') },
  },
  {
    name: 'proposals list',
    summary: 'the proposals of the log and where they stand',
    words: [],
    options: [walletOption, { name: 'all', summary: 'also those that ended' }, ...member],
    work: { load: () => import('./commands/proposals-list.ts') },
  },
  {
    name: 'proposals show',
    summary: 'one proposal as its bytes say, its approvals and what is missing',
    words: ['PROPOSAL'],
    options: member,
    work: { load: () => import('./commands/proposals-show.ts') },
  },
  {
    name: 'proposals broadcast',
    summary: 'ask for broadcast now; it comes by itself once a proposal is signed',
    words: ['PROPOSAL'],
    options: member,
    work: { load: () => import('./commands/proposals-broadcast.ts') },
  },
  {
    name: 'approve',
    summary: 'review a proposal and sign it; a cosigner signs its inputs too',
    words: ['PROPOSAL'],
    options: [reason, ...signing],
    work: { load: () => import('./commands/approve.ts') },
  },
  {
    name: 'reject',
    summary: 'end a proposal by a signed no',
    words: ['PROPOSAL'],
    options: [reason, ...signing],
    work: { load: () => import('./commands/reject.ts') },
  },
  {
    name: 'withdraw',
    summary: 'take back your approval, or your own proposal; both are final',
    words: ['PROPOSAL'],
    options: [reason, ...signing],
    work: { load: () => import('./commands/withdraw.ts') },
  },
  {
    name: 'freeze',
    summary: 'stop a wallet, or every wallet by --wallet "*"',
    words: [],
    options: [walletOption, reason, ...signing],
    work: { load: () => import('./commands/freeze.ts') },
  },
];

const looking: readonly Command[] = [
  {
    name: 'wallets list',
    summary: 'the wallets of the organisation',
    words: [],
    options: member,
    work: { load: () => import('./commands/wallets-list.ts') },
  },
  {
    name: 'wallets show',
    summary: 'one wallet: descriptor, addresses, key holders, policy, balance',
    words: ['WALLET'],
    options: member,
    work: { load: () => import('./commands/wallets-show.ts') },
  },
  {
    name: 'log verify',
    summary: 'read the whole log, recompute its root and replay it',
    words: [],
    options: member,
    work: { load: () => import('./commands/log-verify.ts') },
  },
  {
    name: 'evidence export',
    summary: 'write the whole log with its blobs to one file',
    words: [],
    options: [{ name: 'out', value: 'FILE', summary: 'a file that is not there yet' }, ...member],
    work: { load: () => import('./commands/evidence-export.ts') },
  },
  {
    name: 'evidence verify',
    summary:
      'check an exported file without network: hashes, signatures, every verdict of the signers',
    words: ['FILE'],
    options: [
      { name: 'genesis', value: 'DIGEST', summary: 'genesis digest, learnt over another channel' },
    ],
    work: { load: () => import('./commands/evidence-verify.ts') },
  },
];

const keeping: readonly Command[] = [
  {
    name: 'keys create',
    summary: 'make the key of a device, and a cosigner key where asked',
    words: [],
    options: [
      { name: 'as', value: 'MEMBER', summary: 'member' },
      { name: 'device', value: 'ID', summary: 'name of the device (default cli)' },
      {
        name: 'cosigner',
        value: 'NETWORK',
        summary:
          'also a key for a multisig wallet on mainnet, testnet4, signet, regtest or sandbox',
      },
      { name: 'key', value: 'FILE', summary: 'where to (default: keys/MEMBER.json of the home)' },
      passphrase,
    ],
    work: { load: () => import('./commands/keys-create.ts') },
  },
  {
    name: 'keys show',
    summary: 'the public part of a key file',
    words: [],
    options: [
      { name: 'as', value: 'MEMBER', summary: 'member (default: of the profile)' },
      { name: 'key', value: 'FILE', summary: 'key file (default: keys/MEMBER.json of the home)' },
    ],
    work: { load: () => import('./commands/keys-show.ts') },
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
    work: { load: () => import('./commands/sandbox-fund.ts') },
  },
  {
    name: 'sandbox mine',
    summary: 'make blocks on the sandbox',
    words: [],
    options: [{ name: 'blocks', value: 'N', summary: 'how many (default 1)' }, ...member],
    work: { load: () => import('./commands/sandbox-mine.ts') },
  },
];

const plain: readonly Command[] = [
  {
    name: 'psbt inspect',
    summary: 'what a PSBT would do: every coin, payment, change and the fee, derived again',
    words: ['FILE'],
    options: [
      {
        name: 'descriptor',
        value: 'DESC',
        summary: 'wpkh(…), wsh(multi(…)) or wsh(sortedmulti(…))',
      },
      {
        name: 'network',
        value: 'NETWORK',
        summary: 'mainnet, testnet4, signet, regtest or sandbox',
      },
      { name: 'highest', value: 'N', summary: 'highest address index to look for (default 200)' },
    ],
    work: {
      plain: async (args, io) => {
        const { run } = await import('./commands/psbt-inspect.ts');
        return run(args, plainIo(io, ''));
      },
    },
  },
  {
    name: 'policy check',
    summary: 'whether a policy file is well-formed and can be satisfied, in plain sentences',
    words: ['FILE'],
    options: [
      { name: 'charter', value: 'FILE', summary: 'body of the charter (JSON), to check against' },
    ],
    work: {
      plain: async (args, io) => {
        const { run } = await import('./commands/policy-check.ts');
        return run(args, plainIo(io, '\n'));
      },
    },
  },
];

export const commands: readonly Command[] = [...proposing, ...looking, ...keeping, ...plain];
