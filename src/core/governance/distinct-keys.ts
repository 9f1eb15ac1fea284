import { crypto } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { concat, fromHex, toHex } from '../base/bytes.ts';
import { KEYS_COMPARED } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { parseXpub } from '../wallet/key-expression.ts';
import { networkNames } from '../wallet/network.ts';
import { taprootScripts } from '../wallet/taproot.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { keyIndexOfXpub } from '../wallet/wallet.ts';
import { keyIdentity, singleKeyScript } from './devices.ts';
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
}

/**
 * Whether the keys of a charter are as many things as it names, and none is one of a wallet's but where a wallet device is
 * enrolled for just that wallet by its holder. Keys are compared x-only, extended ones with their chain code; an address
 * with those of a single key that known keys have, and with those of the wallets within their gap. Of a wallet's keys the
 * extended ones are compared and the first KEYS_COMPARED of each branch: a search has to end somewhere.
 * Codes: `charter.key.reused`, `device.key.invalid`, `device.address.wallet`, `device.wallet.foreign`.
 */
export function checkDistinctKeys(
  charter: CharterBody,
  wallets: readonly KnownWallet[],
): Result<null> {
  const devices = charter.members.flatMap(({ id, devices: own }) =>
    own.map((device): Enrolled => ({ member: id, device })),
  );
  const wrong = devices.find(({ device }) => !isKey(device));
  if (wrong !== undefined) return refuse('device.key.invalid', factsOf(wrong));
  const recovery = (charter.recovery?.keys ?? []).map(({ key }) => key);
  const texts = [
    charter.log.key,
    ...charter.signers.map(({ key }) => key),
    ...recovery,
    ...devices.map(({ device }) => keyIdentity(device)),
  ];
  if (new Set(texts).size !== texts.length) return refuse('charter.key.reused');
  const extended = devices.flatMap(({ device }) => extendedOf(device) ?? []);
  const keys = [...recovery, ...devices.flatMap(({ device }) => xOnlyOf(device) ?? [])];
  if (isTwice(extended.map(({ identity }) => identity)) || isTwice(keys))
    return refuse('charter.key.reused');
  const taken = new Set(keys.flatMap((key) => [...singleKeyScriptsOf(key)]));
  for (const one of devices)
    if (one.device.kind === 'message' && taken.has(keyIdentity(one.device)))
      return refuse('charter.key.reused', factsOf(one));
  for (const wallet of wallets) {
    const apart = checkWalletKeys(wallet, devices, recovery);
    if (!apart.ok) return apart;
  }
  return ok(null);
}

/** Whether the key of a device is one of its kind. */
function isKey(device: CharterDevice): boolean {
  switch (device.kind) {
    case 'message':
      return singleKeyScript(device.key) !== null;
    case 'psbt':
      return extendedOf(device) !== null;
    case 'secp256k1':
    case 'webauthn':
      return true;
  }
}

function factsOf({ member, device }: Enrolled) {
  return { member, device: device.id };
}

function isTwice(texts: readonly string[]): boolean {
  return new Set(texts).size !== texts.length;
}

/** The extended key of a wallet device, whatever network's letters it is written in: of its public key and chain code. */
function extendedOf(
  device: CharterDevice,
): { readonly identity: string; readonly xOnly: string } | null {
  if (device.kind !== 'psbt') return null;
  for (const network of networkNames) {
    const node = parseXpub(device.key, network);
    if (node === null) continue;
    const key = toHex(node.publicKey);
    return { identity: key + toHex(node.chainCode), xOnly: key.slice(2) };
  }
  return null;
}

/** 32 bytes as hex; null for an address, which hides its key. */
function xOnlyOf(device: CharterDevice): string | null {
  return device.kind === 'secp256k1' ? device.key : (extendedOf(device)?.xOnly ?? null);
}

function checkWalletKeys(
  { id, body, wallet }: KnownWallet,
  devices: readonly Enrolled[],
  recovery: readonly string[],
): Result<null> {
  const known = keysOf(wallet);
  if (recovery.some((key) => known.xOnly.has(key)))
    return refuse('charter.key.reused', { wallet: id });
  for (const one of devices) {
    const { member, device } = one;
    const facts = { ...factsOf(one), wallet: id };
    if (device.kind === 'message') {
      const script = singleKeyScript(device.key);
      const most = body.gapLimit - 1;
      const isDerived =
        script !== null && wallet.find(script, { receive: most, change: most }) !== null;
      if (isDerived || known.scripts().has(keyIdentity(device)))
        return refuse('device.address.wallet', facts);
    } else if (device.kind === 'psbt' && device.wallet === id) {
      const holds = body.holders.some((held) => held.member === member && held.key === device.key);
      if (!holds) return refuse('device.wallet.foreign', facts);
    } else {
      const isOne = device.kind === 'psbt' && keyIndexOfXpub(wallet, device.key) !== null;
      if (isOne || known.xOnly.has(xOnlyOf(device) ?? ''))
        return refuse('charter.key.reused', facts);
    }
  }
  return ok(null);
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
