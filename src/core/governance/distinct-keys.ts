import { crypto } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { concat, fromHex, toHex } from '../base/bytes.ts';
import { KEYS_COMPARED } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { parseXpub } from '../wallet/key-expression.ts';
import { networkNames } from '../wallet/network.ts';
import { outputTypeOf } from '../wallet/output-type.ts';
import { taprootScripts } from '../wallet/taproot.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { singleKeyScript } from './devices.ts';
import type { CharterBody, CharterDevice, WalletBody } from './document.ts';

/** Design 3, "Keys are distinct things": no key occurs twice among devices, kinds, members and wallets. */

/** A wallet beside which a charter stands. */
export interface KnownWallet {
  readonly id: string;
  readonly body: Pick<WalletBody, 'holders' | 'gapLimit'>;
  readonly wallet: Wallet;
}

interface Enrolled {
  readonly member: string;
  readonly device: CharterDevice;
  readonly read: DeviceKey;
}

/**
 * Whether the keys of a charter are as many things as it names, and none is one of a wallet's but where a wallet device is
 * enrolled for just that wallet by its holder, with a key that signs there. Keys are compared x-only, extended ones with their chain code; an address
 * with those of a single key that known keys have, and with those of the wallets within their gap. Of a wallet's keys the
 * extended ones are compared and the first KEYS_COMPARED of each branch: a search has to end somewhere.
 * Codes: `charter.key.reused`, `device.key.invalid`, `device.address.wallet`, `device.wallet.foreign`.
 */
export function checkDistinctKeys(
  charter: CharterBody,
  wallets: readonly KnownWallet[],
): Result<null> {
  const devices = charter.members.flatMap(({ id, devices: own }) =>
    own.map((device): Enrolled => ({ member: id, device, read: readKey(device) })),
  );
  const wrong = devices.find(({ read }) => !read.isKey);
  if (wrong !== undefined) return refuse('device.key.invalid', factsOf(wrong));
  // Of secp256k1 and of no device: recovery keys, and those by which sentinels freeze.
  const ownerless = [
    ...(charter.recovery?.keys ?? []).map(({ key }) => key),
    ...charter.sentinels.map(({ freezeKey }) => freezeKey),
  ];
  const texts = [
    charter.log.key,
    ...charter.signers.map(({ key }) => key),
    ...charter.sentinels.map(({ key }) => key),
    ...ownerless,
    ...devices.map(({ read }) => read.identity),
  ];
  const keys = [...ownerless, ...devices.flatMap(({ read }) => read.xOnly ?? [])];
  if (isTwice(texts) || isTwice(keys)) return refuse('charter.key.reused');
  const addresses = devices.filter(({ read }) => read.script !== null);
  const alone =
    addresses.length === 0
      ? []
      : [...ownerless.map(singleKeyScriptsOf), ...devices.map(({ read }) => read.alone())];
  const taken = new Set(alone.flatMap((scripts) => [...scripts]));
  const same = addresses.find(({ read }) => taken.has(read.script?.hex ?? ''));
  if (same !== undefined) return refuse('charter.key.reused', factsOf(same));
  for (const wallet of wallets) {
    const apart = checkWalletKeys(wallet, devices, ownerless);
    if (!apart.ok) return apart;
  }
  return ok(null);
}

function factsOf({ member, device }: Enrolled) {
  return { member, device: device.id };
}

function isTwice(texts: readonly string[]): boolean {
  return new Set(texts).size !== texts.length;
}

/** What the key of a device is compared by. */
interface DeviceKey {
  /** Whether it is one of its kind. */
  readonly isKey: boolean;
  /** One text for one key, whatever network's letters it is written in. */
  readonly identity: string;
  /** 32 bytes as hex; null for an address, which hides its key. */
  readonly xOnly: string | null;
  /** Of a `message` device: the output script of its address. */
  readonly script: { readonly bytes: Uint8Array; readonly hex: string } | null;
  /** The scripts that the key alone would have; made when first asked for. */
  readonly alone: () => ReadonlySet<string>;
}

/**
 * By device of a charter: its check is repeated at each signature and whenever somebody looks how it stands, and reading
 * thousands of extended keys takes seconds.
 */
const readBefore = new WeakMap<CharterDevice, DeviceKey>();

function readKey(device: CharterDevice): DeviceKey {
  const known = readBefore.get(device);
  if (known !== undefined) return known;
  const { kind, key } = device;
  const script = kind === 'message' ? singleKeyScript(key) : null;
  const extended = kind === 'psbt' ? readExtended(key) : null;
  const xOnly = kind === 'secp256k1' ? key : (extended?.slice(2, 66) ?? null);
  let alone: ReadonlySet<string> | null = null;
  const read: DeviceKey = {
    isKey: (kind !== 'message' || script !== null) && (kind !== 'psbt' || extended !== null),
    identity: (script === null ? extended : toHex(script)) ?? key,
    xOnly,
    script: script === null ? null : { bytes: script, hex: toHex(script) },
    alone: () => (alone ??= xOnly === null ? new Set() : singleKeyScriptsOf(xOnly)),
  };
  readBefore.set(device, read);
  return read;
}

