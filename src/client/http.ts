import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { concat, fromUtf8 } from '../core/base/bytes.ts';
import type { RefusalCode } from '../core/base/codes.ts';
import { codes } from '../core/base/codes.ts';
import { ANSWER_BYTES } from '../core/base/limits.ts';
import type { Facts, Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import type { ProofKey } from './proof-key.ts';
import { dpopProof } from './proof-key.ts';

/** The outside failed: nothing answers, too late, or not in the form of the contract. Thrown, never returned. */
export class HttpFault extends Error {
  readonly kind: 'unreachable' | 'timeout' | 'answer';
  readonly url: string;

  constructor(kind: HttpFault['kind'], url: string, cause: unknown) {
    super(`${kind}: ${url}${cause instanceof Error ? `: ${reasonOf(cause)}` : ''}`, { cause });
    this.name = 'HttpFault';
    this.kind = kind;
    this.url = url;
  }
}

// undici says "fetch failed" and hides the reason one level below.
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}

export interface HttpOptions {
  /** Origin of the server, and a path before /v1 where there is one. */
  readonly server: string;
  /** Proves each request; null only for what is open to everyone. */
  readonly key: ProofKey | null;
  readonly timeoutMs?: number;
  readonly now?: () => Seconds;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Begins with a slash. */
  readonly path: string;
  /** JSON. */
  readonly body?: unknown;
  readonly mostBytes?: number;
}

const problemSchema = z.object({
  code: z.string().refine((code): code is RefusalCode => Object.hasOwn(codes, code), 'not a code'),
  facts: z
    .record(
      z.string(),
      z.union([
        z.string(),
        z.number(),
        z.boolean(),
        z.null(),
        z.array(z.string()),
        z.array(z.number()),
      ]),
    )
    .default({}),
});

/** One server's requests: proven, bounded in time and size. A problem+json with a code of ours is a refusal. */
export class Http {
  readonly #options: Required<HttpOptions>;

  constructor(options: HttpOptions) {
    this.#options = { timeoutMs: 30_000, now: () => Math.floor(Date.now() / 1000), ...options };
  }

  /** The bytes of a 2xx answer, or the server's refusal. Throws {@link HttpFault}. */
  async bytes(request: HttpRequest): Promise<Result<Uint8Array>> {
    const url = this.urlOf(request.path);
    const response = await this.#fetch(request, url);
    const body = await this.#within(url, () => readBounded(response, url, request.mostBytes));
    return response.ok ? ok(body) : refusalOf(response, body, url);
  }

  /** A 2xx answer as JSON in the form of the schema. Throws {@link HttpFault} when it has another. */
  async json<T>(request: HttpRequest, schema: z.ZodType<T>): Promise<Result<T>> {
    const found = await this.bytes(request);
    if (!found.ok) return found;
    const url = this.urlOf(request.path);
    const value = found.value.length === 0 ? null : jsonOf(found.value, url);
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw new HttpFault('answer', url, parsed.error);
    return ok(parsed.data);
  }

  /** The chunks of a 2xx answer that may be larger than memory; the caller bounds what he keeps. */
  async stream(request: HttpRequest): Promise<Result<AsyncIterable<Uint8Array>>> {
    const url = this.urlOf(request.path);
    const response = await this.#fetch(request, url);
    if (!response.ok) return refusalOf(response, await readBounded(response, url), url);
    if (response.body === null) throw new HttpFault('answer', url, new Error('no body'));
    return ok(response.body);
  }

  urlOf(path: string): string {
    return `${this.#options.server.replace(/\/+$/, '')}${path}`;
  }

  #fetch(request: HttpRequest, url: string): Promise<Response> {
    const { key, timeoutMs, now } = this.#options;
    const { method } = request;
    const headers: Record<string, string> = { accept: 'application/json' };
    if (key !== null) headers['dpop'] = dpopProof(key, { method, url, now: now() });
    if (method === 'POST') headers['idempotency-key'] = randomUUID();
    const init: RequestInit = {
      method,
      headers,
      redirect: 'error', // a proof is of one address
      signal: AbortSignal.timeout(timeoutMs),
    };
    if (request.body !== undefined) {
      headers['content-type'] = 'application/json';
      init.body = JSON.stringify(request.body);
    }
    return this.#within(url, () => fetch(url, init));
  }

  async #within<T>(url: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof HttpFault) throw error;
      const late = z.object({ name: z.literal('TimeoutError') }).safeParse(error).success;
      throw new HttpFault(late ? 'timeout' : 'unreachable', url, error);
    }
  }
}

function refusalOf(response: Response, body: Uint8Array, url: string): Result<never> {
  const parsed = problemSchema.safeParse(jsonOf(body, url));
  if (!parsed.success)
    throw new HttpFault('answer', url, new Error(`status ${String(response.status)}`));
  return refuse(parsed.data.code, parsed.data.facts satisfies Facts);
}

function jsonOf(body: Uint8Array, url: string): unknown {
  try {
    return JSON.parse(fromUtf8(body) ?? '');
  } catch (error) {
    throw new HttpFault('answer', url, error);
  }
}

async function readBounded(
  response: Response,
  url: string,
  most = ANSWER_BYTES,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > most)
      throw new HttpFault('answer', url, new Error(`more than ${String(most)} bytes`));
    chunks.push(chunk);
  }
  return concat(...chunks);
}
