import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { z } from 'zod';
import { RPC_ANSWER_BYTES, RPC_SECONDS } from '../core/base/limits.ts';
import { ChainFault } from './chain-fault.ts';

export interface RpcOptions {
  /** http or https; `user:password@` in it is taken out and sent as basic authentication. */
  readonly url: string;
  /** The node's cookie file, read at each call because the node writes a new one at each start. */
  readonly cookieFile?: string;
  readonly timeoutSeconds?: number;
  readonly answerBytes?: number;
}

export type RpcAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: { readonly code: number; readonly message: string } };

const envelope = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.int(), message: z.string() }).nullish(),
  id: z.unknown(),
});

/** RPC_IN_WARMUP of Bitcoin Core: the node is there and not ready. */
const WARMING_UP = -28;

/**
 * JSON-RPC over HTTP to one Bitcoin node, in the forms of 1.0 (errors with status 500) and 2.0 (errors with 200).
 * An error object of the node is an answer; everything else that goes wrong is a ChainFault, whose facts name
 * the method and never the address or the credentials.
 */
export class RpcClient {
  readonly #target: URL;
  readonly #credentials: string | undefined;
  readonly #cookieFile: string | undefined;
  readonly #timeoutMilliseconds: number;
  readonly #answerBytes: number;
  readonly #agent: http.Agent;
  #sent = 0;

  constructor(options: RpcOptions) {
    const url = new URL(options.url);
    this.#credentials =
      url.username === ''
        ? undefined
        : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    url.username = '';
    url.password = '';
    this.#target = url;
    this.#cookieFile = options.cookieFile;
    this.#timeoutMilliseconds = (options.timeoutSeconds ?? RPC_SECONDS) * 1000;
    this.#answerBytes = options.answerBytes ?? RPC_ANSWER_BYTES;
    const pool = { keepAlive: true, maxSockets: 8 };
    this.#agent = url.protocol === 'https:' ? new https.Agent(pool) : new http.Agent(pool);
  }

  async call(method: string, params: readonly unknown[] = []): Promise<RpcAnswer> {
    const id = ++this.#sent;
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    const { status, text } = await this.#send(method, body);
    if (status === 401 || status === 403) throw new ChainFault('chain.credentials', { method });
    const parsed = envelope.safeParse(parseJson(text));
    if (!parsed.success) {
      // 503 is "work queue depth exceeded": plain text, and a matter of waiting
      const code = status >= 500 ? 'chain.unreachable' : 'chain.answer.invalid';
      throw new ChainFault(code, { method, status, reason: 'the answer is no JSON-RPC' });
    }
    if (parsed.data.id !== id)
      throw new ChainFault('chain.answer.invalid', { method, reason: 'the answer has another id' });
    const { error, result } = parsed.data;
    if (error === undefined || error === null) return { ok: true, result };
    if (error.code === WARMING_UP)
      throw new ChainFault('chain.unreachable', { method, reason: error.message.slice(0, 200) });
    return { ok: false, error };
  }

  close(): void {
    this.#agent.destroy();
  }

  #authorization(method: string): Record<string, string> {
    let credentials = this.#credentials;
    if (this.#cookieFile !== undefined) {
      try {
        credentials = readFileSync(this.#cookieFile, 'utf8').trim();
      } catch (cause) {
        // the node removes its cookie when it stops
        throw new ChainFault('chain.unreachable', { method, reason: 'no cookie file' }, cause);
      }
    }
    if (credentials === undefined) return {};
    return { authorization: `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}` };
  }

  #send(method: string, body: string): Promise<{ status: number; text: string }> {
    const signal = AbortSignal.timeout(this.#timeoutMilliseconds);
    const options = {
      method: 'POST',
      agent: this.#agent,
      signal,
      headers: {
        ...this.#authorization(method),
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    };
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown): void => {
        const reason = signal.aborted ? 'no answer in time' : reasonOf(cause);
        reject(new ChainFault('chain.unreachable', { method, reason }, cause));
      };
      const client = this.#target.protocol === 'https:' ? https : http;
      const request = client.request(this.#target, options, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= this.#answerBytes) {
            chunks.push(chunk);
            return;
          }
          const reason = 'the answer is too large';
          reject(new ChainFault('chain.answer.invalid', { method, reason }));
          response.destroy();
        });
        response.on('error', fail);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      request.on('error', fail);
      request.end(body);
    });
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string')
    return cause.code;
  return 'the connection failed';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
