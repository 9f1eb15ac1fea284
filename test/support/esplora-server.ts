import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EsploraReply } from '../../src/server/chain/sandbox-esplora.ts';
import { SandboxEsplora } from '../../src/server/chain/sandbox-esplora.ts';
import type { Sandbox } from '../../src/server/chain/sandbox.ts';
import type { Work } from '../../src/server/chain/sql.ts';

/** The part of the Esplora API that we ask, over the sandbox, on loopback. */
export class EsploraServer {
  /** What a test answers itself, by path; undefined: as ever. */
  other: (path: string) => EsploraReply | undefined = () => undefined;
  readonly #esplora: SandboxEsplora;
  readonly #server: Server;

  private constructor(sandbox: Sandbox, work: Work) {
    this.#esplora = new SandboxEsplora(sandbox, work.plain);
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
      (request.method === 'POST'
        ? await this.#esplora.post(path, body)
        : await this.#esplora.get(path));
    response.writeHead(reply.status).end(reply.body);
  }
}
