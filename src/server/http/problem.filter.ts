import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Catch, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RefusalCode } from '../../core/base/codes.ts';
import type { Refusal } from '../../core/base/result.ts';
import { ChainFault } from '../../chain/chain-fault.ts';
import { isPassing } from '../database/database-fault.ts';
import { Replay } from './idempotency.ts';
import { Unavailable } from './unavailable.ts';
import type { Problem } from '../../core/base/problem.ts';
import { PROBLEM_TYPE, faultOf, problemOf } from '../../core/base/problem.ts';
import { RefusalException } from './refusal-exception.ts';

/** What Nest and Fastify refuse on their own, by status. Anything else they answer is unreadable input. */
const byStatus: Readonly<Record<number, RefusalCode>> = {
  404: 'http.unknown',
  405: 'http.unknown',
  413: 'http.body.size',
  415: 'http.media',
  429: 'http.rate',
};

/** Turns whatever was thrown into a problem. A fault is recorded with its cause; the caller learns its id only. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('fault');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (thrown instanceof Replay) {
      void reply
        .status(thrown.answer.status)
        .header('content-type', 'application/json; charset=utf-8')
        .header('idempotency-replayed', 'true')
        .send(thrown.answer.body);
      return;
    }
    const refusal = refusalOf(thrown);
    const isFault = refusal === undefined || isPassing(thrown);
    if (isFault && !isCutOff(request)) this.#record(thrown, request);
    send(reply, refusal === undefined ? faultOf(request.id) : problemOf(refusal));
  }

  #record(thrown: unknown, request: FastifyRequest): void {
    const cause = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    const route = request.routeOptions.url ?? 'unknown route';
    this.#logger.error(`request ${request.id} ${request.method} ${route}: ${cause}`);
  }
}

/** The caller hung up in the middle of his body: nobody's fault, and anybody can do it as often as he likes. */
function isCutOff({ raw }: FastifyRequest): boolean {
  return raw.destroyed && !raw.complete;
}

/** Sends a problem, unless an answer has gone out already. */
export function send(reply: FastifyReply, problem: Problem): void {
  if (reply.sent) return;
  void reply
    .status(problem.status)
    .header('content-type', PROBLEM_TYPE)
    .header('cache-control', 'no-store')
    .send(JSON.stringify(problem));
}

/** The refusal that a thrown thing stands for, or undefined when it is a fault. */
export function refusalOf(thrown: unknown): Refusal | undefined {
  if (thrown instanceof RefusalException) return thrown.refusal;
  if (thrown instanceof ChainFault) return { code: thrown.code, facts: thrown.facts };
  if (thrown instanceof Unavailable || isPassing(thrown))
    return { code: 'log.unavailable', facts: {} };
  const status = statusOf(thrown);
  if (status === undefined || status < 400 || status >= 500) return undefined;
  return { code: byStatus[status] ?? 'http.malformed', facts: {} };
}

// Fastify's own errors carry `code` FST_… and `statusCode`; nothing else that happens to have a statusCode is believed.
function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  if (!(thrown instanceof Error) || !('code' in thrown) || !('statusCode' in thrown))
    return parserStatus(thrown);
  const { code, statusCode } = thrown;
  if (typeof code !== 'string' || !code.startsWith('FST_')) return parserStatus(thrown);
  return typeof statusCode === 'number' ? statusCode : undefined;
}

/** JSON bodies that name `__proto__` or are no JSON are refused by Fastify's parser with a SyntaxError of status 400. */
function parserStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof SyntaxError) || !('statusCode' in thrown)) return undefined;
  return thrown.statusCode === 400 ? 400 : undefined;
}
