import { crypto } from 'bitcoinjs-lib';
import { concat, equalBytes, fromHex, toHex } from '../base/bytes.ts';
import { ADDRESS_INDEX, CLAIMED_PLACES } from '../base/limits.ts';
import { assert } from '../base/assert.ts';
import type { Branch, Place, Wallet, WalletKey } from '../wallet/wallet.ts';
import { masterFingerprint } from '../wallet/wallet.ts';
import type { FieldMap } from './fields.ts';
import { compactSize, littleEndian, readNumber, readSize } from './fields.ts';

const HARDENED = 0x80000000;

/** What a PSBT claims of one key: never trusted, only a hint where to look (document 7, B1, D14). */
export interface DerivationClaim {
  /** Of the master key, hex. */
  readonly fingerprint: string;
  readonly path: readonly number[];
}

/** The BIP 32 derivations of a map (fields of type `type`), or null when one is malformed. */
export function readDerivations(map: FieldMap, type: number): readonly DerivationClaim[] | null {
  return readClaims(map, type, [33, 65], (value) => value);
}

/** Those of taproot (BIP 371): x-only keys, and the leaves that they stand in before fingerprint and path. */
export function readTaprootDerivations(
  map: FieldMap,
  type: number,
): readonly DerivationClaim[] | null {
  return readClaims(map, type, [32], (value) => {
    const leaves = readSize(value, 0);
    return leaves === null ? null : value.subarray(leaves.end + 32 * leaves.value);
  });
}

function readClaims(
  map: FieldMap,
  type: number,
  keyLengths: readonly number[],
  originOf: (value: Uint8Array) => Uint8Array | null,
): readonly DerivationClaim[] | null {
  const claims: DerivationClaim[] = [];
  for (const field of map) {
    if (field.type !== type) continue;
    const { keyData, value } = field;
    const origin = originOf(value);
    if (!keyLengths.includes(keyData.length) || origin === null) return null;
    if (origin.length < 4 || origin.length % 4 !== 0) return null;
    const path: number[] = [];
    for (let at = 4; at < origin.length; at += 4)
      path.push(readNumber(origin.subarray(at, at + 4)));
    claims.push({ fingerprint: toHex(origin.subarray(0, 4)), path });
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

/** Derivation fields of all keys of a script of ours. */
export function writeDerivations(wallet: Wallet, { branch, index }: Place, type: number): FieldMap {
  return wallet.keys.map((key, at) => ({
    type,
    keyData: wallet.keyAt(at, branch, index),
    value: originOf(wallet, key, { branch, index }),
  }));
}

/**
 * Those of taproot: of each key the leaves that it stands in. An internal key that is none of the wallet names itself, as
 * Bitcoin Core writes it.
 */
export function writeTaprootDerivations(wallet: Wallet, place: Place, type: number): FieldMap {
  const { branch, index } = place;
  const { taproot } = wallet.scripts(branch, index);
  assert(taproot !== null, 'a taproot wallet has taproot scripts');
  const { internalKey, leaves } = taproot;
  const fields = wallet.keys.map((key, at) => {
    const keyData = wallet.keyAt(at, branch, index).slice(1);
    const within = leaves.filter(({ script }) => holdsKey(script, keyData));
    const hashes = within.map(({ hash }) => hash);
    const value = concat(compactSize(hashes.length), ...hashes, originOf(wallet, key, place));
    return { type, keyData, value };
  });
  if (fields.some(({ keyData }) => equalBytes(keyData, internalKey))) return fields;
  const ownFingerprint = crypto.hash160(concat(Uint8Array.of(2), internalKey)).slice(0, 4);
  return [...fields, { type, keyData: internalKey, value: concat(compactSize(0), ownFingerprint) }];
}

/** Whether a script pushes a key, or its hash. */
function holdsKey(script: Uint8Array, key: Uint8Array): boolean {
  const text = toHex(script);
  return text.includes(toHex(key)) || text.includes(toHex(crypto.hash160(key)));
}

function originOf(wallet: Wallet, key: WalletKey, { branch, index }: Place): Uint8Array {
  const below = key.isFixed ? [] : [branch, index];
  const steps = [...originSteps(key), ...below].map((step) => littleEndian(step, 4));
  return concat(fromHex(masterFingerprint(key, wallet.network)), ...steps);
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
