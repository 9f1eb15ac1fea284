import { randomInt, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { fromBase64, toHex } from '../../core/base/bytes.ts';
import { digest } from '../../core/base/digest.ts';
import { ADDRESS_INDEX, DRAFT_SECONDS } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { formatTime } from '../../core/base/time.ts';
import { isIn } from '../../core/governance/charter.ts';
import { currentDocuments } from '../../core/governance/current.ts';
import type { WalletRecord } from '../../core/log/state.ts';
import type { Evaluation } from '../../core/policy/evaluate.ts';
import { jointLimitExceeded } from '../../core/policy/joint-limit.ts';
import { askedTooMuch } from '../../core/policy/wallet-budget.ts';
import { inspectPsbt } from '../../core/psbt/inspect.ts';
import type { MemberCaller } from '../access/caller.ts';
import { LogService } from '../log/log.service.ts';
import { ChainFacts } from './chain-facts.ts';
import { CoinHolds } from './coin-holds.ts';
import type { Judgement, Subject } from './draft-judgement.ts';
import { judgeDraft } from './draft-judgement.ts';
import type { Payment, Plan } from './draft-plan.ts';
import {
  build,
  checkLockTime,
  coinsOf,
  feeRateOf,
  highestChange,
  planOf,
  prove,
  resolvePayments,
} from './draft-plan.ts';
import type { DraftRow } from './draft.store.ts';
import type { DraftBody, DraftView } from './drafts.schema.ts';
import { limitView } from './views.ts';

/** Blocks in which a payment should confirm where nobody names a fee rate. */
const TARGET_BLOCKS = 6;
/** How often coins are chosen anew when others took them meanwhile. */
const ATTEMPTS = 3;

type Payments = Extract<DraftBody, { payments: unknown }>;

/** Builds transactions for members to decode, sign and propose. Nothing is believed of them afterwards. */
@Injectable()
export class DraftsService {
  constructor(
    private readonly log: LogService,
    private readonly chain: ChainFacts,
    private readonly holds: CoinHolds,
  ) {}

  /**
   * A draft whose coins are held for ten minutes. Codes: `wallet.unknown`, `member.role`, `document.unknown`,
   * `policy.*` (`policy.asked.exceeded` among them), `destination.unknown`, `address.*`, `coin.*`, `chain.fee.unknown`, `psbt.*`.
   */
  async draft(body: DraftBody, { member }: MemberCaller): Promise<Result<DraftView>> {
    const subject = this.#subject(body, member);
    if (!subject.ok) return subject;
    for (let attempt = 1; ; attempt++) {
      const drafted = await this.#attempt(body, subject.value);
      const taken = !drafted.ok && drafted.refusal.code === 'coin.locked';
      if (!taken || 'psbt' in body || attempt === ATTEMPTS) return drafted;
    }
  }

  /** Lets the coins of one of his drafts go. Code `draft.unknown`. */
  async drop(id: string, { member }: MemberCaller): Promise<Result<{ readonly draft: string }>> {
    const dropped = await this.holds.dropDraft(member, id);
    return dropped.ok ? ok({ draft: id }) : dropped;
  }

  async #attempt(body: DraftBody, subject: Subject): Promise<Result<DraftView>> {
    const { wallet, member } = subject;
    const plan =
      'psbt' in body ? await this.#inspect(body.psbt, wallet) : await this.#build(body, subject);
    if (!plan.ok) return plan;
    const now = this.chain.now();
    const judged = judgeDraft(this.log.state(), subject, plan.value, now);
    if (judged.refusal !== null) return { ok: false, refusal: judged.refusal };
    const asking = { proposal: null, initiator: member, spend: plan.value.view.spend };
    const state = this.log.state();
    const much =
      askedTooMuch(state, wallet.id, asking, now) ??
      jointLimitExceeded(state, wallet.id, asking.spend, now);
    if (much !== null) return { ok: false, refusal: much };
    const draft: DraftRow = {
      id: randomUUID(),
      member,
      wallet: wallet.id,
      outpoints: plan.value.view.coins.map(({ outpoint }) => outpoint),
      expiresAt: now + DRAFT_SECONDS,
    };
    const held = await this.holds.holdDraft(draft);
    return held.ok ? ok(viewOf(draft, subject, plan.value, judged)) : held;
  }

  #subject(body: DraftBody, member: string): Result<Subject> {
    const state = this.log.state();
    const wallet = state.wallets.get(body.wallet);
    const current = currentDocuments(state, body.wallet);
    if (wallet === undefined || current === null)
      return refuse('wallet.unknown', { wallet: body.wallet });
    const { charter, wallet: record, policy, destinations } = current;
    if (destinations === null) return refuse('document.unknown', { kind: 'destinations' });
    if (policy === null) return refuse('policy.unknown', { wallet: wallet.id });
    const needs = charter.document.body.initiators;
    const author = state.members.get(member)?.member;
    if (author === undefined || !isIn(author, needs))
      return refuse('member.role', { member, needs: [...needs] });
    return ok({
      member,
      wallet,
      charter,
      record,
      policy,
      destinations,
      reference: body.reference ?? null,
    });
  }

  async #build(body: Payments, { wallet, destinations }: Subject): Promise<Result<Plan>> {
    const { entries } = destinations.document.body;
    const payments = resolvePayments(entries, wallet.body.network, body.payments);
    if (!payments.ok) return payments;
    const asked = body.feeRate ?? (await this.chain.estimate(TARGET_BLOCKS));
    const feeRate = feeRateOf(asked, wallet.body.network);
    if (!feeRate.ok) return feeRate;
    const ask = await this.#ask(wallet, payments.value, feeRate.value);
    const built = build(ask);
    if (!built.ok) return built;
    const parents = await this.chain.coins.parents([
      ...new Set(built.value.coins.map(({ txid }) => txid)),
    ]);
    return prove(ask, built.value, parents);
  }

  async #ask(wallet: WalletRecord, payments: readonly Payment[], feeRate: number) {
    const { coins } = this.chain;
    const tip = await this.chain.tip();
    return {
      wallet,
      payments,
      feeRate,
      coins: await coins.spendable(wallet.id, tip),
      changeIndex: await coins.nextChangeIndex(wallet.id),
      highestChange: highestChange(this.log.state(), wallet),
      lockTime: tip,
      changePlace: (outputs: number) => randomInt(outputs + 1),
    };
  }

  async #inspect(base64: string, wallet: WalletRecord): Promise<Result<Plan>> {
    const bytes = fromBase64(base64);
    if (bytes === undefined) return refuse('psbt.malformed', { reason: 'not base64' });
    const receive = await this.chain.coins.nextReceiveIndex(wallet.id);
    const tip = await this.chain.tip();
    const inspected = inspectPsbt(bytes, wallet.wallet, {
      highestReceive: Math.min(ADDRESS_INDEX, receive + wallet.body.gapLimit),
      highestChange: highestChange(this.log.state(), wallet),
    });
    if (!inspected.ok) return inspected;
    const valid = checkLockTime(inspected.value.view.spend.lockTime, tip);
    return valid.ok ? ok(planOf(inspected.value)) : valid;
  }
}

function viewOf(draft: DraftRow, subject: Subject, plan: Plan, judged: Judgement): DraftView {
  const { charter, record, policy, destinations } = subject;
  const { spend } = plan.view;
  return {
    draft: draft.id,
    expiresAt: formatTime(draft.expiresAt),
    transaction: toHex(plan.transaction),
    coins: coinsOf(plan).map(({ bytes, ...claim }) => ({ ...claim, transaction: toHex(bytes) })),
    spend: { ...spend, inputs: [...spend.inputs], outputs: [...spend.outputs] },
    spendDigest: digest('spend', spend),
    documents: {
      charter: charter.digest,
      wallet: record.digest,
      policy: policy.digest,
      destinations: destinations.digest,
    },
    evaluation: evaluationOf(judged.evaluation),
    warnings: [...plan.warnings, ...judged.warnings].map(({ code, facts }) => ({ code, facts })),
  };
}

function evaluationOf({ waiting, limits, rules, matched, delaySeconds }: Evaluation) {
  return {
    waiting: waiting.map(({ code, facts }) => ({ code, facts })),
    limits: limits.map(limitView),
    rules: rules.map((rule) => ({ ...rule })),
    matched: matched.map((rule) => ({ ...rule })),
    delaySeconds,
  };
}
