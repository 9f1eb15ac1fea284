import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SandboxEsplora } from '../chain/sandbox-esplora.ts';
import type { EsploraReply } from '../chain/sandbox-esplora.ts';
import type { Sandbox } from '../chain/sandbox.ts';
import type { Sql } from '../chain/sql.ts';

/** Where the sandbox is served, for those on this machine. */
export const ESPLORA_PATH = '/sandbox/esplora';
/** A transaction in hex, in a list. */
const BODY_BYTES = 900_000;
const notHere: EsploraReply = { status: 404, body: 'not found' };

export interface SandboxOfServer {
  /** Null before the chain was opened. */
  readonly sandbox: () => Sandbox | null;
  readonly sql: Sql;
}

/**
 * Serves the sandbox as an Esplora API, without a session and to this machine alone: a sentinel beside the demonstration looks at it.
 * In a scope of its own, because that API takes plain text. Requires that the chain is the sandbox.
 */
export async function serveEsplora(
  instance: FastifyInstance,
  { sandbox, sql }: SandboxOfServer,
): Promise<void> {
  await instance.register((scope, _options, done) => {
    scope.addContentTypeParser('text/plain', { parseAs: 'string', bodyLimit: BODY_BYTES }, asIs);
    const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      const open = sandbox();
      const given =
        open === null || !isOfThisMachine(request) ? null : new SandboxEsplora(open, sql);
      const path = request.url.slice(ESPLORA_PATH.length);
      const { status, body } = given === null ? notHere : await answered(given, request, path);
      const type = typeof body === 'string' ? 'text/plain' : 'application/octet-stream';
      await reply
        .code(status)
        .type(type)
        .send(typeof body === 'string' ? body : Buffer.from(body));
    };
    scope.get(`${ESPLORA_PATH}/*`, answer);
    scope.post(`${ESPLORA_PATH}/*`, answer);
    done();
  });
}

function answered(
  esplora: SandboxEsplora,
  { method, body }: FastifyRequest,
  path: string,
): Promise<EsploraReply> {
  if (method !== 'POST') return esplora.get(path);
  return esplora.post(path, typeof body === 'string' ? body : '');
}

function asIs(
  _request: FastifyRequest,
  body: string,
  done: (error: Error | null, body: string) => void,
): void {
  done(null, body);
}

/** From a loopback address, or from the very address that was called. */
function isOfThisMachine({ ip, socket }: FastifyRequest): boolean {
  return ip === '::1' || /^(::ffff:)?127\./.test(ip) || ip === socket.localAddress;
}
