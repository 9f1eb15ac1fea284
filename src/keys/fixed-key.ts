import * as ecc from 'tiny-secp256k1';
import { keyProofDigest } from '../core/approval/verify.ts';
import { assert } from '../core/base/assert.ts';
import { equalBytes, fromHex, toHex } from '../core/base/bytes.ts';
import { fixedXpub } from '../core/wallet/key-expression.ts';
import type { Network } from '../core/wallet/network.ts';
import type { HotKey } from './account-key.ts';

/**
 * Who signs a hash by a secp256k1 key that stays where it is: a hardware module, or a cloud's key service. It answers before
 * anything else happens; one that is reached over a network does so from a thread of its own, on which its caller waits.
 */
export interface DigestSigner {
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
  /** ECDSA over 32 bytes: r || s, 64 bytes, s high or low. */
  sign(hash: Uint8Array): Uint8Array;
}

/** Order of secp256k1 (SEC 2). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The same signature with the lower s: the other one is not relayed (BIP 146). Requires 64 bytes. */
export function withLowS(signature: Uint8Array): Uint8Array {
  assert(signature.length === 64, 'a signature is r and s, 32 bytes each');
  const s = BigInt(`0x${toHex(signature.subarray(32))}`);
  if (s <= ORDER / 2n || s >= ORDER) return signature;
  const low = (ORDER - s).toString(16).padStart(64, '0');
  return fromHex(toHex(signature.subarray(0, 32)) + low);
}

/** The hot key of a wallet that has one fixed key (key-expression.ts): it knows no children and no BIP 340. */
export function fixedKey(signer: DigestSigner, network: Network): HotKey {
  const { publicKey } = signer;
  const signed = (hash: Uint8Array): Uint8Array => {
    assert(hash.length === 32, 'a module signs what it is given: a hash has 32 bytes');
    const signature = withLowS(signer.sign(hash));
    assert(ecc.verify(hash, publicKey, signature, true), 'what a module signed is verified');
    return signature;
  };
  return {
    xpub: fixedXpub(publicKey, network),
    sign: ({ publicKey: asked, schnorr }, hash) => {
      assert(schnorr === null, 'a fixed key stands in no taproot wallet');
      assert(equalBytes(asked, publicKey), 'the fixed key is the one of the descriptor');
      return signed(hash);
    },
    proveKey: (org, walletDigest, firstAddress) => ({
      key: toHex(publicKey),
      signature: toHex(signed(keyProofDigest(org, walletDigest, firstAddress))),
    }),
  };
}
