import { groupAddress } from '../../approval/group-address.ts';
import type { Result } from '../../base/result.ts';
import { refuse } from '../../base/result.ts';
import type { Network } from '../network.ts';
import { describeLock, recoveriesOf } from '../recovery.ts';
import type { Branch, Wallet } from '../wallet.ts';
import { parseWallet } from '../wallet.ts';
import { policyOf } from './bip388.ts';
import { checkFirstAddress } from './first-address.ts';
import { conditionInWords } from './in-words.ts';
import { linesOf } from './lines.ts';

/** The first words of a registration. */
export const registrationTitle = 'Wallet registration: ';

/** What a registration tells beside the wallet. */
export interface Registered {
  readonly name: string;
  /** Who holds each key, in the order of the descriptor; those beyond are unnamed. */
  readonly holders: readonly string[];
  /** The policy of the signer, for people; empty where it is not known. */
  readonly sentences: readonly string[];
}

/** The addresses that holders compare on their devices. */
export const comparedAddresses: readonly (readonly [Branch, number])[] = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 0],
];

/** A page for people who enter a wallet into their hardware wallets: all that its screen can show, to be compared. */
export function writeRegistration(
  wallet: Wallet,
  { name, holders, sentences }: Registered,
): string {
  const policy = policyOf(wallet);
  const lines = [
    `${registrationTitle}${name}`,
    'Enter this wallet into each hardware wallet and compare every line with its screen.',
    'No deposit before every holder has seen the same first address on his own device.',
    '',
    ...describeWallet(wallet, holders),
    '',
    ...(sentences.length === 0
      ? []
      : ['The signer signs by this policy:', ...sentences.map((one) => `  ${one}`), '']),
    `Descriptor: ${wallet.descriptor}`,
    ...(policy.ok
      ? [
          `BIP 388: ${policy.value.template}`,
          ...policy.value.keys.map((key, at) => `  @${String(at)} ${key}`),
        ]
      : ['BIP 388: cannot hold this wallet']),
  ];
  return `${lines.join('\n')}\n`;
}

/** Kind, condition, keys, addresses and recovery paths of a wallet, for people. */
export function describeWallet(wallet: Wallet, holders: readonly string[]): readonly string[] {
  const nameOf = (key: number): string => `key ${String(key + 1)}`;
  const recovery = recoveriesOf(wallet.condition);
  return [
    `Network: ${wallet.network}`,
    `Kind: ${wallet.kind}`,
    `Spends: ${conditionInWords(wallet.condition, nameOf)}`,
    `Threshold: ${String(wallet.missing(new Set()))} of ${String(wallet.signers.size)} keys that sign without waiting`,
    ...wallet.keys.flatMap(({ fingerprint, originPath, xpub, isFixed }, at) => {
      const holder = holders[at] === undefined ? '' : `, ${holders[at]}`;
      const path = ['m', ...(originPath ?? '').split('/').filter((step) => step !== '')].join('/');
      const origin = isFixed
        ? 'one and the same key in every address'
        : fingerprint === null
          ? 'no origin'
          : `fingerprint ${fingerprint}, path ${path}`;
      return [`Key ${String(at + 1)}${holder}: ${origin}`, `  ${xpub}`];
    }),
    ...comparedAddresses.map(([branch, index]) => {
      const place = `${branch === 0 ? 'Receive' : 'Change'} ${String(index)}`;
      return `${place}: ${groupAddress(wallet.address(branch, index))}`;
    }),
    ...(recovery ?? []).map(({ locks, keySets }) => {
      const sets = keySets.map((keys) => keys.map(nameOf).join(' with ')).join('; or ');
      return `Recovery: from ${locks.map(describeLock).join(' and ')}: ${sets}`;
    }),
    ...(recovery === null ? ['Recovery: more paths than can be listed, read the descriptor'] : []),
  ];
}

/** Reads the wallet of a registration. Codes: `wallet.file.malformed`, `wallet.address.mismatch`, those of parseWallet. */
export function readRegistration(text: string, network: Network): Result<Wallet> {
  const valueOf = (label: string): string | undefined => {
    const [found, ...more] = linesOf(text).filter((line) => line.text.startsWith(label));
    return more.length > 0 ? undefined : found?.text.slice(label.length);
  };
  const [descriptor, address] = [valueOf('Descriptor: '), valueOf('Receive 0: ')];
  if (descriptor === undefined || address === undefined)
    return refuse('wallet.file.malformed', { reason: 'no descriptor and first address' });
  const wallet = parseWallet(descriptor, network);
  if (!wallet.ok) return wallet;
  const checked = checkFirstAddress(wallet.value, address.replaceAll(' ', ''));
  return checked.ok ? wallet : checked;
}
