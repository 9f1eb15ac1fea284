import { isPlainText } from '../../base/canonical.ts';
import { COLDCARD_KEYS, WALLET_NAME_LENGTH } from '../../base/limits.ts';
import type { Result } from '../../base/result.ts';
import { ok, refuse } from '../../base/result.ts';
import { parseXpub, withoutScriptType } from '../key-expression.ts';
import type { Network } from '../network.ts';
import type { Wallet, WalletKey } from '../wallet.ts';
import { parseWallet } from '../wallet.ts';
import type { Line } from './lines.ts';
import { linesOf } from './lines.ts';

/** A key whose prefix tells a script type (SLIP 132): taken as the xpub that it is, and whether it tells the wallet's. */
export interface PrefixWarning {
  /** Position in the descriptor. */
  readonly key: number;
  readonly warning: 'prefix.slip132' | 'prefix.disagrees';
}

export interface ColdcardFile {
  readonly name: string | null;
  readonly wallet: Wallet;
  readonly warnings: readonly PrefixWarning[];
}

/** What a Coldcard keeps of a name. */
const NAME_LENGTH = 20;

/**
 * The multisig file of a wallet, as a Coldcard and most hardware wallets read it: keys sorted (BIP 67), each with its origin.
 * Code `wallet.format.unfit` for any other wallet. Source: Coldcard's documentation of multisig.
 */
export function writeColdcard(wallet: Wallet, name: string): Result<string> {
  const { kind, keys } = wallet;
  const needed = wallet.missing(new Set());
  const isSorted = kind === 'wsh-sortedmulti' || kind === 'sh-wsh-sortedmulti';
  if (
    !isSorted ||
    keys.length > COLDCARD_KEYS ||
    keys.some(({ originPath }) => originPath === null)
  )
    return refuse('wallet.format.unfit', { format: 'coldcard', kind });
  const lines = [
    '# Multisig setup file of Countersign',
    `Name: ${name.slice(0, NAME_LENGTH)}`,
    `Policy: ${String(needed)} of ${String(keys.length)}`,
    `Format: ${kind === 'wsh-sortedmulti' ? 'P2WSH' : 'P2SH-P2WSH'}`,
  ];
  for (const [at, key] of keys.entries()) {
    const { fingerprint, originPath, xpub } = key;
    if (at === 0 || originPath !== keys[at - 1]?.originPath)
      lines.push('', `Derivation: ${pathOf(key)}`);
    lines.push(`${fingerprint?.toUpperCase() ?? ''}: ${xpub}`);
  }
  return ok(`${lines.join('\n')}\n`);
}

function pathOf({ originPath }: WalletKey): string {
  return ['m', ...(originPath ?? '').split('/').filter((step) => step !== '')]
    .join('/')
    .replaceAll('h', "'");
}

interface FileKey {
  readonly fingerprint: string;
  /** `/48h/1h`, possibly empty. */
  readonly path: string;
  readonly xpub: string;
}

/** The fields as written, by their lower-case names. */
interface Fields {
  readonly values: ReadonlyMap<string, string>;
  readonly keys: readonly FileKey[];
}

/**
 * Reads a multisig file. A prefix of SLIP 132 is taken as xpub or tpub, with a warning. Requires a text that holds no private
 * key. Codes: `wallet.file.malformed`, `wallet.threshold` (more than 15 keys; a number of keys that is not the policy's),
 * `wallet.descriptor.unsupported` (P2SH without segwit), those of parseWallet.
 */
export function readColdcard(text: string, network: Network): Result<ColdcardFile> {
  const fields = readFields(text);
  if (!fields.ok) return fields;
  const { values, keys } = fields.value;
  const name = values.get('name') ?? null;
  if (name !== null && (name.length > WALLET_NAME_LENGTH || !isPlainText(name)))
    return refuse('wallet.file.malformed', { reason: 'the name is no plain short text' });
  const [, needed = '', count = ''] =
    /^([0-9]{1,2})\s*(?:of|\/)\s*([0-9]{1,2})$/i.exec(values.get('policy') ?? '') ?? [];
  if (needed === '') return refuse('wallet.file.malformed', { reason: 'no policy such as 2 of 3' });
  if (Number(count) !== keys.length || keys.length > COLDCARD_KEYS)
    return refuse('wallet.threshold', {
      threshold: Number(needed),
      keys: keys.length,
      most: COLDCARD_KEYS,
    });
  const around = scriptOf(values.get('format') ?? 'P2SH');
  if (!around.ok) return around;
  const xpubs = keys.map(({ xpub }) => {
    const isPlain = parseXpub(xpub, network) !== null;
    return isPlain ? xpub : (withoutScriptType(xpub, network) ?? xpub);
  });
  const expressions = keys.map(
    ({ fingerprint, path }, at) => `[${fingerprint}${path}]${xpubs[at] ?? ''}/<0;1>/*`,
  );
  const [before, after] = around.value;
  const body = `${before}sortedmulti(${[String(Number(needed)), ...expressions].join(',')})${after}`;
  const wallet = parseWallet(body, network, { checksum: 'optional' });
  if (!wallet.ok) return wallet;
  const warnings = keys.flatMap(({ xpub }, key): readonly PrefixWarning[] => {
    if (xpub === xpubs[key]) return [];
    const fits = (before === 'wsh(' ? /^[ZV]/ : /^[YU]/).test(xpub);
    return [{ key, warning: fits ? 'prefix.slip132' : 'prefix.disagrees' }];
  });
  return ok({ name, wallet: wallet.value, warnings });
}

function scriptOf(format: string): Result<readonly [before: string, after: string]> {
  switch (format.toUpperCase()) {
    case 'P2WSH':
      return ok(['wsh(', ')']);
    case 'P2SH-P2WSH':
    case 'P2WSH-P2SH':
      return ok(['sh(wsh(', '))']);
    case 'P2SH':
      return refuse('wallet.descriptor.unsupported', { function: 'sh' });
    default:
      return refuse('wallet.file.malformed', { reason: 'the format is no script type' });
  }
}

const fieldShape = /^([0-9A-Za-z]{1,20})\s*:\s*(\S.*)$/;
const pathShape = /^m((?:\/[0-9]{1,10}[h']?)*)$/i;

/** A derivation counts for the keys after it. Every other field stands once: readers would differ on which one counts. */
function readFields(text: string): Result<Fields> {
  const values = new Map<string, string>();
  const keys: FileKey[] = [];
  let path: string | null = null;
  for (const { line, text: written } of linesOf(text)) {
    const [, label = '', value = ''] = fieldShape.exec(written) ?? [];
    const name = label.toLowerCase();
    const derivation = name === 'derivation' ? pathShape.exec(value) : null;
    if (derivation !== null) path = (derivation[1] ?? '').replaceAll("'", 'h');
    else if (/^[0-9a-f]{8}$/.test(name) && path !== null)
      keys.push({ fingerprint: name, path, xpub: value });
    else if (['name', 'policy', 'format'].includes(name) && !values.has(name))
      values.set(name, value);
    else return unread({ line, text: written });
  }
  return ok({ values, keys });
}

/** The line is not repeated: it may hold a mistyped secret. */
function unread({ line }: Line): Result<never> {
  return refuse('wallet.file.malformed', { line });
}
