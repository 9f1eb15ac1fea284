import { fromHex, toHex } from '../base/bytes.ts';
import { ADDRESS_INDEX, CLAIMED_PLACES } from '../base/limits.ts';
import { assert } from '../base/assert.ts';
import type { Branch, Place, Wallet, WalletKey } from '../wallet/wallet.ts';
import { masterFingerprint } from '../wallet/wallet.ts';
import type { FieldMap } from './fields.ts';
import { littleEndian } from './fields.ts';

const HARDENED = 0x80000000;

/** What a PSBT claims of one key: never trusted, only a hint where to look (document 7, B1, D14). */
export interface DerivationClaim {
  /** Hex. */
  readonly publicKey: string;
  /** Of the master key, hex. */
  readonly fingerprint: string;
  readonly path: readonly number[];
}

/** The BIP 32 derivations of a map (fields of type `type`), or null when one is malformed. */
export function readDerivations(map: FieldMap, type: number): readonly DerivationClaim[] | null {
  const claims: DerivationClaim[] = [];
  for (const field of map) {
    if (field.type !== type) continue;
    const { keyData, value } = field;
    const isKey = keyData.length === 33 || keyData.length === 65;
    if (!isKey || value.length < 4 || value.length % 4 !== 0) return null;
    const path: number[] = [];
    for (let at = 4; at < value.length; at += 4)
      path.push([3, 2, 1, 0].reduce((step, i) => step * 256 + (value[at + i] ?? 0), 0));
    claims.push({ publicKey: toHex(keyData), fingerprint: toHex(value.slice(0, 4)), path });
  }
  return claims;
}

/** The first few distinct places on branches 0 and 1 that the last two steps of the claims name. */
export function claimedPlaces(claims: readonly DerivationClaim[]): readonly Place[] {
  const places = new Map<string, Place>();
  for (const { path } of claims) {
    if (places.size === CLAIMED_PLACES) break;
    const [branch, index] = path.slice(-2);
    if (branch === undefined || index === undefined || !isBranch(branch)) continue;
    if (index <= ADDRESS_INDEX) places.set(path.slice(-2).join('/'), { branch, index });
  }
  return [...places.values()];
}

/** True when a claim says its key descends from a key of the wallet: same master key, same origin path. */
export function claimsOurKey(claim: DerivationClaim, wallet: Wallet): boolean {
  return wallet.keys.some((key) => {
    const origin = originSteps(key);
    return (
      masterFingerprint(key, wallet.network) === claim.fingerprint &&
      claim.path.length >= origin.length &&
      origin.every((step, at) => claim.path[at] === step)
    );
  });
}

/** Derivation fields of all keys of a script of ours, in the order of their public keys, as Bitcoin Core writes. */
export function writeDerivations(wallet: Wallet, { branch, index }: Place, type: number): FieldMap {
  const fields = wallet.keys.map((key, at) => {
    const steps = [...originSteps(key), branch, index].flatMap((step) => [
      ...littleEndian(step, 4),
    ]);
    const fingerprint = fromHex(masterFingerprint(key, wallet.network));
    const value = Uint8Array.from([...fingerprint, ...steps]);
    return { type, keyData: wallet.keyAt(at, branch, index), value };
  });
  return fields.sort((a, b) => (toHex(a.keyData) < toHex(b.keyData) ? -1 : 1));
}

function originSteps({ originPath }: WalletKey): readonly number[] {
  if (originPath === null || originPath === '') return [];
  return originPath.split('/').map((step) => {
    const number = Number.parseInt(step, 10);
    assert(number < HARDENED, 'the origin was checked when the descriptor was read');
    return step.endsWith('h') ? number + HARDENED : number;
  });
}

function isBranch(step: number): step is Branch {
  return step === 0 || step === 1;
}
