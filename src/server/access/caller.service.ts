import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ok, refuse } from '../../core/base/result.ts';
import type { Result } from '../../core/base/result.ts';
import { ServerConfig } from '../config.ts';
import type { MemberRecord } from '../../core/log/state.ts';
import { LogService } from '../log/log.service.ts';
import { AccessStores } from './access-stores.ts';
import { CallLimits } from './call-limits.ts';
import type { Caller, Hindrance } from './caller.ts';
import type { Proof } from './proof.ts';
import { invalidProof, readProof } from './proof.ts';

/** Establishes who sends a request: first that a key proves it, then whose key that is. */
@Injectable()
export class CallerService {
  /** Set when the server listens: before, no proof can name it. */
  #origins: ReadonlySet<string> = new Set();

  constructor(
    private readonly config: ServerConfig,
    private readonly stores: AccessStores,
    private readonly log: LogService,
    private readonly limits: CallLimits,
  ) {}

  /** Where callers find this server: PUBLIC_URL, or the address that it listens on. */
  listensOn(port: number): void {
    const { publicUrl, host } = this.config;
    const local = ['127.0.0.1', 'localhost'];
    const hosts = ['127.0.0.1', 'localhost', '0.0.0.0', '::'].includes(host) ? local : [host];
    this.#origins = new Set(
      publicUrl === null
        ? hosts.map((name) => `http://${name.includes(':') ? `[${name}]` : name}:${port}`)
        : [publicUrl.replace(/\/+$/, '')],
    );
  }

  /** Codes: `proof.missing`, `proof.invalid`, `proof.replayed`. */
  async prove(request: FastifyRequest): Promise<Result<Proof>> {
    const [path = ''] = request.url.split('?');
    const now = this.limits.clock.now();
    const expected = { method: request.method, path, origins: this.#origins, now };
    const claimed = readProof(request.headers['dpop'], expected);
    if (!claimed.ok) return claimed;
    const { proof, question } = claimed.value;
    const signed = this.limits.pool.verify(question);
    // For a key of a living session both checks go at once. Of a stranger nothing is written before he has proven his.
    const isKnown = this.stores.sessions.isKnown(proof.thumbprint, now);
    if (!isKnown && !(await signed)) return invalidProof('signature');
    const isFresh = await this.stores.proofs.use(proof.id);
    if (!(await signed)) return invalidProof('signature');
    return isFresh ? ok(proof) : refuse('proof.replayed');
  }

  /** Codes: `session.unknown`. */
  async identify(proof: Proof): Promise<Result<Caller>> {
    const { thumbprint, ed25519 } = proof;
    const state = this.log.state();
    const signer = state.charter?.document.body.signers.find(({ key }) => key === ed25519);
    if (signer !== undefined) return ok({ kind: 'signer', wallet: signer.wallet, thumbprint });
    const sentinel = state.charter?.document.body.sentinels.find(({ key }) => key === ed25519);
    if (sentinel !== undefined) return ok({ kind: 'sentinel', sentinel: sentinel.id, thumbprint });
    const now = this.limits.clock.now();
    const session = await this.stores.sessions.find(thumbprint, now);
    if (session === undefined || session.expiresAt <= now) return refuse('session.unknown');
    const { member, device } = session;
    const found = state.members.get(member);
    const own = found?.member.devices.find(({ id }) => id === device);
    // A device that the charter does not name any more ends its sessions.
    if (found === undefined || own === undefined) return refuse('session.unknown');
    const hindrance = hindranceOf(found, own);
    return ok({ kind: 'member', member, device, thumbprint, hindrance });
  }

  /** Whether the caller may send one more request now. */
  allows(caller: Caller): boolean {
    return this.limits.rates.take(caller.thumbprint);
  }
}

function hindranceOf(
  { member, confirmed }: MemberRecord,
  device: MemberRecord['member']['devices'][number],
): Hindrance | null {
  if (!confirmed.has(device.id)) return 'device.unconfirmed';
  if (member.suspended) return 'member.suspended';
  return device.suspended ? 'device.suspended' : null;
}
