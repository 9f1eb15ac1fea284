import * as ecc from 'tiny-secp256k1';

/** The outputs that may be paid. Others are unspendable, spendable by anyone, or of unknown meaning. */
export type OutputType = 'p2pkh' | 'p2sh' | 'p2wpkh' | 'p2wsh' | 'p2tr';

const OP_DUP_HASH160_PUSH20 = [0x76, 0xa9, 0x14];
const OP_EQUALVERIFY_CHECKSIG = [0x88, 0xac];

/**
 * The type of an output script, or null when it is none of the five (unknown witness versions, bare multisig,
 * P2PK, OP_RETURN, anchors). A P2TR key must lie on the curve: an output to any other is lost (BIP 341).
 */
export function outputTypeOf(script: Uint8Array): OutputType | null {
  const starts = (...bytes: number[]): boolean => bytes.every((byte, at) => script[at] === byte);
  const ends = (at: number, ...bytes: number[]): boolean =>
    bytes.every((byte, i) => script[at + i] === byte);
  switch (script.length) {
    case 22:
      return starts(0x00, 0x14) ? 'p2wpkh' : null;
    case 23:
      return starts(0xa9, 0x14) && ends(22, 0x87) ? 'p2sh' : null;
    case 25:
      return starts(...OP_DUP_HASH160_PUSH20) && ends(23, ...OP_EQUALVERIFY_CHECKSIG)
        ? 'p2pkh'
        : null;
    case 34:
      if (starts(0x00, 0x20)) return 'p2wsh';
      return starts(0x51, 0x20) && ecc.isXOnlyPoint(script.slice(2)) ? 'p2tr' : null;
    default:
      return null;
  }
}

/** Least satoshi of an output that nodes relay: Bitcoin Core's dust at 3 sat/vB (GetDustThreshold). */
export const dustSats: Readonly<Record<OutputType, bigint>> = {
  p2pkh: 546n,
  p2sh: 540n,
  p2wpkh: 294n,
  p2wsh: 330n,
  p2tr: 330n,
};
