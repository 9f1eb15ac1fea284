import { WALLET_FILE_LENGTH } from '../../base/limits.ts';
import type { Result } from '../../base/result.ts';
import { ok, refuse } from '../../base/result.ts';
import { holdsPrivateKey } from '../key-expression.ts';
import type { KeyWarning } from '../key-warnings.ts';
import { keyWarnings } from '../key-warnings.ts';
import type { Network } from '../network.ts';
import type { Wallet } from '../wallet.ts';
import { readPolicy } from './bip388.ts';
import { readDescriptorRecord } from './bsms.ts';
import type { KeyRecord } from './bsms-key.ts';
import { readKeyRecord } from './bsms-key.ts';
import type { PrefixWarning } from './coldcard.ts';
import { readColdcard } from './coldcard.ts';
import { readDescriptors } from './descriptors.ts';
import { readRegistration, registrationTitle } from './registration.ts';

export const walletFormats = ['descriptor', 'bip388', 'bsms', 'coldcard', 'registration'] as const;
export type WalletFormat = (typeof walletFormats)[number];

/** What a file of another wallet holds: a whole wallet, or one key that a holder offers for one (BIP 129, round 1). */
export type WalletFile =
  | {
      readonly type: 'wallet';
      readonly format: WalletFormat;
      /** As the file calls it. */
      readonly name: string | null;
      readonly wallet: Wallet;
      readonly warnings: readonly (KeyWarning | PrefixWarning)[];
    }
  | { readonly type: 'key'; readonly record: KeyRecord };

type Found = Extract<WalletFile, { readonly type: 'wallet' }>;

/**
 * Reads a file in whichever format it is. Private keys and seed words are looked for before anything is read, and no refusal
 * repeats what the file says. Codes: `wallet.key.private`, `wallet.file.unknown`, `wallet.bsms.encrypted`, those of each
 * format. That the wallet is the one that the holders have is not checked here: they compare the first address.
 */
export function readWalletFile(file: string, network: Network): Result<WalletFile> {
  if (file.length > WALLET_FILE_LENGTH)
    return refuse('wallet.file.unknown', { reason: 'too long' });
  const text = file
    .replace(/^\ufeff/, '')
    .replaceAll('\r\n', '\n')
    .trim();
  if (holdsSecret(text)) return refuse('wallet.key.private');
  if (/^(?:[0-9a-fA-F]{2}){48,}$/.test(text)) return refuse('wallet.bsms.encrypted');
  if (text.startsWith('BSMS')) return readBsms(text.split('\n'), network);
  const format = formatOf(text);
  switch (format) {
    case 'bip388': {
      const read = readPolicy(jsonOf(text), network);
      return read.ok ? found(format, read.value) : read;
    }
    case 'coldcard': {
      const read = readColdcard(text, network);
      return read.ok ? found(format, read.value, read.value.warnings) : read;
    }
    case 'registration': {
      const read = readRegistration(text, network);
      return read.ok ? found(format, { name: null, wallet: read.value }) : read;
    }
    case 'descriptor': {
      const read = readDescriptors(text, network);
      return read.ok ? found(format, { name: null, wallet: read.value }) : read;
    }
    case null:
      return refuse('wallet.file.unknown');
  }
}

/** Seed words also as lists are written: numbered, in capitals. */
function holdsSecret(text: string): boolean {
  // A registration is prose, in which twelve short words are no seed; two of its lines are read, none is repeated.
  if (text.startsWith(registrationTitle))
    return holdsPrivateKey(text.replace(/\b[a-z]{3,8}\b/g, ''));
  const short = text.replace(/[^\s,]{9,}/g, '-');
  const unnumbered = short.toLowerCase().replace(/\b[0-9]{1,2}[.):]?\s+/g, ' ');
  return holdsPrivateKey(text) || holdsPrivateKey(unnumbered);
}

function readBsms(lines: readonly string[], network: Network): Result<WalletFile> {
  const isKey = /^[0-9a-f]{2,32}$/.test(lines[1] ?? '');
  if (isKey) {
    const record = readKeyRecord(lines, network);
    return record.ok ? ok({ type: 'key', record: record.value }) : record;
  }
  const wallet = readDescriptorRecord(lines, network);
  return wallet.ok ? found('bsms', { name: null, wallet: wallet.value }) : wallet;
}

function formatOf(text: string): Exclude<WalletFormat, 'bsms'> | null {
  if (text.startsWith('{')) return 'bip388';
  if (text.startsWith(registrationTitle)) return 'registration';
  if (/^(?:name|policy|format|derivation|[0-9a-f]{8})\s*:/im.test(text)) return 'coldcard';
  return /^[a-z]+\(/m.test(text) ? 'descriptor' : null;
}

function found(
  format: WalletFormat,
  { name, wallet }: Pick<Found, 'name' | 'wallet'>,
  more: readonly PrefixWarning[] = [],
): Result<WalletFile> {
  const warnings = [...more, ...keyWarnings(wallet.keys)];
  return ok({ type: 'wallet', format, name, wallet, warnings });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
