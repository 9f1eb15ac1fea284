/* eslint max-lines: ["error", 800] -- one table: a command is added as a row, never logic */
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
/** Where a hardware wallet may sign instead of the key file, a line of text in two calls. */
const byDevice: readonly Option[] = [
  { name: 'message', summary: 'have your message device sign: prints the line for its display' },
  { name: 'device', value: 'ID', summary: 'which of your devices signs (default: the key file)' },
  {
    name: 'signature',
    value: 'FILE',
    summary: 'then: what the message device made of that line (- for input)',
  },
];
/** What a device is, by the one of these that its kind has. */
const deviceOptions: readonly Option[] = [
  { name: 'public-key', value: 'HEX', summary: 'secp256k1: what "keys create" printed' },
  {
    name: 'address',
    value: 'ADDRESS',
    summary: 'message: the address that a hardware wallet signs messages by, of no wallet here',
  },
  { name: 'wallet', value: 'ID', summary: 'psbt: the wallet whose PSBTs it signs' },
  {
    name: 'xpub',
    value: 'XPUB',
    summary: 'with it: its key in the wallet (default: the only one that the member holds)',
  },
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
    work: { load: () => import('./commands/proposals-bump.ts') },
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
    work: { load: () => import('./commands/approve.ts') },
  },
  {
    name: 'reject',
    summary: 'end a proposal by a signed no',
    words: ['PROPOSAL'],
    options: [reason, ...byDevice, ...signing],
    work: { load: () => import('./commands/reject.ts') },
  },
  {
    name: 'withdraw',
    summary: 'take back your approval, or your own proposal; both are final',
    words: ['PROPOSAL'],
    options: [reason, ...byDevice, ...signing],
    work: { load: () => import('./commands/withdraw.ts') },
  },
  {
    name: 'status',
    summary: 'how the server and its chain are, with the code of what is wrong',
    words: [],
    options: organisation,
    work: { load: () => import('./commands/status.ts') },
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
    work: { load: () => import('./commands/reconcile.ts') },
  },
  {
    name: 'alerts list',
    summary: 'spends of our coins that no receipt of a signer explains',
    words: [],
    options: member,
    work: { load: () => import('./commands/alerts-list.ts') },
  },
  {
    name: 'freeze',
    summary: 'stop a wallet, or every wallet by --wallet "*"',
    words: [],
    options: [walletOption, reason, ...byDevice, ...signing],
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
    name: 'wallets budget',
    summary: 'what each limit leaves: spent, reserved, asked for, free, and when more frees up',
    words: ['WALLET'],
    options: member,
    work: { load: () => import('./commands/wallets-budget.ts') },
  },
  {
    name: 'wallets labels',
    summary: 'take labels and frozen coins out to other wallets, or in from them (BIP 329)',
    words: ['export|import', 'WALLET', 'FILE'],
    options: member,
    work: { load: () => import('./commands/wallets-labels.ts') },
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
    work: { load: () => import('./commands/wallets-export.ts') },
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
    work: { load: () => import('./commands/wallets-rescan.ts') },
  },
  {
    name: 'coins list',
    summary: 'the coins that may be spent, their labels, and which are frozen',
    words: ['WALLET'],
    options: member,
    work: { load: () => import('./commands/coins-list.ts') },
  },
  {
    name: 'coins freeze',
    summary: 'leave a coin alone: no draft takes it',
    words: ['WALLET', 'OUTPOINT'],
    options: [reason, ...member],
    work: { load: () => import('./commands/coins-freeze.ts') },
  },
  {
    name: 'coins unfreeze',
    summary: 'let drafts take a coin again',
    words: ['WALLET', 'OUTPOINT'],
    options: [reason, ...member],
    work: { load: () => import('./commands/coins-unfreeze.ts') },
  },
  {
    name: 'coins label',
    summary: 'say what a coin, an address or a transaction is; "" takes it back',
    words: ['WALLET', 'REF', 'LABEL'],
    options: member,
    work: { load: () => import('./commands/coins-label.ts') },
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
    work: { load: () => import('./commands/addresses-new.ts') },
  },
  {
    name: 'addresses list',
    summary: 'the addresses that were given out, attested or not, and what was paid to them',
    words: ['WALLET'],
    options: member,
    work: { load: () => import('./commands/addresses-list.ts') },
  },
  {
    name: 'addresses show',
    summary: 'one attested address, and its attestation as a file for whoever pays',
    words: ['WALLET', 'INDEX'],
    options: [
      { name: 'file', value: 'FILE', summary: 'write the attestation: a file that is not there' },
      ...member,
    ],
    work: { load: () => import('./commands/addresses-show.ts') },
  },
  {
    name: 'deposits list',
    summary: 'what was paid to a wallet, the newest first, with labels and what is odd about it',
    words: ['WALLET'],
    options: [{ name: 'all', summary: 'all of it, not only the newest 200' }, ...member],
    work: { load: () => import('./commands/deposits-list.ts') },
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
    work: { load: () => import('./commands/wallets-shadow.ts') },
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

const governing: readonly Command[] = [
  {
    name: 'documents list',
    summary: 'charter, wallets, policies, address book: what is in force and what waits',
    words: [],
    options: [
      { name: 'kind', value: 'KIND', summary: 'charter, wallet, policy or destinations' },
      { name: 'all', summary: 'also those that were replaced or vetoed' },
      ...member,
    ],
    work: { load: () => import('./commands/documents-list.ts') },
  },
  {
    name: 'documents show',
    summary: 'what a version changes, who signed it, what is missing, when it comes in force',
    words: ['DIGEST'],
    options: member,
    work: { load: () => import('./commands/documents-show.ts') },
  },
  {
    name: 'documents body',
    summary: 'print the body in force, to edit and propose again: a policy as YAML, else JSON',
    words: ['KIND'],
    options: [walletOption, ...member],
    work: { load: () => import('./commands/documents-body.ts') },
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
    work: { load: () => import('./commands/documents-propose.ts') },
  },
  {
    name: 'documents approve',
    summary: 'review a version and sign it as a governor',
    words: ['DIGEST'],
    options: [...byDevice, ...signing],
    work: { load: () => import('./commands/documents-approve.ts') },
  },
  {
    name: 'documents veto',
    summary: 'end a version by a signed no, before it is in force',
    words: ['DIGEST'],
    options: [...byDevice, ...signing],
    work: { load: () => import('./commands/documents-veto.ts') },
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
    work: { load: () => import('./commands/documents-confirm.ts') },
  },
  {
    name: 'destinations list',
    summary: 'the address book',
    words: [],
    options: member,
    work: { load: () => import('./commands/destinations-list.ts') },
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
    work: { load: () => import('./commands/destinations-add.ts') },
  },
  {
    name: 'destinations remove',
    summary: 'propose to strike an address from the address book',
    words: ['ID'],
    options: signing,
    work: { load: () => import('./commands/destinations-remove.ts') },
  },
  {
    name: 'members list',
    summary: 'members, their groups and devices, deputies, recovery keys',
    words: [],
    options: member,
    work: { load: () => import('./commands/members-list.ts') },
  },
  {
    name: 'members enrol',
    summary: 'propose the charter with a further device of a member, which then confirms it',
    words: ['MEMBER', 'DEVICE'],
    options: [...deviceOptions, ...signing],
    work: { load: () => import('./commands/members-enrol.ts') },
  },
  {
    name: 'members suspend',
    summary:
      'suspend a member or a lost device, at once: one governor is enough while the others can govern without him',
    words: ['MEMBER'],
    options: [{ name: 'device', value: 'ID', summary: 'only this device of his' }, ...signing],
    work: { load: () => import('./commands/members-suspend.ts') },
  },
  {
    name: 'freezes list',
    summary: 'the freezes that stand, who signed to lift them and what is missing',
    words: [],
    options: member,
    work: { load: () => import('./commands/freezes-list.ts') },
  },
  {
    name: 'unfreeze',
    summary: 'sign as a governor that the freezes of a wallet be lifted, or by "*" those of all',
    words: [],
    options: [walletOption, reason, ...byDevice, ...signing],
    work: { load: () => import('./commands/unfreeze.ts') },
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
    work: { load: () => import('./commands/recovery-sign.ts') },
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
    work: { load: () => import('./commands/keys-create.ts') },
  },
  {
    name: 'keys entry',
    summary: 'a device as a charter names it, for whoever writes one; needs no server',
    words: ['DEVICE'],
    options: deviceOptions,
    work: { load: () => import('./commands/keys-entry.ts') },
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

const charterOption: Option = {
  name: 'charter',
  value: 'FILE',
  summary: 'who there is: the body of the charter, or a short file (policies/README.md)',
};
const bookOption: Option = {
  name: 'address-book',
  value: 'FILE',
  summary: 'whom may be paid as listed (default: not known)',
};

const psbtOptions: readonly Option[] = [
  {
    name: 'descriptor',
    value: 'DESC',
    summary: 'pkh, wpkh, sh(wpkh), tr, wsh or sh(wsh) of multi, sortedmulti or a miniscript',
  },
  {
    name: 'network',
    value: 'NETWORK',
    summary: 'mainnet, testnet4, signet, regtest or sandbox',
  },
  { name: 'highest', value: 'N', summary: 'highest address index to look for (default 200)' },
];

const plain: readonly Command[] = [
  {
    name: 'psbt inspect',
    summary: 'what a PSBT would do: every coin, payment, change and the fee, derived again',
    words: ['FILE'],
    options: psbtOptions,
    work: {
      plain: async (args, io) => {
        const { run } = await import('./commands/psbt-inspect.ts');
        return run(args, plainIo(io));
      },
    },
  },
  {
    name: 'psbt combine',
    summary: 'put the signatures of several PSBTs of one transaction together',
    words: ['FILE'],
    more: ['FILE...'],
    options: psbtOptions,
    work: {
      plain: async (args, io) => {
        const { run } = await import('./commands/psbt-combine.ts');
        return run(args, plainIo(io));
      },
    },
  },
  {
    name: 'psbt finalise',
    summary: 'the final transaction of PSBTs that enough keys have signed, in hex; nothing is sent',
    words: ['FILE'],
    more: ['FILE...'],
    options: psbtOptions,
    work: {
      plain: async (args, io) => {
        const { run } = await import('./commands/psbt-finalise.ts');
        return run(args, plainIo(io));
      },
    },
  },
  {
    name: 'wallets import',
    summary: 'check the file of another wallet, in any format of "wallets export"; needs no server',
    words: ['FILE'],
    options: [
      {
        name: 'network',
        value: 'NETWORK',
        summary: 'mainnet, testnet4, signet, regtest or sandbox (default mainnet)',
      },
      {
        name: 'hot-key',
        value: 'XPUB',
        summary: "the signer's key: tells which keys spend without it",
      },
      { name: 'birth', value: 'HEIGHT', summary: 'block before which the wallet has no coin' },
    ],
    work: { load: () => import('./commands/wallets-import.ts') },
  },
  {
    name: 'addresses verify',
    summary: 'check the attestation of an address, by a key or by an exported log; needs no server',
    words: ['FILE'],
    options: [
      {
        name: 'key',
        value: 'SIGNERKEY',
        summary: "the signer's key, learnt over another channel: proves that its holder said so",
      },
      { name: 'bundle', value: 'FILE', summary: 'what "evidence export" wrote' },
      { name: 'genesis', value: 'DIGEST', summary: 'with it: genesis digest, learnt likewise' },
    ],
    work: { load: () => import('./commands/addresses-verify.ts') },
  },
  {
    name: 'policy check',
    summary: 'whether a policy can be published and its assertions are proven, in plain sentences',
    words: ['FILE'],
    options: [charterOption],
    work: { load: () => import('./commands/policy-check.ts') },
  },
  {
    name: 'policy explain',
    summary: 'what would happen to a spend, and why',
    words: ['FILE'],
    options: [
      charterOption,
      { name: 'spend', value: 'FILE', summary: 'the spend (policies/README.md)' },
      {
        name: 'at',
        value: 'TIME',
        summary: 'when, such as 2027-01-15T08:00:00Z (default: of the spend, else now)',
      },
      { name: 'lang', value: 'LANGUAGE', summary: 'en or ja (default en)' },
    ],
    work: { load: () => import('./commands/policy-explain.ts') },
  },
  {
    name: 'policy diff',
    summary: 'what a new policy makes easier and what harder, with a spend for each',
    words: ['OLD', 'NEW'],
    options: [charterOption, bookOption],
    work: { load: () => import('./commands/policy-diff.ts') },
  },
  {
    name: 'policy blast-radius',
    summary: 'the most that can leave when 0, 1, 2, 3 people are compromised',
    words: ['FILE'],
    options: [
      charterOption,
      bookOption,
      { name: 'window', value: 'DURATION', summary: 'within what time (default 24h)' },
      { name: 'upto', value: 'N', summary: 'up to how many people (default 3, at most 5)' },
      {
        name: 'unseen',
        value: 'AMOUNT',
        summary: 'signed already and not on the chain yet: it can leave at any time',
      },
    ],
    work: { load: () => import('./commands/policy-blast-radius.ts') },
  },
  {
    name: 'policy replay',
    summary: 'which past proposals of an exported log would have fared otherwise under a policy',
    words: ['NEW'],
    options: [
      { name: 'bundle', value: 'FILE', summary: 'what "evidence export" wrote' },
      { name: 'genesis', value: 'DIGEST', summary: 'genesis digest, learnt over another channel' },
      { name: 'wallet', value: 'ID', summary: 'wallet (default: that of the policy)' },
    ],
    work: { load: () => import('./commands/policy-replay.ts') },
  },
];

export const commands: readonly Command[] = [
  ...proposing,
  ...looking,
  ...governing,
  ...keeping,
  ...plain,
];
