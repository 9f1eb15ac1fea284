import { crypto } from 'bitcoinjs-lib';
import { assert, unreachable } from '../base/assert.ts';
import { concat, fromHex, reversed } from '../base/bytes.ts';
import { sha256 } from '../base/digest.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { compactSize, littleEndian } from './fields.ts';
import type { ClaimedCoin } from './spend.ts';
import type { PlainTransaction } from './transaction.ts';
import { parseUnsigned } from './transaction.ts';

/** SIGHASH_DEFAULT, of taproot only, and SIGHASH_ALL: both cover all inputs and all outputs. No other is signed here. */
export type Sighash = 0 | 1;

/** The 32 bytes that a signature of one input covers. Requires an input that exists; DEFAULT for taproot only. */
export type SignatureHashes = (input: number, sighash: Sighash) => Uint8Array;

/** An unsigned transaction and its coins, as readSpend proved them. */
export interface ProvenSpend {
  readonly transaction: Uint8Array;
  readonly coins: readonly ClaimedCoin[];
}

/** What an input spends. */
export type SpentOutput = Pick<ClaimedCoin, 'script' | 'sats'>;

const SIGHASH_ALL = 1;

/**
 * What the inputs of a spend sign: by the hash of old, of BIP 143, or of BIP 341 and 342, as the wallet's inputs do. What
 * all inputs share is hashed once.
 */
export function signatureHashes(
  wallet: Wallet,
  { transaction, coins }: ProvenSpend,
): SignatureHashes {
  const parsed = parseUnsigned(transaction);
  assert(parsed.ok, 'the transaction was read before it is signed');
  return hashesOf(wallet, parsed.value, coins);
}

/** {@link signatureHashes} of a transaction as it was read. Cosigners of an input sign the same: it is hashed once. */
export function hashesOf(
  wallet: Wallet,
  plain: PlainTransaction,
  coins: readonly ClaimedCoin[],
): SignatureHashes {
  const hashes = hashesBySigning(wallet, plain, coins);
  const made = new Map<number, Uint8Array>();
  return (input, sighash) => {
    const name = 2 * input + sighash;
    const hash = made.get(name) ?? hashes(input, sighash);
    made.set(name, hash);
    return hash;
  };
}

function hashesBySigning(
  wallet: Wallet,
  plain: PlainTransaction,
  coins: readonly ClaimedCoin[],
): SignatureHashes {
  assert(plain.inputs.length === coins.length, 'every input has its coin');
  switch (wallet.signing) {
    case 'legacy':
      return legacyHashes(plain, coins);
    case 'segwit':
      return segwitHashes(plain, coins, (input) => scriptCode(wallet, coinAt(coins, input)));
    case 'taproot-key':
      return taprootHashes(plain, coins, () => null);
    case 'taproot-leaf':
      return taprootHashes(plain, coins, (input) => {
        const { branch, index } = coinAt(coins, input);
        const leaf = wallet.scripts(branch, index).taproot?.leaf?.hash;
        assert(leaf !== undefined, 'a wallet that signs by a leaf has one');
        return leaf;
      });
    default:
      return unreachable(wallet.signing);
  }
}

function coinAt<C>(coins: readonly C[], input: number): C {
  const coin = coins[input];
  assert(coin !== undefined, 'the input exists');
  return coin;
}

/** The whole transaction with the output script in the place of the scriptSig: of P2PKH, whose inputs are single. */
function legacyHashes(plain: PlainTransaction, coins: readonly SpentOutput[]): SignatureHashes {
  const { before, sequences, after } = legacyParts(plain);
  return (input, sighash) => {
    assert(sighash === SIGHASH_ALL, 'DEFAULT is of taproot');
    const { script } = coinAt(coins, input);
    const inputs = before.map((outpoint, at) =>
      concat(
        outpoint,
        at === input ? concat(compactSize(script.length), script) : Uint8Array.of(0),
        coinAt(sequences, at),
      ),
    );
    const head = concat(littleEndian(plain.version, 4), compactSize(inputs.length));
    return crypto.hash256(concat(head, ...inputs, after));
  };
}

