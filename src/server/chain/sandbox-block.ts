import { Block, Transaction, crypto, payments, script } from 'bitcoinjs-lib';
import { concat, reversed, fromHex, utf8 } from '../../core/base/bytes.ts';
import { sha256 } from '../../core/base/digest.ts';
import { assert } from '../../core/base/assert.ts';
import { sats } from '../../core/base/sats.ts';
import { shownHash } from '../../chain/block.ts';

/** The subsidy never halves: at 50 BTC a block the sandbox would need 400,000 blocks to pass 21 million. */
const SUBSIDY_SATS = 5_000_000_000n;
/** What the faucet has from the start: ten coins of 100,000 BTC. */
const GENESIS_COINS = 10;
const GENESIS_COIN_SATS = sats(10_000_000_000_000n);
/** 2026-01-01T00:00:00Z */
const GENESIS_TIME = 1_767_225_600;
const GENESIS_TEXT = 'Countersign sandbox: these coins have no value';
/** The easiest target there is, as on regtest: one hash in two will do. */
const EASIEST_BITS = 0x207fffff;
const VERSION = 0x20000000;

/** The faucet's private key. No secret: everything on the sandbox is play money. */
export const faucetKey = sha256(utf8('countersign/sandbox/faucet'));

export interface BlockPlan {
  readonly height: number;
  /** Hash of the block before, as people write it. */
  readonly previous: string;
  readonly time: number;
  /** Makes the coinbase, and so the block, differ from every other of the same height and time. */
  readonly nonce: bigint;
  readonly feesSats: bigint;
  readonly transactions: readonly Transaction[];
  /** Where subsidy and fees go. */
  readonly payTo: Uint8Array;
}

/** The sandbox's first block. The same bytes everywhere: its hash is the network's identity. */
export function genesis(payTo: Uint8Array): Block {
  const coinbase = emptyCoinbase(concat(Uint8Array.of(GENESIS_TEXT.length), utf8(GENESIS_TEXT)));
  for (let i = 0; i < GENESIS_COINS; i++) coinbase.addOutput(payTo, GENESIS_COIN_SATS);
  return assemble({ previous: '0'.repeat(64), time: GENESIS_TIME }, [coinbase]);
}

/** A block that a node on regtest's rules would take: BIP 34 height, witness commitment, Merkle root, work. */
export function buildBlock(plan: BlockPlan): Block {
  const extra = new Uint8Array(8);
  new DataView(extra.buffer).setBigUint64(0, plan.nonce);
  const coinbase = emptyCoinbase(script.compile([script.number.encode(plan.height), extra]));
  coinbase.addOutput(plan.payTo, SUBSIDY_SATS + plan.feesSats);
  // BIP 141: the commitment covers the witness txids, the coinbase's counting as zero
  const reserved = new Uint8Array(32);
  const input = coinbase.ins[0];
  assert(input !== undefined, 'a coinbase has one input');
  input.witness = [reserved];
  const transactions = [coinbase, ...plan.transactions];
  const commitment = Block.calculateMerkleRoot(transactions, true);
  const embedded = payments.embed({
    data: [concat(Uint8Array.of(0xaa, 0x21, 0xa9, 0xed), commitment)],
  });
  assert(embedded.output !== undefined, 'an embed payment has an output');
  coinbase.addOutput(embedded.output, 0n);
  return assemble(plan, transactions);
}

function emptyCoinbase(signature: Uint8Array): Transaction {
  const coinbase = new Transaction();
  coinbase.version = 2;
  coinbase.addInput(new Uint8Array(32), 0xffffffff, 0xffffffff, signature);
  return coinbase;
}

function assemble(
  { previous, time }: { readonly previous: string; readonly time: number },
  transactions: Transaction[],
): Block {
  const block = new Block();
  block.version = VERSION;
  block.prevHash = reversed(fromHex(previous));
  block.timestamp = time;
  block.bits = EASIEST_BITS;
  block.transactions = transactions;
  block.merkleRoot = Block.calculateMerkleRoot(transactions);
  while (!block.checkProofOfWork()) block.nonce += 1;
  return block;
}

/** Hash of a transaction's own bytes without witness, as people write it. */
export function txidOf(transaction: Transaction): string {
  return shownHash(transaction.getHash());
}

/** P2WPKH of a public key: what the faucet is paid to. */
export function keyScript(publicKey: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0x00, 0x14), crypto.hash160(publicKey));
}
