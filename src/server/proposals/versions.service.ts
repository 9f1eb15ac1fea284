import { Injectable } from '@nestjs/common';
import { blobAddress } from '../../core/base/digest.ts';
import { assert } from '../../core/base/assert.ts';
import type { Refusal, Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { satsToJson } from '../../core/base/sats.ts';
import { parseTime } from '../../core/base/time.ts';
import { childOf } from '../../core/policy/facts.ts';
import { isIn } from '../../core/governance/charter.ts';
import type { State, VersionRecord } from '../../core/log/state.ts';
import { planReplacement } from '../../core/proposal/replacement.ts';
import type { MemberCaller } from '../access/caller.ts';
import { LogService } from '../log/log.service.ts';
import { StatementService } from '../log/statement.service.ts';
import { ChainFacts } from './chain-facts.ts';
import { feeRateOf } from './draft-plan.ts';
import type { Waiting } from './draft-rescue.ts';
import { waitingOf, whyNotHelped } from './draft-rescue.ts';
import type { BumpBody, BumpedView } from './proposals.schema.ts';

/** Blocks in which a bumped payment should confirm where nobody names a fee rate. */
const TARGET_BLOCKS = 2;

/** Raises fees of signed proposals inside their envelopes. */
@Injectable()
export class VersionsService {
  constructor(
    private readonly log: LogService,
    private readonly statements: StatementService,
    private readonly chain: ChainFacts,
  ) {}

  /**
   * Lays a version of a signed proposal into the log; its signer decides. Codes: those of {@link waitingOf},
   * `member.role`, `chain.*`, `version.*`, `proposal.cancelled`.
   */
  async bump(
    digest: string,
    body: BumpBody,
    { member }: MemberCaller,
  ): Promise<Result<BumpedView>> {
    const state = this.log.state();
    const allowed = mayBump(state, member);
    if (!allowed.ok) return allowed;
    const { trouble } = this.chain;
    if (trouble !== null) return { ok: false, refusal: trouble };
    const wallet = state.proposals.get(digest)?.statement.wallet.id ?? '';
    const waiting = waitingOf(state, wallet, digest);
    if (!waiting.ok) return waiting;
    const why = this.#whyNot(state, waiting.value);
    if (why !== null) return { ok: false, refusal: why };
    const rate = await this.#rate(state, waiting.value, body);
    if (!rate.ok) return rate;
    const planned = this.#plan(state, waiting.value, rate.value);
    if (!planned.ok) return planned;
    const { transaction } = planned.value;
    const entry = {
      type: 'version',
      proposal: digest,
      transaction: blobAddress(transaction),
    } as const;
    const index = await this.statements.submitEntry(entry, [transaction]);
    if (!index.ok) return index;
    const laid = this.log.state().proposals.get(digest)?.versions ?? [];
    const version = laid.find((one) => one.index === index.value);
    assert(version !== undefined, 'what has its index stands in the fold');
    return ok(bumpedView(digest, version));
  }

  /** What its signer would refuse it for anyway: asked here, it costs none of the envelope's replacements. */
  #whyNot(state: State, waiting: Waiting): Refusal | null {
    const { statement } = waiting.proposal;
    const ledger = state.ledgers.get(statement.wallet.id);
    assert(ledger !== undefined, 'a signed proposal has its receipts');
    const child = childOf(state, ledger, waiting.proposal);
    if (child !== null) return { code: 'version.child', facts: { proposal: child } };
    const until = statement.envelope === null ? undefined : parseTime(statement.envelope.until);
    if (until !== undefined && Math.max(this.chain.now(), ledger.at) >= until)
      return { code: 'version.expired', facts: { until: statement.envelope?.until ?? null } };
    return whyNotHelped(state, waiting);
  }

  async #rate(state: State, { proposal }: Waiting, { feeRate }: BumpBody): Promise<Result<number>> {
    const wallet = state.wallets.get(proposal.statement.wallet.id);
    const cap = state.policies.get(proposal.statement.wallet.id)?.document.body.fees
      .rateSatPerVbyte;
    if (wallet === undefined) return refuse('wallet.unknown', {});
    const estimate = feeRate === undefined ? await this.chain.estimate(TARGET_BLOCKS) : null;
    const { network } = wallet.body;
    const rate = feeRateOf(
      feeRate,
      { estimate, blocks: TARGET_BLOCKS },
      { network, cap: cap ?? null },
    );
    return rate.ok ? ok(rate.value.rate) : rate;
  }

  #plan(state: State, { proposal }: Waiting, feeRate: number): ReturnType<typeof planReplacement> {
    const { envelope } = proposal.statement;
    if (envelope === null) return refuse('version.envelope', { proposal: proposal.digest });
    const wallet = state.wallets.get(proposal.statement.wallet.id);
    if (wallet === undefined) return refuse('wallet.unknown', {});
    const former = proposal.versions.at(-1)?.view ?? proposal.view;
    const planned = planReplacement(wallet.wallet, former, feeRate);
    if (!planned.ok) return planned;
    const feeSats = satsToJson(planned.value.feeSats);
    const { feeSatsMax } = envelope;
    return feeSats > feeSatsMax ? refuse('version.fee.high', { feeSats, feeSatsMax }) : planned;
  }
}

function mayBump({ charter, members }: State, member: string): Result<null> {
  const needs = charter?.document.body.initiators ?? [];
  const author = members.get(member)?.member;
  return author !== undefined && isIn(author, needs)
    ? ok(null)
    : refuse('member.role', { member, needs: [...needs] });
}

function bumpedView(proposal: string, { version, index, txid, view }: VersionRecord): BumpedView {
  return { proposal, version, index, txid, feeSats: view.spend.feeSats };
}
