import { Block, Transaction } from 'bitcoinjs-lib';
import { z } from 'zod';
import { assert } from '../core/base/assert.ts';
import { fromHex, fromUtf8, toHex } from '../core/base/bytes.ts';
import { SPENDERS_ASKED } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import type { Network } from '../core/wallet/network.ts';
import { readBlock } from './block.ts';
import { ChainFault } from './chain-fault.ts';
import type { BlockView, ChainTip, ChainTransaction, ChainView, Known } from './chain-view.ts';
import type { EsploraAnswer, EsploraOptions } from './esplora-http.ts';
import { EsploraHttp } from './esplora-http.ts';
import { boundedRate } from './fee-rate.ts';
import { rejected, rejectionOf } from './rejection.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const hexBytes = z.string().regex(/^(?:[0-9a-f]{2})+$/);
const height = z.int().min(0);
const blockInfo = z.object({ id: hash, height, timestamp: height });
const status = z.object({ confirmed: z.boolean(), block_height: height.nullish() });
const outspend = z.object({ spent: z.boolean(), txid: hash.nullish(), status: status.nullish() });
const estimates = z.record(z.string(), z.number().positive());
const submitted = z.object({
  package_msg: z.string(),
  'tx-results': z.record(z.string(), z.object({ error: z.string().optional() })),
});
const acceptance = z.tuple([
  z.object({ allowed: z.boolean().optional(), 'reject-reason': z.string().optional() }),
]);
/** How it quotes its node: `sendrawtransaction RPC error: {"code":-26,"message":"…"}`. */
const quoted = /"message"\s*:\s*"((?:[^"\\]|\\.)*)"/;

/**
 * The chain by an Esplora HTTP API (Blockstream's electrs, mempool's). It is believed what a node of ours would be believed: blocks
 * are checked against their hashes, transactions against their txids. Somebody else's learns which coins are ours.
 */
export class Esplora implements ChainView {
  readonly name = 'esplora';
  readonly network: Network;
  /** One request a coin: 480 coins have had their turn within a minute. */
  readonly spendersALook = 40;
  readonly #http: EsploraHttp;
  #tip: ChainTip | null = null;

  constructor({ network, ...options }: EsploraOptions & { readonly network: Network }) {
    this.network = network;
    this.#http = new EsploraHttp(options);
  }

  async identity(): Promise<{ readonly chain: string; readonly genesisBlock: string }> {
    return { chain: 'esplora', genesisBlock: (await this.blockHash(0)) ?? '' };
  }

