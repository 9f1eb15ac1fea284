import { Injectable } from '@nestjs/common';
import { REPLAY_ENTRIES, REPLAY_LENGTH } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { WalletSetting } from '../../core/policy/analyse/wallet-setting.ts';
import { walletSetting } from '../../core/policy/analyse/wallet-setting.ts';
import type { BlastReport, ComparisonReport } from '../../core/policy/analyse/report.ts';
import type { PolicyBody } from '../../core/policy/body.ts';
import type { ReplayReport } from '../../core/policy/replay-report.ts';
import type { Explanation } from '../../core/policy/explain.ts';
import { Clock } from '../clock.ts';
import { EvidenceService } from '../evidence/evidence.service.ts';
import { LogService } from '../log/log.service.ts';
import { AnalysisThread } from './analysis-thread.ts';
import type { PostedPolicy } from './policy-body.ts';
import { readPolicy } from './policy-body.ts';
import type {
  BlastBody,
  CheckBody,
  CheckView,
  DiffBody,
  ExplainBody,
  ReplayBody,
} from './policies.schema.ts';

/**
 * Looks at policies with what is in force at a wallet's signer. Codes of all: `wallet.unknown`, `policy.analysis.*`,
 * those of readPolicy.
 */
@Injectable()
export class PoliciesService {
  #replaying = false;

  constructor(
    private readonly log: LogService,
    private readonly clock: Clock,
    private readonly thread: AnalysisThread,
    private readonly evidence: EvidenceService,
  ) {}

  /** Everything that keeps a policy from being published, assertions included. Code `policy.wallet.mismatch`. */
  async check({ wallet, policy: posted }: CheckBody): Promise<Result<CheckView>> {
    const policy = readPolicy(posted);
    if (!policy.ok) return policy;
    if (policy.value.wallet !== wallet)
      return refuse('policy.wallet.mismatch', { policy: policy.value.wallet, wallet });
    const found = this.#setting(wallet);
    if (!found.ok) return found;
    const { place, input } = found.value;
    const answer = await this.thread.ask({ kind: 'check', place, input: input(policy.value) });
    if (!answer.ok) return answer;
    const { problems } = answer.value;
    return ok({ ok: problems.length === 0, problems: [...problems] });
  }

  /** What becomes easier and harder; without `before`, than the policy in force. Code `policy.unknown`. */
  async diff({ wallet, before, after }: DiffBody): Promise<Result<ComparisonReport>> {
    const found = this.#setting(wallet);
    if (!found.ok) return found;
    const former = policyOf(found.value, wallet, before);
    if (!former.ok) return former;
    const later = readPolicy(after);
    if (!later.ok) return later;
    const setting = (policy: PolicyBody) => found.value.input(policy).setting;
    return this.thread.ask({
      kind: 'diff',
      before: setting(former.value),
      after: setting(later.value),
    });
  }

  /** The most that can leave, signatures made and not yet seen included. Code `policy.unknown`. */
  async blastRadius(body: BlastBody): Promise<Result<BlastReport>> {
    const { wallet, policy, windowSeconds, upTo, unlockers } = body;
    const found = this.#setting(wallet);
    if (!found.ok) return found;
    const subject = policyOf(found.value, wallet, policy);
    if (!subject.ok) return subject;
    const input = found.value.input(subject.value);
    return this.thread.ask({
      kind: 'blast-radius',
      input: { ...input, wallet: { ...input.wallet, unlockers } },
      windowSeconds,
      upTo,
    });
  }

  /** What would happen to a spend, and why. Codes: `policy.unknown`, those of spendCase. */
  async explain({ wallet, policy, spend }: ExplainBody): Promise<Result<Explanation>> {
    const found = this.#setting(wallet);
    if (!found.ok) return found;
    const subject = policyOf(found.value, wallet, policy);
    if (!subject.ok) return subject;
    const { members, initiators } = found.value.place;
    return this.thread.ask({
      kind: 'explain',
      policy: subject.value,
      place: { members, initiators },
      spend,
      now: this.clock.now(),
    });
  }

  /**
   * How the wallet's past proposals would have fared, judged anew from the committed log. One at a time, since it holds the
   * whole log. Codes: `policy.wallet.mismatch`, `policy.replay.toolarge`.
   */
  async replay(
    { wallet, policy: posted }: ReplayBody,
    most: { readonly entries: number; readonly length: number } = {
      entries: REPLAY_ENTRIES,
      length: REPLAY_LENGTH,
    },
  ): Promise<Result<ReplayReport>> {
    const policy = readPolicy(posted);
    if (!policy.ok) return policy;
    if (policy.value.wallet !== wallet)
      return refuse('policy.wallet.mismatch', { policy: policy.value.wallet, wallet });
    const { wallets, genesis } = this.log.state();
    if (!wallets.has(wallet)) return refuse('wallet.unknown', { wallet });
    const head = this.evidence.head();
    if (head.size > most.entries)
      return refuse('policy.replay.toolarge', { entries: head.size, most: most.entries });
    if (this.#replaying) return refuse('policy.analysis.busy', { waiting: 1 });
    this.#replaying = true;
    try {
      const lines: string[] = [];
      let length = 0;
      for await (const line of this.evidence.lines(head)) {
        length += line.length;
        if (length > most.length) return refuse('policy.replay.toolarge', { most: most.length });
        lines.push(line);
      }
      return await this.thread.ask({ kind: 'replay', genesis, policy: policy.value, lines });
    } finally {
      this.#replaying = false;
    }
  }

  #setting(wallet: string): Result<WalletSetting> {
    return walletSetting(this.log.state(), wallet, this.clock.now());
  }
}

function policyOf(
  { policy }: WalletSetting,
  wallet: string,
  given: PostedPolicy | undefined,
): Result<PolicyBody> {
  if (given !== undefined) return readPolicy(given);
  return policy === null ? refuse('policy.unknown', { wallet }) : ok(policy);
}
