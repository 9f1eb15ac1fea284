import { randomInt, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { fromBase64, toHex } from '../../core/base/bytes.ts';
import { digest } from '../../core/base/digest.ts';
import {
  ADDRESS_INDEX,
  DRAFT_SECONDS,
  LONG_TERM_FEE_RATE,
  MAX_MONEY_SATS,
} from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { sats, satsToJson } from '../../core/base/sats.ts';
import { formatTime } from '../../core/base/time.ts';
import { isIn } from '../../core/governance/charter.ts';
import { currentDocuments } from '../../core/governance/current.ts';
import type { WalletRecord } from '../../core/log/state.ts';
import type { Evaluation } from '../../core/policy/evaluate.ts';
import { jointLimitExceeded } from '../../core/policy/joint-limit.ts';
import { askedTooMuch } from '../../core/policy/wallet-budget.ts';
import { freeChangeIndex, plannedChange } from '../../core/proposal/change-index.ts';
import { inspectPsbt } from '../../core/psbt/inspect.ts';
import type { MemberCaller } from '../access/caller.ts';
import { LogService } from '../log/log.service.ts';
import { ChainFacts } from './chain-facts.ts';
import { CoinHolds } from './coin-holds.ts';
import type { Judgement, Subject } from './draft-judgement.ts';
import { judgeDraft } from './draft-judgement.ts';
import type { Ask, Built, FeeRate, Plan } from './draft-plan.ts';
import {
  build,
  buildConsolidation,
  changeWarnings,
  checkLockTime,
  checkWatched,
  coinsOf,
  feeRateOf,
  highestChange,
  maturingCoins,
  planOf,
  prove,
  resolvePayments,
  txidIn,
} from './draft-plan.ts';
import { buildCancel, buildChild, waitingOf, whyNotHelped } from './draft-rescue.ts';
import type { DraftRow } from './draft.store.ts';
import type { DraftBody, DraftView } from './drafts.schema.ts';
import { limitView } from './views.ts';

/** Blocks in which a payment should confirm where nobody names a fee rate; merging coins has a day. */
const TARGET_BLOCKS = { payments: 6, consolidation: 144, rescue: 2 } as const;
/** How often coins are chosen anew when others took them meanwhile. */
const ATTEMPTS = 3;

type Building = Exclude<DraftBody, { psbt: unknown }>;
type Rescuing = Extract<Building, { cancels: unknown } | { childOf: unknown }>;

/** A plan, and at what fee rate it was built; null for a PSBT, which fixes its fee itself. */
interface Planned {
  readonly plan: Plan;
  readonly fee: FeeRate | null;
}

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
   * `policy.*` (`policy.asked.exceeded` among them), `destination.unknown`, `address.*`, `coin.*`, `consolidation.*`,
   * `chain.fee.unknown`, `psbt.*`.
   */
  async draft(body: DraftBody, { member }: MemberCaller): Promise<Result<DraftView>> {
    const subject = this.#subject(body, member);
    if (!subject.ok) return subject;
    const { trouble } = this.chain;
    if (trouble !== null) return { ok: false, refusal: trouble };
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
    const planned =
      'psbt' in body ? await this.#inspect(body.psbt, wallet) : await this.#build(body, subject);
    if (!planned.ok) return planned;
    const { plan } = planned.value;
    const frozen = await this.chain.checkFrozen(
      wallet.id,
      plan.view.coins.map(({ outpoint }) => outpoint),
    );
    if (!frozen.ok) return frozen;
    const now = this.chain.now();
    const judged = judgeDraft(this.log.state(), subject, plan, now);
    if (judged.refusal !== null) return { ok: false, refusal: judged.refusal };
    const { feeSatsMax } = subject;
    if (feeSatsMax !== null && feeSatsMax < plan.view.spend.feeSats)
      return refuse('proposal.envelope.invalid', { feeSatsMax, feeSats: plan.view.spend.feeSats });
    const spend = { ...plan.view.spend, feeSats: feeSatsMax ?? plan.view.spend.feeSats };
    const asking = { proposal: null, initiator: member, spend };
    const state = this.log.state();
    const much =
      askedTooMuch(state, wallet.id, asking, now) ??
      jointLimitExceeded(state, wallet.id, asking.spend, now);
    if (much !== null) return { ok: false, refusal: much };
    const draft: DraftRow = {
      id: randomUUID(),
      member,
      wallet: wallet.id,
      outpoints: plan.view.coins.map(({ outpoint }) => outpoint),
      expiresAt: now + DRAFT_SECONDS,
    };
    // The coins of what it cancels are held already, by that.
    const held = subject.cancels === null ? await this.holds.holdDraft(draft) : ok(null);
    return held.ok ? ok(viewOf(draft, subject, planned.value, judged)) : held;
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
      cancels: 'cancels' in body ? body.cancels : null,
      feeSatsMax: body.feeSatsMax ?? null,
    });
  }

  async #build(body: Building, subject: Subject): Promise<Result<Planned>> {
    const { network } = subject.wallet.body;
    const { fees } = subject.policy.document.body;
    const blocks = TARGET_BLOCKS[purposeOf(body)];
    const estimate = body.feeRate === undefined ? await this.chain.estimate(blocks) : null;
    const cap = fees.rateSatPerVbyte;
    const fee = feeRateOf(body.feeRate, { estimate, blocks }, { network, cap });
    if (!fee.ok) return fee;
    const ask = await this.#ask(subject, fee.value.rate);
    if ('cancels' in body || 'childOf' in body) {
      const plan = await this.#rescue(body, ask);
      return plan.ok ? ok({ plan: plan.value, fee: fee.value }) : plan;
    }
    const built = buildFor(body, ask, subject);
    if (!built.ok) return built;
    const parents = await this.chain.coins.parents([
      ...new Set(built.value.coins.map(({ txid }) => txid)),
    ]);
    const plan = prove(ask, built.value, parents);
    return plan.ok ? ok({ plan: plan.value, fee: fee.value }) : plan;
  }

  async #rescue(body: Rescuing, ask: Ask): Promise<Result<Plan>> {
    const state = this.log.state();
    const target = 'cancels' in body ? body.cancels : body.childOf;
    const waiting = waitingOf(state, body.wallet, target);
    if (!waiting.ok) return waiting;
    if ('cancels' in body) return buildCancel(ask, waiting.value, state);
    const why = whyNotHelped(state, waiting.value);
    if (why !== null) return { ok: false, refusal: why };
    const { txid } = waiting.value.newest;
    const parent = (await this.chain.coins.parents([txid])).get(txid);
    if (parent === undefined) return refuse('coin.unknown', { txid });
    return buildChild(ask, waiting.value, parent);
  }

  async #ask({ wallet, policy }: Subject, feeRate: number): Promise<Ask> {
    const { coins } = this.chain;
    const tip = await this.chain.tip();
    const highest = highestChange(this.log.state(), wallet);
    const now = this.chain.now();
    const planned = plannedChange(this.log.state(), wallet.id, now);
    return {
      wallet,
      now,
      feeRate,
      coins: shuffled(await coins.spendable(wallet.id, tip)),
      changeIndex: freeChangeIndex(planned, await coins.nextChangeIndex(wallet.id), highest),
      highestChange: highest,
      lockTime: tip,
      changePlace: (outputs: number) => randomInt(outputs + 1),
      fees: policy.document.body.fees,
    };
  }

  async #inspect(base64: string, wallet: WalletRecord): Promise<Result<Planned>> {
    const bytes = fromBase64(base64);
    if (bytes === undefined) return refuse('psbt.malformed', { reason: 'not base64' });
    const { coins } = this.chain;
    const receive = await coins.nextReceiveIndex(wallet.id);
    const change = await coins.nextChangeIndex(wallet.id);
    const tip = await this.chain.tip();
    const bounds = { highestChange: highestChange(this.log.state(), wallet) };
    const inspected = inspectPsbt(bytes, wallet.wallet, {
      highestReceive: Math.min(ADDRESS_INDEX, receive + wallet.body.gapLimit),
      ...bounds,
    });
    if (!inspected.ok) return inspected;
    const { gapLimit } = wallet.body;
    const watched = checkWatched(inspected.value.coins, [receive + gapLimit, change + gapLimit]);
    if (!watched.ok) return watched;
    const valid = checkLockTime(inspected.value.view.spend.lockTime, tip);
    if (!valid.ok) return valid;
    const lacking = inspected.value.coins.filter(({ parent }) => parent === null);
    const parents = await this.chain.coins.parents([
      ...new Set(lacking.map(({ outpoint }) => txidIn(outpoint))),
    ]);
    const plan = planOf({ wallet, ...bounds }, inspected.value, parents);
    if (!plan.ok) return plan;
    const planned = plannedChange(this.log.state(), wallet.id, this.chain.now());
    const { warnings, ...rest } = plan.value;
    const more = changeWarnings(rest.view, { next: change, planned });
    return ok({ plan: { ...rest, warnings: [...warnings, ...more] }, fee: null });
  }
}

