import { Transaction } from 'bitcoinjs-lib';
import { z } from 'zod';
import { fromHex, toHex } from '../core/base/bytes.ts';
import { assert } from '../core/base/assert.ts';
import { SPENDERS_ASKED } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import type { Network } from '../core/wallet/network.ts';
import { readBlock } from './block.ts';
import { ChainFault } from './chain-fault.ts';
import type { BlockView, ChainTip, ChainTransaction, ChainView, Known } from './chain-view.ts';
import { boundedRate } from './fee-rate.ts';
import { rejected, rejectionOf } from './rejection.ts';
import type { RpcOptions } from './rpc.ts';
import { RpcClient } from './rpc.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const hexBytes = z.string().regex(/^(?:[0-9a-f]{2})+$/);
const height = z.int().min(0);
const chainInfo = z.object({
  chain: z.string(),
  blocks: height,
  headers: height,
  bestblockhash: hash,
  time: height,
  initialblockdownload: z.boolean().optional(),
});
const networkInfo = z.object({ connections: height });
const header = z.object({ height });
const acceptance = z.tuple([
  z.object({ allowed: z.boolean().optional(), 'reject-reason': z.string().optional() }),
]);
const estimate = z.object({ feerate: z.number().positive().optional() });
const spending = z.array(z.object({ txid: hash, vout: z.int(), spendingtxid: hash.optional() }));
const submitted = z.object({
  package_msg: z.string(),
  'tx-results': z.record(z.string(), z.object({ error: z.string().optional() })),
});
const confirmed = z.object({ hex: hexBytes, confirmations: z.int().optional() });

/** Error codes of Bitcoin Core, src/rpc/protocol.h. */
const RPC_MISC_ERROR = -1;
const RPC_INVALID_ADDRESS_OR_KEY = -5;
const RPC_INVALID_PARAMETER = -8;
const RPC_DESERIALIZATION_ERROR = -22;
const RPC_VERIFY_ERROR = -25;
const RPC_VERIFY_REJECTED = -26;
const RPC_VERIFY_ALREADY_IN_UTXO_SET = -27;
const verdicts: readonly number[] = [
  RPC_DESERIALIZATION_ERROR,
  RPC_VERIFY_ERROR,
  RPC_VERIFY_REJECTED,
  RPC_VERIFY_ALREADY_IN_UTXO_SET,
];

export interface BitcoindOptions extends RpcOptions {
  readonly network: Network;
}

/**
 * The chain by JSON-RPC of Bitcoin Core 24 or later, or of Knots. The node needs no wallet and no transaction
 * index; pruned is enough when it keeps the blocks since the birth of the wallets.
 */
export class Bitcoind implements ChainView {
  readonly name = 'bitcoind';
  readonly network: Network;
  readonly spendersALook = 10 * SPENDERS_ASKED;
  readonly #rpc: RpcClient;

  constructor(options: BitcoindOptions) {
    this.network = options.network;
    this.#rpc = new RpcClient(options);
  }

