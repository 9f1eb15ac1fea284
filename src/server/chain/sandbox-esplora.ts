import { Transaction } from 'bitcoinjs-lib';
import { shownHash } from '../../chain/block.ts';
import { fromHex, toHex } from '../../core/base/bytes.ts';
import type { Sandbox } from './sandbox.ts';
import { SandboxStore } from './sandbox.store.ts';
import type { Sql } from './sql.ts';

export interface EsploraReply {
  readonly status: number;
  readonly body: string | Uint8Array;
}

const hash = /^[0-9a-f]{64}$/;
/** A transaction of TRANSACTION_WEIGHT in hex, and a list of one. */
const rawHex = /^(?:[0-9a-f]{2}){10,400000}$/;
const missing: EsploraReply = { status: 404, body: 'not found' };
const malformed: EsploraReply = { status: 400, body: 'malformed' };

function found(body: unknown): EsploraReply {
  const isPlain = typeof body === 'string' || body instanceof Uint8Array;
  return { status: 200, body: isPlain ? body : JSON.stringify(body) };
}

/**
 * The sandbox by the part of the Esplora API that src/chain/esplora.ts asks, so that another process can look at it. What it
 * shows is the word of the server that holds the sandbox.
 */
export class SandboxEsplora {
  readonly #sandbox: Sandbox;
  readonly #store: SandboxStore;

  constructor(sandbox: Sandbox, sql: Sql) {
    this.#sandbox = sandbox;
    this.#store = new SandboxStore(sql);
  }

  async get(path: string): Promise<EsploraReply> {
    const [, kind = '', id = '', what = '', more = ''] = path.split('/');
    if (path === '/blocks/tip/hash') return found((await this.#sandbox.tip()).hash);
    if (path === '/fee-estimates') return found({ '1': await this.#sandbox.feeRate(1) });
    if (kind === 'block-height') return this.#blockHash(id);
    if (!hash.test(id)) return missing;
    if (kind === 'block') return this.#block(id, what);
    return kind === 'tx' ? this.#transaction(id, what, more) : missing;
  }

  async post(path: string, body: string): Promise<EsploraReply> {
    if (path === '/txs/test') {
      const raw = /^\["([0-9a-f]+)"\]$/.exec(body)?.[1] ?? '';
      if (!rawHex.test(raw)) return malformed;
      const tested = await this.#sandbox.testMempool(fromHex(raw));
      const reason = tested.ok ? undefined : tested.refusal.facts['reason'];
      return found([{ allowed: tested.ok, 'reject-reason': reason }]);
    }
    if (path !== '/tx') return missing;
    if (!rawHex.test(body)) return malformed;
    const sent = await this.#sandbox.broadcast(fromHex(body));
    if (sent.ok) return found(Transaction.fromHex(body).getId());
    const message = JSON.stringify({ code: -26, message: sent.refusal.facts['reason'] });
    return { status: 400, body: `sendrawtransaction RPC error: ${message}` };
  }

  async #blockHash(height: string): Promise<EsploraReply> {
    if (!/^[0-9]{1,9}$/.test(height)) return missing;
    const id = await this.#sandbox.blockHash(Number(height));
    return id === null ? missing : found(id);
  }

  async #block(id: string, what: string): Promise<EsploraReply> {
    const block = await this.#store.blockOf(id);
    if (block === null) return missing;
    if (what === 'raw') return found(block.raw);
    if (what === 'header') return found(toHex(block.raw.subarray(0, 80)));
    return found({ id, height: block.height, timestamp: block.time });
  }

  async #transaction(txid: string, what: string, vout: string): Promise<EsploraReply> {
    const transaction = await this.#store.transaction(txid);
    if (what === 'status' && transaction === null) return found({ confirmed: false });
    if (transaction === null) return missing;
    const { height, raw } = transaction;
    const status =
      height === null ? { confirmed: false } : { confirmed: true, block_height: height };
    if (what === 'hex') return found(toHex(raw));
    if (what === 'status') return found(status);
    if (what !== 'outspend') return found({ txid, status });
    return /^[0-9]{1,9}$/.test(vout) ? this.#outspend(txid, Number(vout)) : missing;
  }

  async #outspend(txid: string, vout: number): Promise<EsploraReply> {
    const [coin] = await this.#store.coins([[txid, vout]]);
    const spender = coin?.spentBy ?? null;
    const by = spender === null ? null : await this.#store.transaction(spender);
    if (by === null) return found({ spent: false });
    const inputs = Transaction.fromBuffer(by.raw).ins;
    const vin = inputs.findIndex((one) => shownHash(one.hash) === txid && one.index === vout);
    return found({ spent: true, txid: by.txid, vin, status: { confirmed: by.height !== null } });
  }
}
