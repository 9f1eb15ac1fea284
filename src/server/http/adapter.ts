import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { RefusalCode } from '../../core/base/codes.ts';
import { send } from './problem.filter.ts';
import { problemOf } from '../../core/base/problem.ts';
import { ESPLORA_PATH } from '../sandbox/esplora-routes.ts';
import type { Idempotency } from './idempotency.ts';
import type { RateLimiter } from './rate-limiter.ts';

/** A body of most routes. */
const BODY_BYTES = 1_048_576;
/** A proposal brings its previous transactions (PARENT_BYTES in base64), receipts and uploads their blobs. */
const LARGE_BODY_BYTES = 25_000_000;
/** Larger bodies than most, of all callers together, under way at once: they are read before anybody has proven who he is. */
const LARGE_BODIES_BYTES = 200_000_000;
const largeRoutes = new Set(['/v1/proposals', '/v1/drafts', '/v1/receipts', '/v1/documents']);
/** A request that trickles in is cut off. */
const REQUEST_MS = 60_000;
/** A URL of ours is shorter; so is each of its parameters. */
const PARAMETER_LENGTH = 256;

/** Fastify as this server uses it: JSON only, bodies bounded, problems for what never reaches a route. */
export function createAdapter(): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: LARGE_BODY_BYTES,
    requestTimeout: REQUEST_MS,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: PARAMETER_LENGTH },
    frameworkErrors: (_error: unknown, _request: unknown, reply: FastifyReply) => {
      refuse(reply, 'http.malformed');
    },
  });
  return adapter;
}

/** What is done for every request before its route is known, and with its answer. */
export function installHooks(
  instance: FastifyInstance,
  limiter: RateLimiter,
  idempotency: Idempotency,
): void {
  let largeBytes = 0;
  instance.removeContentTypeParser('text/plain');
  instance.addHook('onRequest', (request, reply, done) => {
    setHeaders(request, reply);
    const code = admission(request, limiter, largeBytes);
    if (code !== null) {
      refuse(reply, code);
      return;
    }
    const length = lengthOf(request);
    if (length > BODY_BYTES) {
      largeBytes += length;
      // Comes once, also when the caller hangs up.
      reply.raw.once('close', () => {
        largeBytes -= length;
      });
    }
    done();
  });
  instance.addHook('onSend', async (request, reply, payload) => {
    // Not in onResponse: that never comes when the caller has hung up.
    try {
      if (typeof payload === 'string') await idempotency.keep(request, reply.statusCode, payload);
    } finally {
      idempotency.end(request);
    }
    return payload;
  });
}

/** The code of a request that is not let in, or null. */
function admission(
  request: FastifyRequest,
  limiter: RateLimiter,
  largeBytes: number,
): RefusalCode | null {
  if (!limiter.take(bucketOf(request))) return 'http.rate';
  // A body must say how long it is: that is known before any of it is read.
  if (request.headers['transfer-encoding'] !== undefined) return 'http.malformed';
  const [path = ''] = request.url.split('?');
  const most = largeRoutes.has(path) ? LARGE_BODY_BYTES : BODY_BYTES;
  const length = lengthOf(request);
  if (length > most) return 'http.body.size';
  // Small bodies always pass: what says no is small.
  return length > BODY_BYTES && largeBytes + length > LARGE_BODIES_BYTES ? 'http.rate' : null;
}

/** Who looks at the sandbox takes nobody on the same machine his turn. */
function bucketOf({ ip, url }: FastifyRequest): string {
  return url.startsWith(`${ESPLORA_PATH}/`) ? `${ESPLORA_PATH}/${ip}` : ip;
}

function lengthOf(request: FastifyRequest): number {
  return Number(request.headers['content-length'] ?? 0);
}

function refuse(reply: FastifyReply, code: RefusalCode): void {
  send(reply, problemOf({ code, facts: {} }));
}

const apiPolicy = "default-src 'none'; frame-ancestors 'none'";
/** Swagger UI brings its own scripts and styles. */
const docsPolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data:; frame-ancestors 'none'";

function setHeaders(request: FastifyRequest, reply: FastifyReply): void {
  const isDocs = /^\/docs(?:[/?-]|$)/.test(request.url);
  void reply.headers({
    'cache-control': 'no-store',
    'content-security-policy': isDocs ? docsPolicy : apiPolicy,
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-request-id': request.id,
  });
}
