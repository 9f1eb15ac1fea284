/** One script of a taproot output (BIP 341). */
export interface TaprootLeaf {
  readonly script: Uint8Array;
  readonly version: 0xc0;
  /** Version and parity, internal key, path to the root. */
  readonly controlBlock: Uint8Array;
  /** Its TapLeaf hash, 32 bytes. */
  readonly hash: Uint8Array;
}

export interface TaprootScripts {
  /** x-only, untweaked: of a key of the wallet, or the point that nobody can sign by. */
  readonly internalKey: Uint8Array;
  /** Null without leaves. */
  readonly merkleRoot: Uint8Array | null;
  /** x-only, as it stands in the output script. */
  readonly outputKey: Uint8Array;
  /** The leaf that we sign by; null for the key path. */
  readonly leaf: TaprootLeaf | null;
  /** In the order of the descriptor. */
  readonly leaves: readonly TaprootLeaf[];
}

/** What stands behind an output script. */
export interface InputScripts {
  /** Of P2SH. */
  readonly redeemScript: Uint8Array | null;
  /** Of P2WSH, bare or within P2SH. */
  readonly witnessScript: Uint8Array | null;
  readonly taproot: TaprootScripts | null;
}

/** What an input carries when it is final (BIP 141). */
export interface Satisfaction {
  readonly scriptSig: Uint8Array;
  readonly witness: readonly Uint8Array[];
}
