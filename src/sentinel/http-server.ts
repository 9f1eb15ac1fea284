import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { concat } from '../core/base/bytes.ts';
import { SENTINEL_BURST, SENTINEL_RATE } from '../core/base/limits.ts';
import { PROBLEM_TYPE, faultOf, problemOf } from '../core/base/problem.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { TokenBuckets } from '../core/base/token-buckets.ts';

/** What is sent back. */
export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** One address of the API. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Of the body; 0 for none. */
  readonly mostBytes: number;
  readonly answer: (body: Uint8Array) => Reply | Promise<Reply>;
}

export interface HttpServerOptions {
  readonly routes: readonly Route[];
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** A bug, for the operator's eyes. */
  readonly fault: (id: string, error: unknown) => void;
}

/** Requests under way at a time, and how long one may take to arrive: a signer's is there at once. */
const CONNECTIONS = 256;
const REQUEST_MS = 10_000;
const HEADER_BYTES = 8_192;

/** A small HTTP server: every request is bounded in size, time and rate before anything of it is read. */
export class HttpServer {
  readonly #server: Server;
  readonly #options: HttpServerOptions;
  readonly #rates = new TokenBuckets(SENTINEL_RATE, SENTINEL_BURST);
  #requests = 0;

  private constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: HEADER_BYTES,
        headersTimeout: REQUEST_MS,
        requestTimeout: REQUEST_MS,
        keepAliveTimeout: REQUEST_MS,
      },
      (request, response) => {
        void this.#answer(request, response);
      },
    );
    this.#server.maxConnections = CONNECTIONS;
  }

  static async listen(options: HttpServerOptions): Promise<HttpServer> {
    const server = new HttpServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen(options.port, options.host, resolve);
    });
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests += 1;
    const id = String(this.#requests);
    try {
      const found = await this.#route(request);
      send(response, found.ok ? found.value : problem(found));
    } catch (error) {
      if (!request.destroyed || request.complete) this.#options.fault(id, error);
      const body = JSON.stringify(faultOf(id));
      send(response, { status: 500, type: PROBLEM_TYPE, body });
    }
  }

  async #route(request: IncomingMessage): Promise<Result<Reply>> {
    const address = request.socket.remoteAddress ?? '';
    if (!this.#rates.take(address, performance.now())) return refuse('http.rate');
    const [path = ''] = (request.url ?? '').split('?');
    const route = this.#options.routes.find(
      (one) => one.path === path && one.method === request.method,
    );
    if (route === undefined) return refuse('http.unknown');
    const body = await readBody(request, route.mostBytes);
    return body.ok ? ok(await route.answer(body.value)) : body;
  }
}

/** Code `http.body.size`. */
async function readBody(request: IncomingMessage, most: number): Promise<Result<Uint8Array>> {
  const announced = Number(request.headers['content-length'] ?? 0);
  const tooLarge = refuse('http.body.size', { most });
  if (!(announced <= most)) return tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > most) return tooLarge;
    chunks.push(chunk);
  }
  return ok(concat(...chunks));
}

/** The reply of a refusal. */
export function problem({ refusal }: Extract<Result<never>, { ok: false }>): Reply {
  const body = problemOf(refusal);
  return { status: body.status, type: PROBLEM_TYPE, body: JSON.stringify(body) };
}

function send(response: ServerResponse, { status, type, body }: Reply): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    // What was refused for its size has not been read to its end.
    ...(status === 413 ? { connection: 'close' } : {}),
  });
  response.end(body);
}
