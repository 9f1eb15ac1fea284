import { Injectable, Logger } from '@nestjs/common';
import type { ApprovalStatement } from '../../core/approval/statement.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { MemberCaller, SentinelCaller } from '../access/caller.ts';
import { checkAuthor } from '../access/author.ts';
import { ChainService } from '../chain/chain.service.ts';
import { decodeBlobs, noteOf } from '../http/bodies.ts';
import { LogService } from '../log/log.service.ts';
import { stageOf } from '../log/projection.store.ts';
import { StatementService } from '../log/statement.service.ts';
import { pairsOf } from '../proposals/coin-hold.ts';
import type { ApprovalBody, ApprovedView, FreezeBody, FrozenView } from './approvals.schema.ts';

/** Takes what members say about proposals and wallets into the log. */
@Injectable()
export class ApprovalsService {
  readonly #logger = new Logger('approvals');

  constructor(
    private readonly statements: StatementService,
    private readonly log: LogService,
    private readonly chain: ChainService,
  ) {}

  /**
   * Approve, reject or withdraw. Codes: those of the fold for approvals, `session.member`, `text.mismatch`; of an approval
   * `coin.spent`.
   */
  async decide(body: ApprovalBody, caller: MemberCaller): Promise<Result<ApprovedView>> {
    const said = await this.statements.readAhead(body, 'approval');
    if (!said.ok) return said;
    const { statement, digest } = said.value;
    const author = checkAuthor(statement, caller);
    if (!author.ok) return author;
    if (statement.decision === 'approve') {
      const timely = this.statements.checkTime(statement);
      if (!timely.ok) return timely;
      const unspent = await this.#checkUnspent(statement.proposal);
      if (!unspent.ok) return unspent;
    }
    const texts = noteOf(statement.reasonDigest, body.reason);
    if (!texts.ok) return texts;
    const blobs = decodeBlobs(body.blobs);
    if (!blobs.ok) return blobs;
    const beside = { coins: null, blobs: blobs.value, texts: texts.value };
    const index = await this.statements.submit(said.value, beside);
    if (!index.ok) return this.#tellLeak(index, statement);
    return ok({ digest, index: index.value, ...this.#standing(statement.proposal) });
  }

  /** Freezes, or signs a lifting. Codes: those of the fold for freezes, `session.member`, `statement.*`, `text.mismatch`. */
  async freeze(
    body: FreezeBody,
    caller: MemberCaller | SentinelCaller,
  ): Promise<Result<FrozenView>> {
    const said = this.statements.read(body, 'freeze');
    if (!said.ok) return said;
    const { statement, digest } = said.value;
    const author = checkAuthor(statement, caller);
    if (!author.ok) return author;
    if (statement.action === 'unfreeze') {
      const timely = this.statements.checkTime(statement);
      if (!timely.ok) return timely;
    }
    const texts = noteOf(statement.reasonDigest, body.reason);
    if (!texts.ok) return texts;
    const blobs = decodeBlobs(body.blobs);
    if (!blobs.ok) return blobs;
    const beside = { coins: null, blobs: blobs.value, texts: texts.value };
    const index = await this.statements.submit(said.value, beside);
    return index.ok ? ok({ digest, index: index.value }) : index;
  }

  /** Nobody's word is taken for a spend that can never be: a block spends one of its coins. */
  async #checkUnspent(digest: string): Promise<Result<null>> {
    const proposal = this.log.state().proposals.get(digest);
    const pairs = pairsOf((proposal?.view.spend.inputs ?? []).map(({ outpoint }) => outpoint));
    if (!pairs.ok) return pairs;
    const outpoint = await this.chain.coins.firstSpent(pairs.value);
    return outpoint === null ? ok(null) : refuse('coin.spent', { outpoint });
  }

  /** Nothing of it is kept, but whoever saw both signatures has the key. */
  #tellLeak<R extends Extract<Result<never>, { ok: false }>>(
    refused: R,
    { member, device, proposal }: ApprovalStatement,
  ): R {
    if (refused.refusal.code.startsWith('psbt.signature.nonce'))
      this.#logger.error(
        `ALERT: a key of ${member} (device ${device}) is lost: what it signed for ${proposal} has a nonce twice`,
      );
    return refused;
  }

  #standing(digest: string): Pick<ApprovedView, 'status' | 'signatureExists'> {
    const state = this.log.state();
    const proposal = state.proposals.get(digest);
    if (proposal === undefined) return { status: 'open', signatureExists: false };
    const ledger = state.ledgers.get(proposal.statement.wallet.id);
    return {
      status: stageOf(state, proposal),
      signatureExists: ledger?.intents.has(digest) ?? false,
    };
  }
}