/** One text for one key, however it is written: the same script has an address on each network, an extended key other letters. */
export function keyIdentity(device: CharterDevice): string {
  return readKey(device).identity;
}

/** Public key and chain code as hex, or null. */
function readExtended(xpub: string): string | null {
  for (const network of networkNames) {
    const node = parseXpub(xpub, network);
    if (node !== null) return toHex(node.publicKey) + toHex(node.chainCode);
  }
  return null;
}

function checkWalletKeys(
  { id, body, wallet }: KnownWallet,
  devices: readonly Enrolled[],
  ownerless: readonly string[],
): Result<null> {
  const known = keysOf(wallet);
  if (ownerless.some((key) => known.xOnly.has(key)))
    return refuse('charter.key.reused', { wallet: id });
  for (const one of devices) {
    const { member, device, read } = one;
    const facts = { ...factsOf(one), wallet: id };
    if (read.script !== null) {
      if (
        isOfWallet(wallet, read.script.bytes, body.gapLimit - 1) ||
        known.scripts().has(read.script.hex)
      )
        return refuse('device.address.wallet', facts);
    } else if (device.kind === 'psbt' && device.wallet === id) {
      const holds = body.holders.some((held) => held.member === member && held.key === device.key);
      // A recovery key signs no proposal, so it never shows one: a policy must not count on it.
      const signs = wallet.signers.has(wallet.keys.findIndex(({ xpub }) => xpub === device.key));
      if (!holds || !signs) return refuse('device.wallet.foreign', facts);
    } else if (known.xOnly.has(read.xOnly ?? '')) return refuse('charter.key.reused', facts);
  }
  return ok(null);
}

/** Whether an address is one of a wallet up to an index. Only scripts of one type can be the same: others are not derived. */
function isOfWallet(wallet: Wallet, bytes: Uint8Array, most: number): boolean {
  const isAlike = outputTypeOf(wallet.script(0, 0)) === outputTypeOf(bytes);
  return isAlike && wallet.find(bytes, { receive: most, change: most }) !== null;
}

/** The keys of a wallet that are compared: x-only, and the scripts that each alone would have. */
interface WalletKeys {
  readonly xOnly: ReadonlySet<string>;
  /** Made when first asked for: few organisations enrol an address. */
  readonly scripts: () => ReadonlySet<string>;
}

const remembered = new WeakMap<Wallet, WalletKeys>();

function keysOf(wallet: Wallet): WalletKeys {
  const known = remembered.get(wallet);
  if (known !== undefined) return known;
  const accounts = wallet.keys.flatMap(({ xpub }) => {
    const node = parseXpub(xpub, wallet.network);
    return node === null ? [] : [node.publicKey];
  });
  const derived = wallet.branches.flatMap((branch) =>
    Array.from({ length: KEYS_COMPARED }, (_, index) =>
      wallet.keys.map((_key, at) => wallet.keyAt(at, branch, index)),
    ).flat(),
  );
  const xOnly = new Set([...accounts, ...derived].map((key) => toHex(key.subarray(1))));
  let scripts: ReadonlySet<string> | null = null;
  const found: WalletKeys = {
    xOnly,
    scripts: () => (scripts ??= new Set([...xOnly].flatMap((key) => [...singleKeyScriptsOf(key)]))),
  };
  remembered.set(wallet, found);
  return found;
}

/**
 * The output scripts, as hex, that a key has alone: P2PKH, P2WPKH, P2WPKH in P2SH, each by either parity, and P2TR by the key
 * itself and tweaked as BIP 86 has it. `key` is x-only; none for what is not on the curve.
 */
export function singleKeyScriptsOf(key: string): ReadonlySet<string> {
  const xOnly = fromHex(key);
  if (!ecc.isXOnlyPoint(xOnly)) return new Set();
  const scripts = [2, 3].flatMap((parity) => {
    const hash = crypto.hash160(concat(Uint8Array.of(parity), xOnly));
    const witness = concat(Uint8Array.of(0x00, 0x14), hash);
    return [
      witness,
      concat(Uint8Array.of(0x76, 0xa9, 0x14), hash, Uint8Array.of(0x88, 0xac)),
      concat(Uint8Array.of(0xa9, 0x14), crypto.hash160(witness), Uint8Array.of(0x87)),
    ];
  });
  const { outputKey } = taprootScripts(xOnly, null);
  const taproot = [xOnly, outputKey].map((point) => concat(Uint8Array.of(0x51, 0x20), point));
  return new Set([...scripts, ...taproot].map(toHex));
}