  async tip(): Promise<ChainTip> {
    const id = parsed(hash, '/blocks/tip/hash', textOf(await this.#found('/blocks/tip/hash')));
    if (this.#tip?.hash === id) return this.#tip;
    const header = await this.#header(id);
    const { height: at } = await this.#info(id);
    this.#tip = { height: at, hash: id, time: header.timestamp, behind: 0, initial: false };
    return this.#tip;
  }

  peers(): Promise<number | null> {
    return Promise.resolve(null);
  }

  async blockHash(at: number): Promise<string | null> {
    const path = `/block-height/${String(at)}`;
    const answer = await this.#http.get(path);
    return answer.status === 404 ? null : parsed(hash, path, textOf(answer));
  }

  async block(id: string): Promise<BlockView> {
    // As of a node, only the height is taken from its words.
    const { height: at } = await this.#info(id);
    return readBlock((await this.#needed(id, `/block/${id}/raw`)).body, id, at);
  }

  async transaction(txid: string): Promise<ChainTransaction | null> {
    const path = `/tx/${txid}/hex`;
    const answer = await this.#http.get(path);
    const at = answer.status === 404 ? null : await this.#status(txid);
    if (at === null) return null;
    const raw = fromHex(parsed(hexBytes, path, textOf(answer)));
    if (txidOf(raw) !== txid) throw invalid(path, 'another transaction');
    if (!at.confirmed) return { raw, confirmations: 0 };
    const { height: tip } = await this.tip();
    return { raw, confirmations: Math.max(1, tip - (at.block_height ?? tip) + 1) };
  }

  /** Where it cannot be tested, the broadcast is the test. */
  async testMempool(raw: Uint8Array): Promise<Result<null>> {
    if (txidOf(raw) === undefined) return rejected('TX decode failed.');
    const answer = await this.#http.post('/txs/test', JSON.stringify([toHex(raw)]));
    if (answer.status === 404 || answer.status === 405) return ok(null);
    if (answer.status !== 200) return rejected(reasonOf(answer));
    const [verdict] = parsed(acceptance, '/txs/test', jsonOf('/txs/test', answer));
    if (verdict.allowed === true) return ok(null);
    const reason = verdict['reject-reason'] ?? 'no reason given';
    return rejectionOf(reason).startsWith('known-') ? ok(null) : rejected(reason);
  }

  async broadcast(raw: Uint8Array): Promise<Result<{ readonly known: Known }>> {
    const txid = txidOf(raw);
    if (txid === undefined) return rejected('TX decode failed.');
    const before = await this.#status(txid);
    if (before !== null) return ok({ known: before.confirmed ? 'confirmed' : 'mempool' });
    const answer = await this.#http.post('/tx', toHex(raw));
    if (answer.status === 200) return ok({ known: 'new' });
    const reason = reasonOf(answer);
    const mapped = rejectionOf(reason);
    if (mapped === 'known-mempool') return ok({ known: 'mempool' });
    if (mapped === 'known-confirmed') return ok({ known: 'confirmed' });
    return rejected(reason);
  }

  async broadcastPackage(parent: Uint8Array, child: Uint8Array): Promise<Result<null>> {
    const answer = await this.#http.post(
      '/txs/package',
      JSON.stringify([toHex(parent), toHex(child)]),
    );
    if (answer.status !== 200) return rejected(reasonOf(answer));
    const { package_msg: message, 'tx-results': results } = parsed(
      submitted,
      '/txs/package',
      jsonOf('/txs/package', answer),
    );
    if (message === 'success') return ok(null);
    const reasons = Object.values(results).flatMap(({ error }) => error ?? []);
    return rejected(reasons.at(-1) ?? message);
  }

  async spenders(outpoints: readonly string[]): Promise<ReadonlyMap<string, string>> {
    assert(outpoints.length <= SPENDERS_ASKED, 'coins are asked for in bounded numbers');
    const found = new Map<string, string>();
    for (const outpoint of outpoints) {
      const [txid = '', vout = ''] = outpoint.split(':');
      const path = `/tx/${txid}/outspend/${vout}`;
      const answer = await this.#http.get(path);
      if (answer.status === 404) continue;
      const { spent, txid: by, status: at } = parsed(outspend, path, jsonOf(path, answer));
      if (spent && at?.confirmed !== true && by !== undefined && by !== null)
        found.set(outpoint, by);
    }
    return found;
  }

  async feeRate(targetBlocks: number): Promise<number | null> {
    const path = '/fee-estimates';
    const rates = parsed(estimates, path, jsonOf(path, await this.#found(path)));
    // The estimate for as many blocks, or for the next fewer.
    const [best] = Object.keys(rates)
      .map(Number)
      .filter((target) => target <= targetBlocks)
      .sort((a, b) => b - a);
    const rate = best === undefined ? undefined : rates[String(best)];
    return rate === undefined ? null : boundedRate(rate);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #status(txid: string): Promise<z.output<typeof status> | null> {
    const path = `/tx/${txid}/status`;
    const known = await this.#http.get(`/tx/${txid}`); // of an unknown one the status is "not confirmed"
    if (known.status === 404) return null;
    const answer = await this.#http.get(path);
    return answer.status === 404 ? null : parsed(status, path, jsonOf(path, answer));
  }

  async #info(id: string): Promise<z.output<typeof blockInfo>> {
    const path = `/block/${id}`;
    return parsed(blockInfo, path, jsonOf(path, await this.#needed(id, path)));
  }

  /** A header whose hash and proof of work hold. */
  async #header(id: string): Promise<Block> {
    const path = `/block/${id}/header`;
    const bytes = fromHex(parsed(hexBytes, path, textOf(await this.#found(path))));
    if (bytes.length !== 80) throw invalid(path, 'not a header');
    const header = Block.fromBuffer(bytes);
    if (header.getId() !== id || !header.checkProofOfWork())
      throw invalid(path, 'the header has another hash, or lacks its proof of work');
    return header;
  }

  async #found(path: string): Promise<EsploraAnswer> {
    const answer = await this.#http.get(path);
    if (answer.status !== 200) throw invalid(path, `status ${String(answer.status)}`);
    return answer;
  }

  async #needed(id: string, path: string): Promise<EsploraAnswer> {
    const answer = await this.#http.get(path);
    if (answer.status === 200) return answer;
    throw new ChainFault('chain.block.unavailable', { block: id, status: answer.status });
  }
}

function textOf({ body }: EsploraAnswer): string {
  return (fromUtf8(body) ?? '').trim();
}

function jsonOf(path: string, answer: EsploraAnswer): unknown {
  try {
    return JSON.parse(textOf(answer)) as unknown;
  } catch (cause) {
    throw new ChainFault('chain.answer.invalid', { method: path, reason: 'no JSON' }, cause);
  }
}

function parsed<T>(schema: z.ZodType<T>, path: string, value: unknown): T {
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  throw invalid(path, z.prettifyError(found.error).slice(0, 200));
}

function invalid(path: string, reason: string): ChainFault {
  return new ChainFault('chain.answer.invalid', { method: path, reason });
}

function reasonOf(answer: EsploraAnswer): string {
  const text = textOf(answer);
  return quoted.exec(text)?.[1] ?? text;
}

function txidOf(raw: Uint8Array): string | undefined {
  try {
    return Transaction.fromBuffer(raw).getId();
  } catch {
    return undefined;
  }
}
