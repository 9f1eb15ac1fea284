import { Injectable } from '@nestjs/common';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { jointLimitExceeded } from '../../core/policy/joint-limit.ts';
import { askedTooMuch } from '../../core/policy/wallet-budget.ts';
import { knownLookAlikes, lookAlikeRefusal } from '../../core/proposal/known-addresses.ts';
import { proposalName } from '../../core/proposal/name.ts';
import type { MemberCaller } from '../access/caller.ts';
import { checkAuthor } from '../access/author.ts';
import { decodeBlobs, noteOf } from '../http/bodies.ts';
import { LogService } from '../log/log.service.ts';
import type { Beside, Said } from '../log/statement.service.ts';
import { StatementService } from '../log/statement.service.ts';
import { ChainFacts } from './chain-facts.ts';
import { CoinHolds } from './coin-holds.ts';
import { checkLockTime } from './draft-plan.ts';
import type { ProposeBody, ProposedView } from './proposals.schema.ts';

/** Takes proposals into the log. */
@Injectable()
export class ProposalsService {
  constructor(
    private readonly statements: StatementService,
    private readonly log: LogService,
    private readonly chain: ChainFacts,
    private readonly holds: CoinHolds,
  ) {}

  /**
   * Logs a proposal and holds its coins. Codes: those of the fold for proposals, `session.member`, `statement.*`,
   * `text.mismatch`, `log.blob.*`, `policy.asked.exceeded`, `address.lookalike`, `psbt.locktime.future`,
   * `coin.frozen`, `coin.spent`, `coin.locked`.
   */
  async propose(body: ProposeBody, caller: MemberCaller): Promise<Result<ProposedView>> {
    const said = this.statements.read(body, 'proposal');
    if (!said.ok) return said;
    const { statement, digest } = said.value;
    const author = checkAuthor(statement, caller);
    if (!author.ok) return author;
    // Before any coin is held: sent again it must not hold those that it has let go.
    if (this.log.state().proposals.has(digest))
      return refuse('statement.duplicate', { statement: digest });
    const timely = this.statements.checkTime(statement);
    if (!timely.ok) return timely;
    const texts = noteOf(statement.purposeDigest, body.purpose);
    if (!texts.ok) return texts;
    const blobs = decodeBlobs(body.blobs);
    if (!blobs.ok) return blobs;
    const { spend, envelope } = statement;
    const asked = { ...spend, feeSats: envelope?.feeSatsMax ?? spend.feeSats };
    const asking = { proposal: digest, initiator: statement.initiator, spend: asked };
    const { id } = statement.wallet;
    const [state, now] = [this.log.state(), this.chain.now()];
    const much =
      askedTooMuch(state, id, asking, now) ?? jointLimitExceeded(state, id, asking.spend, now);
    if (much !== null) return { ok: false, refusal: much };
    const wallet = state.wallets.get(id);
    const [alike] =
      wallet === undefined ? [] : knownLookAlikes(state, wallet, statement.spend.outputs);
    if (alike !== undefined) return { ok: false, refusal: lookAlikeRefusal(alike) };
    const valid = checkLockTime(statement.spend.lockTime, await this.chain.tip());
    if (!valid.ok) return valid;
    const outpoints = statement.spend.inputs.map(({ outpoint }) => outpoint);
    const free = await this.chain.checkFrozen(id, outpoints);
    if (!free.ok) return free;
    return this.#submit(said.value, { coins: body.coins, blobs: blobs.value, texts: texts.value });
  }

  async #submit(said: Said<'proposal'>, beside: Beside): Promise<Result<ProposedView>> {
    const { digest, statement } = said;
    const { member } = statement;
    const outpoints = statement.spend.inputs.map(({ outpoint }) => outpoint);
    // The coins of what it cancels are held already, by that.
    if (statement.kind === 'pay') {
      const held = await this.holds.holdProposal({ digest, member, outpoints });
      if (!held.ok) return held;
    }
    const index = await this.statements.submit(said, beside);
    if (index.ok) return ok({ proposal: digest, index: index.value, name: proposalName(digest) });
    // The same statement, sent twice at once, may stand in the log: then its coins stay held.
    if (!this.log.state().proposals.has(digest)) await this.holds.release(digest);
    return index;
  }
}
