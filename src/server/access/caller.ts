import type { ExecutionContext } from '@nestjs/common';
import { SetMetadata, createParamDecorator } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { refusal } from '../http/refusal-exception.ts';
import type { Proof } from './proof.ts';

/** A member by the session of his device. */
export interface MemberCaller {
  readonly kind: 'member';
  readonly member: string;
  readonly device: string;
  readonly thumbprint: string;
  /** Why he may only read, and say no; null when he may write. */
  readonly hindrance: Hindrance | null;
}

/** A sentinel by the key that the charter names. It reads as a signer does, and hands in freezes of its own. */
export interface SentinelCaller {
  readonly kind: 'sentinel';
  readonly sentinel: string;
  readonly thumbprint: string;
}

/** Of a member whose device has not confirmed its entry in the charter, or who or whose device is suspended. */
export type Hindrance = 'device.unconfirmed' | 'member.suspended' | 'device.suspended';

/** Who sent a request, as far as its route needs to know. */
export type Caller =
  | MemberCaller
  | { readonly kind: 'signer'; readonly wallet: string; readonly thumbprint: string }
  | SentinelCaller
  | { readonly kind: 'key'; readonly proof: Proof; readonly thumbprint: string };

/**
 * Who may call a route. `member`: the session of a member; the default, so that a forgotten decorator denies. `reader`: also
 * signers and sentinels. `freezer`: also sentinels. `key`: anybody who proves his request with some key. `public`: anybody.
 */
export type Audience = 'member' | 'reader' | 'freezer' | 'key' | 'public';

export const AUDIENCE = 'countersign:audience';

/** Opens a route to everybody. */
export const Public = (): MethodDecorator & ClassDecorator =>
  SetMetadata(AUDIENCE, 'public' satisfies Audience);
/** Opens a route to signers and sentinels too, and to everybody where the log is public. */
export const Readers = (): MethodDecorator & ClassDecorator =>
  SetMetadata(AUDIENCE, 'reader' satisfies Audience);
/** Opens a route to sentinels too. */
export const Freezers = (): MethodDecorator & ClassDecorator =>
  SetMetadata(AUDIENCE, 'freezer' satisfies Audience);
/** Opens a route to whoever proves the request, session or not. */
export const ProvenOnly = (): MethodDecorator & ClassDecorator =>
  SetMetadata(AUDIENCE, 'key' satisfies Audience);

export const ALSO_FROM = 'countersign:also-from';

/** Opens a writing route to members who may else only read: what they say is judged behind it. */
export const AlsoFrom = (...hindrances: readonly Hindrance[]): MethodDecorator =>
  SetMetadata(ALSO_FROM, hindrances);

const callers = new WeakMap<FastifyRequest, Caller>();

export function setCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

/** The caller of a request, undefined on public routes. */
export function callerOf(request: FastifyRequest): Caller | undefined {
  return callers.get(request);
}

function requestOf(context: ExecutionContext): FastifyRequest {
  return context.switchToHttp().getRequest<FastifyRequest>();
}

/** The member who calls. */
export const CurrentMember = createParamDecorator((_: unknown, context): MemberCaller => {
  const caller = callerOf(requestOf(context));
  if (caller?.kind !== 'member') throw refusal('caller.kind', { needs: 'member' });
  return caller;
});

/** The member or sentinel who calls. */
export const CurrentFreezer = createParamDecorator(
  (_: unknown, context): MemberCaller | SentinelCaller => {
    const caller = callerOf(requestOf(context));
    if (caller?.kind !== 'member' && caller?.kind !== 'sentinel')
      throw refusal('caller.kind', { needs: 'member' });
    return caller;
  },
);

/** The proof of a request on a route of {@link ProvenOnly}. */
export const CurrentProof = createParamDecorator((_: unknown, context): Proof => {
  const caller = callerOf(requestOf(context));
  if (caller?.kind !== 'key') throw refusal('caller.kind', { needs: 'key' });
  return caller.proof;
});
