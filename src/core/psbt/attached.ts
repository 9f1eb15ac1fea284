import { crypto } from 'bitcoinjs-lib';
import { concat, equalBytes, toHex } from '../base/bytes.ts';
import { sha256 } from '../base/digest.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { InputScripts, TaprootScripts, Wallet } from '../wallet/wallet.ts';
import type { Field, FieldMap } from './fields.ts';
import { compactSize, inputType, littleEndian, single } from './fields.ts';
import type { ClaimedCoin } from './spend.ts';

/**
 * What is attached to inputs must say what we derive: witness UTXO, redeem and witness script, internal key, leaves and
 * Merkle root (document 7, A1, D8, D9, D11, D12). Refuses with `psbt.input.amount`, `psbt.input.utxo.witness`,
 * `psbt.input.script`, `psbt.taproot.key`, `psbt.taproot.leaf`.
 */
export function checkAttached(
  wallet: Wallet,
  inputs: readonly FieldMap[],
  coins: readonly ClaimedCoin[],
): Result<null> {
  for (const [input, coin] of coins.entries()) {
    const map = inputs[input] ?? [];
    const utxo = checkUtxo(wallet, map, coin, input);
    if (!utxo.ok) return utxo;
    const scripts = wallet.scripts(coin.branch, coin.index);
    for (const field of map) {
      const code = contradiction(field, scripts);
      if (code !== null) return refuse(code, { input });
    }
  }
  return ok(null);
}

/**
 * What an input says against itself, whosever it is: a witness UTXO where there is no witness, a redeem or witness script
 * that the spent output does not commit to. The checks of a signer in BIP 174, without a wallet.
 */
export function selfContradiction(
  map: FieldMap,
  spent: Uint8Array,
): 'psbt.input.utxo.witness' | 'psbt.input.script' | null {
  const redeem = single(map, inputType.redeemScript);
  if (redeem !== null && !equalBytes(p2sh(redeem), spent)) return 'psbt.input.script';
  const program = redeem ?? spent;
  const isOpen = redeem === null && spent[0] === OP_HASH160;
  const hasUtxo = single(map, inputType.witnessUtxo) !== null;
  if (hasUtxo && !isOpen && !isWitnessProgram(program)) return 'psbt.input.utxo.witness';
  const witness = single(map, inputType.witnessScript);
  if (witness === null || isOpen || equalBytes(p2wsh(witness), program)) return null;
  return 'psbt.input.script';
}

const OP_HASH160 = 0xa9;

function p2sh(script: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(OP_HASH160, 20), crypto.hash160(script), Uint8Array.of(0x87));
}

function p2wsh(script: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0, 32), sha256(script));
}

/** BIP 141: OP_0 or OP_1 to OP_16, then one push of 2 to 40 bytes. */
function isWitnessProgram(script: Uint8Array): boolean {
  const [version = 0xff, push = 0] = script;
  const isVersion = version === 0 || (version >= 0x51 && version <= 0x60);
  return isVersion && push >= 2 && push <= 40 && script.length === push + 2;
}

function checkUtxo(wallet: Wallet, map: FieldMap, coin: ClaimedCoin, input: number): Result<null> {
  const utxo = single(map, inputType.witnessUtxo);
  if (utxo === null) return ok(null);
  if (wallet.signing === 'legacy') return refuse('psbt.input.utxo.witness', { input });
  const { script, sats } = coin;
  const expected = concat(littleEndian(sats, 8), compactSize(script.length), script);
  return equalBytes(utxo, expected)
    ? ok(null)
    : refuse('psbt.input.amount', { input, actual: Number(sats) });
}

function contradiction(
  { type, keyData, value }: Field,
  { redeemScript, witnessScript, taproot }: InputScripts,
): 'psbt.input.script' | 'psbt.taproot.key' | 'psbt.taproot.leaf' | null {
  const unless = <C>(code: C, ours: Uint8Array | null | undefined): C | null =>
    ours instanceof Uint8Array && equalBytes(ours, value) ? null : code;
  switch (type) {
    case inputType.redeemScript:
      return unless('psbt.input.script', redeemScript);
    case inputType.witnessScript:
      return unless('psbt.input.script', witnessScript);
    case inputType.taprootInternalKey:
      return unless('psbt.taproot.key', taproot?.internalKey);
    case inputType.taprootRoot:
      return unless('psbt.taproot.leaf', taproot?.merkleRoot);
    case inputType.taprootLeaf:
      return isOurLeaf(taproot, keyData, value) ? null : 'psbt.taproot.leaf';
    case inputType.taprootLeafSignature:
      return hasLeaf(taproot, keyData.subarray(32)) ? null : 'psbt.taproot.leaf';
    default:
      return null;
  }
}

/** The script of a leaf is followed by its version; the key of the field is the control block, parity included. */
function isOurLeaf(
  taproot: TaprootScripts | null,
  controlBlock: Uint8Array,
  value: Uint8Array,
): boolean {
  return (taproot?.leaves ?? []).some(
    (leaf) =>
      equalBytes(leaf.controlBlock, controlBlock) &&
      equalBytes(concat(leaf.script, Uint8Array.of(leaf.version)), value),
  );
}

function hasLeaf(taproot: TaprootScripts | null, hash: Uint8Array): boolean {
  return (taproot?.leaves ?? []).some((leaf) => toHex(leaf.hash) === toHex(hash));
}
