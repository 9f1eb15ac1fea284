import { Transaction, script as bitcoinScript } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { assert } from '../../core/base/assert.ts';
import { concat } from '../../core/base/bytes.ts';
import type { Sats } from '../../core/base/sats.ts';
import { faucetKey, keyScript } from './sandbox-block.ts';
import type { SandboxStore, StoredCoin } from './sandbox.store.ts';
import { outpointsOf } from './sandbox-rules.ts';

/** Covers every faucet transaction at more than 1 sat a virtual byte, whatever it gathers (below). */
const FEE_SATS_AN_INPUT = 500n;
/** Coins that one payment of the faucet gathers at most. */
const COINS = 100;

/** Owns what the sandbox mines and gives it away. */
export class Faucet {
  readonly #publicKey: Uint8Array;
  /** P2WPKH: where the sandbox's subsidies go. */
  readonly script: Uint8Array;

  constructor() {
    const publicKey = ecc.pointFromScalar(faucetKey, true);
    assert(publicKey !== null, 'the faucet has a valid key');
    this.#publicKey = publicKey;
    this.script = keyScript(publicKey);
  }

  /** A signed payment, output 0 the one asked for, output 1 the change. Replaceable (BIP 125). */
  async pay(store: SandboxStore, to: Uint8Array, amount: Sats): Promise<Uint8Array> {
    const coins = gather(await store.coinsOf(this.script, COINS), amount);
    const transaction = new Transaction();
    transaction.version = 2;
    for (const coin of coins)
      transaction.addInput(Buffer.from(coin.txid, 'hex').reverse(), coin.vout, 0xfffffffd);
    transaction.addOutput(to, amount);
    const held = coins.reduce((sum, coin) => sum + coin.sats, 0n);
    transaction.addOutput(this.script, held - amount - feeOf(coins.length));
    assert(outpointsOf(transaction).length === coins.length, 'each coin is one input');
    for (const [index, coin] of coins.entries()) this.#sign(transaction, index, coin);
    return transaction.toBuffer();
  }

  #sign(transaction: Transaction, index: number, coin: StoredCoin): void {
    // BIP 143: the script code of P2WPKH is the P2PKH script of the same hash
    const code = concat(
      Uint8Array.of(0x76, 0xa9, 0x14),
      coin.script.subarray(2),
      Uint8Array.of(0x88, 0xac),
    );
    const digest = transaction.hashForWitnessV0(index, code, coin.sats, Transaction.SIGHASH_ALL);
    const signature = bitcoinScript.signature.encode(
      ecc.sign(digest, faucetKey),
      Transaction.SIGHASH_ALL,
    );
    transaction.setWitness(index, [signature, this.#publicKey]);
  }
}

function feeOf(inputs: number): bigint {
  return FEE_SATS_AN_INPUT * BigInt(inputs);
}

/** Largest first until amount, fee and a change above dust are covered. */
function gather(coins: readonly StoredCoin[], amount: bigint): readonly StoredCoin[] {
  let held = 0n;
  for (const [index, coin] of coins.entries()) {
    held += coin.sats;
    if (held >= amount + feeOf(index + 1) + 1_000n) return coins.slice(0, index + 1);
  }
  throw new Error('the faucet of the sandbox is empty');
}