function legacyParts(plain: PlainTransaction) {
  return {
    before: plain.inputs.map(outpointBytes),
    sequences: plain.inputs.map(({ sequence }) => littleEndian(sequence, 4)),
    after: concat(
      compactSize(plain.outputs.length),
      ...plain.outputs.map(outputBytes),
      littleEndian(plain.lockTime, 4),
      littleEndian(SIGHASH_ALL, 4),
    ),
  };
}

/** BIP 143, for outputs that `codeOf` gives the script code of. */
export function segwitHashes(
  plain: PlainTransaction,
  coins: readonly SpentOutput[],
  codeOf: (input: number) => Uint8Array,
): SignatureHashes {
  const outpoints = plain.inputs.map(outpointBytes);
  const sequences = plain.inputs.map(({ sequence }) => littleEndian(sequence, 4));
  const head = concat(
    littleEndian(plain.version, 4),
    crypto.hash256(concat(...outpoints)),
    crypto.hash256(concat(...sequences)),
  );
  const tail = concat(
    crypto.hash256(concat(...plain.outputs.map(outputBytes))),
    littleEndian(plain.lockTime, 4),
    littleEndian(SIGHASH_ALL, 4),
  );
  return (input, sighash) => {
    assert(sighash === SIGHASH_ALL, 'DEFAULT is of taproot');
    const code = codeOf(input);
    return crypto.hash256(
      concat(
        head,
        coinAt(outpoints, input),
        compactSize(code.length),
        code,
        littleEndian(coinAt(coins, input).sats, 8),
        coinAt(sequences, input),
        tail,
      ),
    );
  };
}

const KEY_VERSION = 0;
const NO_CODE_SEPARATOR = 0xffffffff;

/**
 * BIP 341, without annex; with the leaf's hash that `leafOf` gives as BIP 342 has it, by the key path where that is null.
 * Covers the amounts and scripts of all inputs.
 */
export function taprootHashes(
  plain: PlainTransaction,
  coins: readonly SpentOutput[],
  leafOf: (input: number) => Uint8Array | null,
): SignatureHashes {
  const shared = concat(
    littleEndian(plain.version, 4),
    littleEndian(plain.lockTime, 4),
    sha256(concat(...plain.inputs.map(outpointBytes))),
    sha256(concat(...coins.map(({ sats }) => littleEndian(sats, 8)))),
    sha256(concat(...coins.map(({ script }) => concat(compactSize(script.length), script)))),
    sha256(concat(...plain.inputs.map(({ sequence }) => littleEndian(sequence, 4)))),
    sha256(concat(...plain.outputs.map(outputBytes))),
  );
  return (input, sighash) => {
    const leaf = leafOf(input);
    const path =
      leaf === null
        ? new Uint8Array(0)
        : concat(leaf, Uint8Array.of(KEY_VERSION), littleEndian(NO_CODE_SEPARATOR, 4));
    const epoch = 0;
    const spendType = leaf === null ? 0 : 2;
    return crypto.taggedHash(
      'TapSighash',
      concat(
        Uint8Array.of(epoch, sighash),
        shared,
        Uint8Array.of(spendType),
        littleEndian(input, 4),
        path,
      ),
    );
  };
}

/** BIP 143: the witness script, or for P2WPKH the P2PKH script of the key. */
function scriptCode(wallet: Wallet, { branch, index }: ClaimedCoin): Uint8Array {
  return wallet.scripts(branch, index).witnessScript ?? p2pkhScript(wallet.keyAt(0, branch, index));
}

/** `OP_DUP OP_HASH160 <hash of the key> OP_EQUALVERIFY OP_CHECKSIG`. */
export function p2pkhScript(publicKey: Uint8Array): Uint8Array {
  const keyHash = crypto.hash160(publicKey);
  return concat(Uint8Array.of(0x76, 0xa9, 0x14), keyHash, Uint8Array.of(0x88, 0xac));
}

function outpointBytes({ txid, vout }: PlainTransaction['inputs'][number]): Uint8Array {
  return concat(reversed(fromHex(txid)), littleEndian(vout, 4));
}

function outputBytes({ script, value }: PlainTransaction['outputs'][number]): Uint8Array {
  return concat(littleEndian(value, 8), compactSize(script.length), script);
}
