import { warningTexts } from '../../core/approval/render.ts';
import { fromUtf8 } from '../../core/base/bytes.ts';
import { WALLET_FILE_LENGTH } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { outsideOf } from '../../core/governance/outside.ts';
import type { KeyRecord } from '../../core/wallet/formats/bsms-key.ts';
import type { WalletFile } from '../../core/wallet/formats/read-file.ts';
import { readWalletFile } from '../../core/wallet/formats/read-file.ts';
import { comparedAddresses, describeWallet } from '../../core/wallet/formats/registration.ts';
import { holdsPrivateKey } from '../../core/wallet/key-expression.ts';
import type { Network } from '../../core/wallet/network.ts';
import { genesisBlock, networkNames } from '../../core/wallet/network.ts';
import { describeLock, recoveriesOf } from '../../core/wallet/recovery.ts';
import type { Wallet } from '../../core/wallet/wallet.ts';
import { keyIndexOfXpub } from '../../core/wallet/wallet.ts';
import type { Call, Output, Run } from '../command.ts';
import { Fault, UsageError, wholeNumber, word } from '../command.ts';
import { readInput } from '../files.ts';

const texts = {
  ...warningTexts,
  'prefix.slip132': 'is written with a prefix of SLIP 132: taken as the xpub that it is.',
  'prefix.disagrees': 'is written with a prefix of SLIP 132 for another kind of script: ask why.',
} as const;
/** What a wallet document has and no file of another wallet tells. */
const unknown = ['gapLimit', 'custody', 'holders'];

/** Checks the file of another wallet; nothing is sent. What holds a private key is refused and never shown. */
export const run: Run = async (call) => {
  const name = word(call, 0);
  const network = networkOf(call);
  const roles = rolesOf(call);
  // Bytes of UTF-8 are at most three for each unit of text.
  const text = fromUtf8(await readInput(call.io, name, WALLET_FILE_LENGTH * 3));
  if (text === undefined) throw new Fault(`${name} is not UTF-8`);
  if (roles.hotKey !== null && holdsPrivateKey(roles.hotKey)) return refuse('wallet.key.private');
  const read = readWalletFile(text, network);
  if (!read.ok) {
    const isElsewhere = read.refusal.code === 'wallet.key.network';
    if (isElsewhere && call.text('network') === undefined)
      throw new UsageError('the keys are not of mainnet: name the network by --network');
    return read;
  }
  return read.value.type === 'key' ? tellKey(read.value.record) : tell(read.value, roles);
};

interface Roles {
  /** The xpub that the signer holds. */
  readonly hotKey: string | null;
  readonly birth: number | null;
}

function rolesOf(call: Call): Roles {
  return { hotKey: call.text('hot-key') ?? null, birth: wholeNumber(call, 'birth') ?? null };
}

function networkOf(call: Call): Network {
  const named = call.text('network') ?? 'mainnet';
  const network = networkNames.find((one) => one === named);
  if (network === undefined) throw new UsageError(`--network is one of ${networkNames.join(', ')}`);
  return network;
}

function tellKey({ key, description }: KeyRecord): Result<Output> {
  const { fingerprint, originPath, xpub } = key;
  return ok({
    json: { type: 'key', description, fingerprint, originPath, xpub },
    lines: [
      `A key, not a wallet: ${description}`,
      `[${fingerprint ?? ''}/${originPath ?? ''}]${xpub}`,
      'Its holder has signed the record by it. Whether the holder is who he should be, ask himself.',
    ],
  });
}

function tell(
  { format, name, wallet, warnings }: Extract<WalletFile, { readonly type: 'wallet' }>,
  { hotKey, birth }: Roles,
): Result<Output> {
  const outside = hotKey === null ? null : outsideIn(wallet, hotKey, birth);
  if (outside !== null && !outside.ok) return outside;
  const sets = outside?.value ?? null;
  const { network, descriptor } = wallet;
  const hotAt = hotKey === null ? null : keyIndexOfXpub(wallet, hotKey);
  const others = wallet.keys.filter((_, at) => at !== hotAt);
  const body = {
    network,
    genesisBlock: genesisBlock(network),
    descriptor,
    // Members are to be filled in.
    holders: others.map(({ xpub }) => ({ member: '', key: xpub })),
    ...(birth === null ? {} : { birth }),
    // As the descriptor writes it: one key has several texts.
    ...(sets === null ? {} : { hotKey: wallet.keys[hotAt ?? -1]?.xpub, outside: sets }),
  };
  const missing = ['birth', 'hotKey', 'outside'].filter((part) => !(part in body));
  return ok({
    json: {
      type: 'wallet',
      format,
      name,
      ...factsOf(wallet),
      outside: sets,
      warnings: [...warnings],
      body,
      missing: [...missing, ...unknown],
    },
    lines: [
      `Format: ${format}`,
      ...(name === null ? [] : [`Name: ${name}`]),
      ...describeWallet(wallet, []),
      ...(sets === null ? [] : outsideLines(wallet, sets)),
      ...warnings.map(({ key, warning }) => `WARNING: key ${String(key + 1)} ${texts[warning]}`),
      `Descriptor: ${descriptor}`,
      'Before any deposit, every holder compares the first address on his own device.',
    ],
  });
}

/** Throws where the answer would depend on a birth that nobody told: a height that is past locks nothing. */
function outsideIn(wallet: Wallet, hotKey: string, birth: number | null) {
  const recovery = recoveriesOf(wallet.condition);
  const waits = recovery?.some(({ locks }) => locks.some((lock) => 'height' in lock)) ?? true;
  if (birth === null && waits)
    throw new UsageError('a path waits for a height: name the height of the first coin by --birth');
  return outsideOf(wallet, { hotKey, birth: birth ?? 0 });
}

function factsOf(wallet: Wallet): Readonly<Record<string, unknown>> {
  const of = (branch: 0 | 1): readonly string[] =>
    comparedAddresses
      .filter(([one]) => one === branch)
      .map(([, index]) => wallet.address(branch, index));
  const recovery = recoveriesOf(wallet.condition);
  return {
    network: wallet.network,
    kind: wallet.kind,
    threshold: { needed: wallet.missing(new Set()), keys: wallet.signers.size },
    keys: wallet.keys.map(({ fingerprint, originPath, xpub }) => ({
      fingerprint,
      originPath,
      xpub,
    })),
    addresses: { receive: of(0), change: of(1) },
    recovery:
      recovery?.map(({ locks, keySets }) => ({ after: locks.map(describeLock), keySets })) ?? null,
  };
}

function outsideLines({ keys }: Wallet, sets: readonly (readonly string[])[]): readonly string[] {
  if (sets.length === 0) return ['The hot key is in every path that needs no waiting.'];
  const nameOf = (expression: string): string =>
    `key ${String(keys.findIndex((key) => key.expression === expression) + 1)}`;
  return sets.map((set) => `Spends without the signer: ${set.map(nameOf).join(' with ')}`);
}
