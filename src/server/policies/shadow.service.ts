import { Injectable } from '@nestjs/common';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { formatTime } from '../../core/base/time.ts';
import { isGovernor } from '../../core/governance/charter.ts';
import { currentDocuments } from '../../core/governance/current.ts';
import { recordOf } from '../../core/governance/in-force.ts';
import type { PolicyBody } from '../../core/policy/body.ts';
import { parsePolicyBody } from '../../core/policy/body.ts';
import type { MemberCaller } from '../access/caller.ts';
import { Clock } from '../clock.ts';
import { readCursor } from '../http/bodies.ts';
import { LogService } from '../log/log.service.ts';
import { ShadowJudge } from './shadow-judge.ts';
import type { ShadowBody, ShadowQuery, ShadowView } from './shadow.schema.ts';
import { faredView } from './shadow.schema.ts';
import { readPolicy } from './policy-body.ts';
import type { ShadowRow } from './shadow.store.ts';
import { ShadowStore } from './shadow.store.ts';

/** Attaches policies that are looked at beside those in force, and shows how they differ. */
@Injectable()
export class ShadowService {
  constructor(
    private readonly log: LogService,
    private readonly clock: Clock,
    private readonly store: ShadowStore,
    private readonly judge: ShadowJudge,
  ) {}

  /** The shadow of a wallet and on what it says otherwise. Codes: `wallet.unknown`, `cursor.invalid`. */
  async show(wallet: string, { cursor, limit }: ShadowQuery): Promise<Result<ShadowView>> {
    if (!this.log.state().wallets.has(wallet)) return refuse('wallet.unknown', { wallet });
    const before = readCursor(cursor, Number.MAX_SAFE_INTEGER);
    if (!before.ok) return before;
    const row = await this.#current(wallet);
    if (row === undefined)
      return ok({
        ...{ wallet, shadow: null, proposals: 0, agreeing: 0, faults: 0 },
        ...{ differing: [], next: null },
      });
    const { proposals, differing, faults } = await this.store.counts(row.id);
    const found = await this.store.differing(row.id, { before: before.value, limit: limit + 1 });
    const page = found.slice(0, limit);
    return ok({
      wallet,
      shadow: shadowOf(row),
      proposals,
      agreeing: proposals - differing - faults,
      faults,
      differing: page.map(({ fared }) => faredView.parse(fared)),
      next: found.length > limit ? (page.at(-1)?.id ?? null) : null,
    });
  }

  /**
   * Attaches a policy in the place of any before. Codes: `wallet.unknown`, `member.role`, `document.unknown`,
   * `policy.wallet.mismatch`, those of readPolicy.
   */
  async attach(wallet: string, body: ShadowBody, caller: MemberCaller): Promise<Result<null>> {
    const allowed = this.#checkGovernor(wallet, caller);
    if (!allowed.ok) return allowed;
    const policy = this.#policyOf(body);
    if (!policy.ok) return policy;
    if (policy.value.wallet !== wallet)
      return refuse('policy.wallet.mismatch', { policy: policy.value.wallet, wallet });
    const by = { member: caller.member, at: this.clock.now() };
    await this.store.attach(wallet, policy.value, by);
    await this.judge.renew(wallet);
    return ok(null);
  }

  /** Takes the shadow away; what it said is kept. Codes: `wallet.unknown`, `member.role`, `policy.shadow.none`. */
  async clear(wallet: string, caller: MemberCaller): Promise<Result<null>> {
    const allowed = this.#checkGovernor(wallet, caller);
    if (!allowed.ok) return allowed;
    if ((await this.#current(wallet)) === undefined)
      return refuse('policy.shadow.none', { wallet });
    await this.store.attach(wallet, null, { member: caller.member, at: this.clock.now() });
    await this.judge.renew(wallet);
    return ok(null);
  }

  #checkGovernor(wallet: string, { member }: MemberCaller): Result<null> {
    const state = this.log.state();
    const charter = currentDocuments(state, wallet)?.charter.document.body;
    if (charter === undefined) return refuse('wallet.unknown', { wallet });
    const found = charter.members.find(({ id }) => id === member);
    return found !== undefined && isGovernor(charter, found)
      ? ok(null)
      : refuse('member.role', { member, needs: charter.governance.group });
  }

  #policyOf(body: ShadowBody): Result<PolicyBody> {
    if ('policy' in body) return readPolicy(body.policy);
    const record = recordOf(this.log.state(), 'policy', body.document);
    return record === null
      ? refuse('document.unknown', { document: body.document })
      : ok(record.document.body);
  }

  async #current(wallet: string): Promise<ShadowRow | undefined> {
    return (await this.store.current()).find((row) => row.wallet === wallet);
  }
}

function shadowOf({ policy, member, at }: ShadowRow): ShadowView['shadow'] {
  const parsed = parsePolicyBody(policy);
  return {
    policy: parsed.ok ? { ...parsed.value } : null,
    by: member,
    at: formatTime(Math.floor(at.getTime() / 1_000)),
  };
}
