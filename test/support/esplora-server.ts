import { Transaction } from 'bitcoinjs-lib';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromHex, toHex } from '../../src/core/base/bytes.ts';
import { shownHash } from '../../src/chain/block.ts';
import type { Sandbox } from '../../src/server/chain/sandbox.ts';
import { SandboxStore } from '../../src/server/chain/sandbox.store.ts';
import type { Work } from '../../src/server/chain/sql.ts';

interface Reply {
  readonly status: number;
  readonly body: string | Uint8Array;
}

const found = (body: unknown): Reply => ({
  status: 200,
  body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
});
const missing: Reply = { status: 404, body: 'not found' };

/** The part of the Esplora API that we ask, over the sandbox, on loopback. */
export class EsploraServer {
  /** What a test answers itself, by path; undefined: as ever. */
  other: (path: string) => Reply | undefined = () => undefined;
  readonly #sandbox: Sandbox;
  readonly #store: SandboxStore;
  readonly #server: Server;

  private constructor(sandbox: Sandbox, work: Work) {
    this.#sandbox = sandbox;
    this.#store = new SandboxStore(work.plain);
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(sandbox: Sandbox, work: Work): Promise<EsploraServer> {
    const server = new EsploraServer(sandbox, work);
    await new Promise<void>((done) => server.#server.listen(0, '127.0.0.1', done));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/api`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = (request.url ?? '').replace(/^\/api/, '');
    const body = Buffer.concat(chunks).toString('utf8');
    const reply =
      this.other(path) ??
      (request.method === 'POST' ? await this.#post(path, body) : await this.#get(path));
    response.writeHead(reply.status).end(reply.body);
  }

  async #post(path: string, body: string): Promise<Reply> {
    if (path === '/txs/test') {
      const [raw = ''] = JSON.parse(body) as readonly string[];
      const tested = await this.#sandbox.testMempool(fromHex(raw));
      const reason = tested.ok ? undefined : tested.refusal.facts['reason'];
      return found([{ allowed: tested.ok, 'reject-reason': reason }]);
    }
    const sent = await this.#sandbox.broadcast(fromHex(body));
    if (sent.ok) return found(Transaction.fromHex(body).getId());
    const message = JSON.stringify({ code: -26, message: sent.refusal.facts['reason'] });
    return { status: 400, body: `sendrawtransaction RPC error: ${message}` };
  }

  async #get(path: string): Promise<Reply> {
    const [, kind = '', id = '', what = '', more = ''] = path.split('/');
    if (path === '/blocks/tip/hash') return found((await this.#sandbox.tip()).hash);
    if (path === '/fee-estimates') return found({ '1': 4.2, '6': 2.1, '144': 1 });
    if (kind === 'block-height') {
      const hash = await this.#sandbox.blockHash(Number(id));
      return hash === null ? missing : found(hash);
    }
    if (kind === 'block') return this.#block(id, what);
    return kind === 'tx' ? this.#transaction(id, what, Number(more)) : missing;
  }

  async #block(id: string, what: string): Promise<Reply> {
    const block = await this.#store.blockOf(id);
    if (block === null) return missing;
    if (what === 'raw') return found(block.raw);
    if (what === 'header') return found(toHex(block.raw.subarray(0, 80)));
    return found({ id, height: block.height, timestamp: block.time });
  }

  async #transaction(txid: string, what: string, vout: number): Promise<Reply> {
    const transaction = await this.#store.transaction(txid);
    if (what === 'status' && transaction === null) return found({ confirmed: false });
    if (transaction === null) return missing;
    const { height, raw } = transaction;
    const status =
      height === null ? { confirmed: false } : { confirmed: true, block_height: height };
    if (what === 'hex') return found(toHex(raw));
    if (what === 'status') return found(status);
    if (what === 'outspend') return this.#outspend(txid, vout);
    return found({ txid, status });
  }

  async #outspend(txid: string, vout: number): Promise<Reply> {
    const [coin] = await this.#store.coins([[txid, vout]]);
    const spender = coin?.spentBy ?? null;
    if (spender === null) return found({ spent: false });
    const by = await this.#store.transaction(spender);
    const inputs = Transaction.fromBuffer(by?.raw ?? new Uint8Array()).ins;
    const vin = inputs.findIndex(({ hash, index }) => shownHash(hash) === txid && index === vout);
    return found({ spent: true, txid: spender, vin, status: { confirmed: by?.height !== null } });
  }
}
