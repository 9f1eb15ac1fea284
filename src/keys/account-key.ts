import type { BIP32Interface } from 'bip32';
import { BIP32Factory } from 'bip32';
import * as ecc from 'tiny-secp256k1';
import { assert } from '../core/base/assert.ts';
import { toHex } from '../core/base/bytes.ts';
import type { InputSigner, SigningKey } from '../core/psbt/signatures.ts';
import type { Network } from '../core/wallet/network.ts';
import { networkParameters } from '../core/wallet/network.ts';
import { keyProofDigest } from '../core/approval/verify.ts';

const bip32 = BIP32Factory(ecc);

/** What the key is for: alone in wpkh (BIP 84), or one of several in wsh multisig (BIP 48, script type 2). */
export type AccountUse = 'wpkh' | 'wsh';

/** A key of a wallet at its account: everything below it is derived without hardening. */
export interface AccountKey {
  /** Extended private key of the account. Secret. */
  readonly xprv: string;
  readonly xpub: string;
  /** `[fingerprint/path]xpub`, as it stands in a descriptor. */
  readonly expression: string;
}

/** The path of the first account. Coin type 0 on mainnet, 1 elsewhere (SLIP 44). */
function accountPath(use: AccountUse, network: Network): string {
  const coin = network === 'mainnet' ? 0 : 1;
  return use === 'wpkh' ? `84'/${coin}'/0'` : `48'/${coin}'/0'/2'`;
}

/** The account key of a seed (BIP 32). Requires 16 to 64 bytes of good randomness. */
export function accountKeyOf(seed: Uint8Array, use: AccountUse, network: Network): AccountKey {
  const master = bip32.fromSeed(seed, networkParameters(network));
  const path = accountPath(use, network);
  const account = master.derivePath(path);
  const xpub = account.neutered().toBase58();
  const origin = `${toHex(master.fingerprint)}/${path.replaceAll("'", 'h')}`;
  return { xprv: account.toBase58(), xpub, expression: `[${origin}]${xpub}` };
}

/** What a signer asks of its hot key, wherever that is. */
export interface HotKey {
  /** As descriptors and documents name it. */
  readonly xpub: string;
  readonly sign: InputSigner['sign'];
  /** Proves that this key is here and that its holder derived the first address, by the key at 0/0 (core/approval/verify.ts). */
  readonly proveKey: (
    org: string,
    walletDigest: string,
    firstAddress: string,
  ) => { readonly key: string; readonly signature: string };
}

/** Signs with the keys below an account, each derived anew for its input. */
export class AccountSigner implements HotKey {
  readonly xpub: string;
  /**
   * Signs the hash by the key of the place, 64 bytes: ECDSA (RFC 6979) or BIP 340 without extra randomness, so that the
   * same hash gives the same signature.
   */
  readonly sign: HotKey['sign'];
  /** By BIP 340. */
  readonly proveKey: HotKey['proveKey'];

  /** Requires an extended private key of the network: a key file yields no other. */
  constructor(xprv: string, network: Network) {
    const account = bip32.fromBase58(xprv, networkParameters(network));
    assert(!account.isNeutered(), 'an account signs with its private key');
    this.xpub = account.neutered().toBase58();
    this.sign = (place, hash) => signBelow(account, place, hash);
    this.proveKey = (org, walletDigest, firstAddress) => {
      const key = account.derive(0).derive(0);
      const signature = key.signSchnorr(keyProofDigest(org, walletDigest, firstAddress));
      return { key: toHex(key.publicKey), signature: toHex(signature) };
    };
  }
}

function signBelow(
  account: BIP32Interface,
  { publicKey, branch, index, schnorr }: SigningKey,
  hash: Uint8Array,
): Uint8Array {
  const key = account.derive(branch).derive(index);
  assert(toHex(key.publicKey) === toHex(publicKey), 'the account key is the one of the descriptor');
  if (schnorr === null) return key.sign(hash);
  return (schnorr.tweak === null ? key : key.tweak(schnorr.tweak)).signSchnorr(hash);
}
