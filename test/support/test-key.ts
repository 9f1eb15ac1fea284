import { Transaction, script as bitcoinScript } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { concat, fromHex, reversed, utf8 } from '../../src/core/base/bytes.ts';
import { sha256 } from '../../src/core/base/digest.ts';
import type { Sats } from '../../src/core/base/sats.ts';
import { keyScript } from '../../src/server/chain/sandbox-block.ts';

export interface TestCoin {
  readonly txid: string;
  readonly vout: number;
  readonly sats: Sats;
}

export interface TestOutput {
  readonly script: Uint8Array;
  readonly sats: Sats;
}

export interface Timing {
  readonly sequence?: number;
  readonly lockTime?: number;
}

export interface Payment extends Timing {
  readonly coins: readonly TestCoin[];
  readonly to: Uint8Array;
  readonly sats: Sats;
}

/** A single key with a P2WPKH script, derived from a name so that runs repeat. */
export class TestKey {
  readonly #secret: Uint8Array;
  readonly #publicKey: Uint8Array;
  readonly script: Uint8Array;

  constructor(name: string) {
    this.#secret = sha256(utf8(`countersign test key ${name}`));
    const point = ecc.pointFromScalar(this.#secret, true);
    if (point === null) throw new Error('no such key');
    this.#publicKey = point;
    this.script = keyScript(point);
  }

  /** A signed payment that leaves what is not paid to the fee. */
  pay({ coins, to, sats, ...timing }: Payment): Uint8Array {
    const inputs = coins.map((coin) => ({ coin, key: this }));
    return spend(inputs, [{ script: to, sats }], timing);
  }

  sign(transaction: Transaction, index: number, amount: Sats): void {
    const code = concat(
      Uint8Array.of(0x76, 0xa9, 0x14),
      this.script.subarray(2),
      Uint8Array.of(0x88, 0xac),
    );
    const digest = transaction.hashForWitnessV0(index, code, amount, Transaction.SIGHASH_ALL);
    const signature = bitcoinScript.signature.encode(
      ecc.sign(digest, this.#secret),
      Transaction.SIGHASH_ALL,
    );
    transaction.setWitness(index, [signature, this.#publicKey]);
  }
}

/** A signed transaction over coins of several keys. */
export function spend(
  inputs: readonly { readonly coin: TestCoin; readonly key: TestKey }[],
  outputs: readonly TestOutput[],
  { sequence = 0xfffffffd, lockTime = 0 }: Timing = {},
): Uint8Array {
  const transaction = new Transaction();
  transaction.version = 2;
  transaction.locktime = lockTime;
  for (const { coin } of inputs)
    transaction.addInput(reversed(fromHex(coin.txid)), coin.vout, sequence);
  for (const { script, sats } of outputs) transaction.addOutput(script, sats);
  for (const [index, { coin, key }] of inputs.entries()) key.sign(transaction, index, coin.sats);
  return transaction.toBuffer();
}

export function txidOf(raw: Uint8Array): string {
  return Transaction.fromBuffer(raw).getId();
}
