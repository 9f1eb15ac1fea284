import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { ok, refuse } from '../../core/base/result.ts';
import type { Result } from '../../core/base/result.ts';
import { ServerConfig } from '../config.ts';
import { Idempotency } from '../http/idempotency.ts';
import { refusal, valueOf } from '../http/refusal-exception.ts';
import type { Audience, Caller, Hindrance } from './caller.ts';
import { ALSO_FROM, AUDIENCE, setCaller } from './caller.ts';
import { CallerService } from './caller.service.ts';

/**
 * Every route is for members with a session unless it says otherwise. Public routes take no Idempotency-Key: who is not
 * known cannot own one, and what they take proves itself, once by its nature.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly callers: CallerService,
    private readonly idempotency: Idempotency,
    private readonly config: ServerConfig,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()] as const;
    const audience = this.reflector.getAllAndOverride<Audience | undefined>(AUDIENCE, [...targets]);
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (audience === 'public') return true;
    if (audience === 'reader' && this.config.logPublic) return true;
    const proof = valueOf(await this.callers.prove(request));
    if (audience === 'key') {
      setCaller(request, { kind: 'key', proof, thumbprint: proof.thumbprint });
      await this.idempotency.begin(request, proof.thumbprint);
      return true;
    }
    const caller = valueOf(await this.callers.identify(proof));
    setCaller(request, valueOf(admits(audience ?? 'member', caller)));
    const also = this.reflector.get<readonly Hindrance[] | undefined>(ALSO_FROM, targets[0]);
    valueOf(mayWrite(request.method, caller, also ?? []));
    if (!this.callers.allows(caller)) throw refusal('http.rate');
    await this.idempotency.begin(
      request,
      caller.kind === 'member' ? caller.member : caller.thumbprint,
    );
    return true;
  }
}

function admits(audience: 'member' | 'reader' | 'freezer', caller: Caller): Result<Caller> {
  if (caller.kind === 'member' || audience === 'reader') return ok(caller);
  if (caller.kind === 'sentinel' && audience === 'freezer') return ok(caller);
  return refuse('caller.kind', { needs: audience, caller: caller.kind });
}

/** Who is hindered reads, and writes only where a route says so. */
function mayWrite(method: string, caller: Caller, also: readonly Hindrance[]): Result<null> {
  if (method === 'GET' || method === 'HEAD' || caller.kind !== 'member') return ok(null);
  const { hindrance, member, device } = caller;
  if (hindrance === null || also.includes(hindrance)) return ok(null);
  return refuse(hindrance, { member, device });
}