  async identity(): Promise<{ readonly chain: string; readonly genesisBlock: string }> {
    const { chain } = await this.#ask('getblockchaininfo', [], chainInfo);
    return { chain, genesisBlock: await this.#ask('getblockhash', [0], hash) };
  }

  async tip(): Promise<ChainTip> {
    const info = await this.#ask('getblockchaininfo', [], chainInfo);
    return {
      height: info.blocks,
      hash: info.bestblockhash,
      time: info.time,
      behind: Math.max(0, info.headers - info.blocks),
      initial: info.initialblockdownload ?? false,
    };
  }

  async peers(): Promise<number | null> {
    return (await this.#ask('getnetworkinfo', [], networkInfo)).connections;
  }

  async blockHash(at: number): Promise<string | null> {
    const answer = await this.#rpc.call('getblockhash', [at]);
    if (!answer.ok && answer.error.code === RPC_INVALID_PARAMETER) return null;
    return this.#read('getblockhash', answer, hash);
  }

  async block(id: string): Promise<BlockView> {
    // only the height is taken from the node's words; a wrong one would break the follower's chain of hashes
    const found = await this.#rpc.call('getblockheader', [id]);
    if (!found.ok) throw this.#missing(id, found.error);
    const answer = await this.#rpc.call('getblock', [id, 0]);
    if (!answer.ok) throw this.#missing(id, answer.error);
    const raw = fromHex(this.#read('getblock', answer, hexBytes));
    return readBlock(raw, id, this.#read('getblockheader', found, header).height);
  }

  async transaction(txid: string): Promise<ChainTransaction | null> {
    const answer = await this.#rpc.call('getrawtransaction', [txid, 1]);
    if (!answer.ok && answer.error.code === RPC_INVALID_ADDRESS_OR_KEY) return null;
    const found = this.#read('getrawtransaction', answer, confirmed);
    return { raw: fromHex(found.hex), confirmations: Math.max(0, found.confirmations ?? 0) };
  }

  async testMempool(raw: Uint8Array): Promise<Result<null>> {
    const answer = await this.#rpc.call('testmempoolaccept', [[toHex(raw)]]);
    if (!answer.ok && verdicts.includes(answer.error.code)) return rejected(answer.error.message);
    const [verdict] = this.#read('testmempoolaccept', answer, acceptance);
    if (verdict.allowed === true) return ok(null);
    const reason = verdict['reject-reason'] ?? 'no reason given';
    return rejectionOf(reason).startsWith('known-') ? ok(null) : rejected(reason);
  }

  async broadcast(raw: Uint8Array): Promise<Result<{ readonly known: Known }>> {
    const txid = txidOf(raw);
    if (txid === undefined) return rejected('TX decode failed.');
    // sendrawtransaction succeeds for what the mempool holds already, so ask first
    const waiting = await this.#rpc.call('getmempoolentry', [txid]);
    const answer = await this.#rpc.call('sendrawtransaction', [toHex(raw)]);
    if (answer.ok) return ok({ known: waiting.ok ? 'mempool' : 'new' });
    const { code, message } = answer.error;
    if (!verdicts.includes(code)) throw unexpected('sendrawtransaction', answer.error);
    const mapped = rejectionOf(message);
    if (code === RPC_VERIFY_ALREADY_IN_UTXO_SET || mapped === 'known-confirmed')
      return ok({ known: 'confirmed' });
    if (mapped === 'known-mempool') return ok({ known: 'mempool' });
    // in a block already, and its outputs spent again: the inputs are missing to a node that knows no more
    if (mapped === 'inputs-missing') {
      const found = await this.transaction(txid);
      if (found !== null && found.confirmations > 0) return ok({ known: 'confirmed' });
    }
    return rejected(message);
  }

  async broadcastPackage(parent: Uint8Array, child: Uint8Array): Promise<Result<null>> {
    const answer = await this.#rpc.call('submitpackage', [[toHex(parent), toHex(child)]]);
    if (!answer.ok && verdicts.includes(answer.error.code)) return rejected(answer.error.message);
    const { package_msg: message, 'tx-results': results } = this.#read(
      'submitpackage',
      answer,
      submitted,
    );
    if (message === 'success') return ok(null);
    const reasons = Object.values(results).flatMap(({ error }) => error ?? []);
    return rejected(reasons.at(-1) ?? message);
  }

  async spenders(outpoints: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (outpoints.length === 0) return new Map();
    assert(outpoints.length <= SPENDERS_ASKED, 'coins are asked for in bounded numbers');
    const asked = outpoints.map((outpoint) => {
      const [txid = '', vout = ''] = outpoint.split(':');
      return { txid, vout: Number(vout) };
    });
    const found = await this.#ask('gettxspendingprevout', [asked], spending);
    return new Map(
      found.flatMap(({ txid, vout, spendingtxid }) =>
        spendingtxid === undefined ? [] : [[`${txid}:${String(vout)}`, spendingtxid]],
      ),
    );
  }

  async feeRate(targetBlocks: number): Promise<number | null> {
    const { feerate } = await this.#ask('estimatesmartfee', [targetBlocks], estimate);
    if (feerate === undefined) return null;
    return boundedRate(Math.round(feerate * 1e8) / 1000); // BTC a thousand virtual bytes
  }

  close(): Promise<void> {
    this.#rpc.close();
    return Promise.resolve();
  }

  async #ask<T>(method: string, params: readonly unknown[], schema: z.ZodType<T>): Promise<T> {
    return this.#read(method, await this.#rpc.call(method, params), schema);
  }

  #read<T>(
    method: string,
    answer: Awaited<ReturnType<RpcClient['call']>>,
    schema: z.ZodType<T>,
  ): T {
    if (!answer.ok) throw unexpected(method, answer.error);
    const parsed = schema.safeParse(answer.result);
    if (parsed.success) return parsed.data;
    const reason = z.prettifyError(parsed.error).slice(0, 200);
    throw new ChainFault('chain.answer.invalid', { method, reason });
  }

  #missing(id: string, error: { readonly code: number; readonly message: string }): ChainFault {
    if (error.code !== RPC_MISC_ERROR && error.code !== RPC_INVALID_ADDRESS_OR_KEY)
      return unexpected('getblock', error);
    const reason = error.message.slice(0, 200);
    return new ChainFault('chain.block.unavailable', { block: id, reason });
  }
}

function unexpected(
  method: string,
  error: { readonly code: number; readonly message: string },
): ChainFault {
  const facts = { method, error: error.code, reason: error.message.slice(0, 200) };
  return new ChainFault('chain.answer.invalid', facts);
}

function txidOf(raw: Uint8Array): string | undefined {
  try {
    return Transaction.fromBuffer(raw).getId();
  } catch {
    return undefined;
  }
}