function purposeOf(body: Building): keyof typeof TARGET_BLOCKS {
  if ('payments' in body) return 'payments';
  return 'consolidate' in body ? 'consolidation' : 'rescue';
}

function buildFor(
  body: Exclude<Building, Rescuing>,
  ask: Ask,
  { wallet, destinations }: Subject,
): Result<Built> {
  if ('consolidate' in body) {
    const { ceilingRate, mostInputs, mostCoinSats, refresh } = body.consolidate;
    if (!refresh) {
      const most = sats(mostCoinSats);
      return buildConsolidation(ask, {
        aim: 'saving',
        ceilingRate,
        mostInputs,
        mostCoinSats: most,
      });
    }
    const tip = { height: ask.lockTime, time: ask.now };
    const coins = maturingCoins(wallet, ask.coins, tip).slice(0, mostInputs);
    if (coins.length === 0) return refuse('consolidation.unneeded', { wallet: wallet.id });
    return buildConsolidation(
      { ...ask, coins },
      { aim: 'moving', ceilingRate: ask.feeRate, mostInputs, mostCoinSats: sats(MAX_MONEY_SATS) },
    );
  }
  const { entries } = destinations.document.body;
  const payments = resolvePayments(entries, wallet.body.network, body.payments);
  return payments.ok ? build(ask, payments.value) : payments;
}

/** In random order: each has a random number of 47 bits to be sorted by. */
function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, key: randomInt(2 ** 47) }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

function viewOf(
  draft: DraftRow,
  subject: Subject,
  { plan, fee }: Planned,
  judged: Judgement,
): DraftView {
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
    fee,
    selection: selectionView(plan.chosen.selection),
    consolidation: consolidationView(plan.chosen.consolidation),
    warnings: [...plan.warnings, ...judged.warnings].map(({ code, facts }) => ({ code, facts })),
  };
}

function selectionView(reasons: Plan['chosen']['selection']): DraftView['selection'] {
  if (reasons === null) return null;
  return {
    ...reasons,
    considered: reasons.considered.map(({ feeSats, changeSats, ...rest }) => ({
      ...rest,
      feeSats: satsToJson(feeSats),
      changeSats: changeSats === null ? null : satsToJson(changeSats),
    })),
  };
}

function consolidationView(merged: Plan['chosen']['consolidation']): DraftView['consolidation'] {
  if (merged === null) return null;
  const { savingSats, addresses, leftOut } = merged;
  return {
    savingSats: satsToJson(savingSats),
    longTermFeeRate: LONG_TERM_FEE_RATE,
    addresses,
    leftOut,
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
