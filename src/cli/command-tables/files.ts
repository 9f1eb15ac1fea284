import type { Command, Option } from '../command.ts';
import { plainIo } from '../files.ts';

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

/** What needs no organisation: it reads files and nothing else. */
export const files: readonly Command[] = [
  {
    name: 'psbt inspect',
    summary: 'what a PSBT would do: every coin, payment, change and the fee, derived again',
    words: ['FILE'],
    options: psbtOptions,
    work: {
      plain: async (args, io) => {
        const { run } = await import('../commands/psbt-inspect.ts');
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
        const { run } = await import('../commands/psbt-combine.ts');
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
        const { run } = await import('../commands/psbt-finalise.ts');
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
    work: { load: () => import('../commands/wallets-import.ts') },
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
    work: { load: () => import('../commands/addresses-verify.ts') },
  },
  {
    name: 'policy check',
    summary: 'whether a policy can be published and its assertions are proven, in plain sentences',
    words: ['FILE'],
    options: [charterOption],
    work: { load: () => import('../commands/policy-check.ts') },
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
    work: { load: () => import('../commands/policy-explain.ts') },
  },
  {
    name: 'policy diff',
    summary: 'what a new policy makes easier and what harder, with a spend for each',
    words: ['OLD', 'NEW'],
    options: [charterOption, bookOption],
    work: { load: () => import('../commands/policy-diff.ts') },
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
    work: { load: () => import('../commands/policy-blast-radius.ts') },
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
    work: { load: () => import('../commands/policy-replay.ts') },
  },
];
