import { Body, Controller, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { authorise } from '../../core/authorise.ts';
import { createLedger } from '../../core/log/ledger.ts';
import { newestSigned } from '../../core/log/admit-version.ts';
import { signedCancel } from '../../core/policy/facts.ts';
import { screeningOf, screeningRefusal } from '../../core/screening.ts';
import { Public } from '../access/caller.ts';
import { Clock } from '../clock.ts';
import { RefusalException, refusal } from '../http/refusal-exception.ts';
import { LogService } from '../log/log.service.ts';
import { BroadcastQueue } from './broadcast-queue.ts';
import { ReceiptsService } from './receipts.service.ts';
import type { BroadcastView, ReceiptsBody, ReceiptsView } from './signing.schema.ts';
import { broadcastView, receiptsBody, receiptsView, signedProposal } from './signing.schema.ts';

@ApiTags('signing')
@Controller('v1')
export class SigningController {
  constructor(
    private readonly receipts: ReceiptsService,
    private readonly queue: BroadcastQueue,
    private readonly log: LogService,
    private readonly clock: Clock,
  ) {}

  /** Receipts authenticate themselves: each is signed by the key that the charter names for its wallet. */
  @Post('receipts')
  @Public()
  @HttpCode(HttpStatus.OK)
  @ApiOkResponse({ standardSchema: receiptsView })
  async post(@Body({ schema: receiptsBody }) body: ReceiptsBody): Promise<ReceiptsView> {
    const outcomes = await this.receipts.take(body.receipts);
    if (body.receipts.some(({ blobs }) => blobs.length > 0)) this.queue.nudge();
    const [first] = outcomes;
    // The signer tells its operator of a problem; where some of the receipts passed it goes on.
    if (first?.ok === false && !outcomes.some(({ ok }) => ok))
      throw new RefusalException(first.refusal);
    return {
      receipts: outcomes.map((outcome) =>
        outcome.ok ? { index: outcome.value } : { ...outcome.refusal },
      ),
    };
  }

  /** Hands a signed transaction to the network now, instead of at the next attempt. */
  @Post('proposals/:digest/broadcast')
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiAcceptedResponse({ standardSchema: broadcastView })
  async broadcast(
    @Param('digest', { schema: signedProposal }) digest: string,
  ): Promise<BroadcastView> {
    const state = this.log.state();
    const proposal = state.proposals.get(digest);
    if (proposal === undefined) throw refusal('proposal.unknown', { proposal: digest });
    const signed = newestSigned(state, proposal);
    if (signed === undefined) {
      const ledger = state.ledgers.get(proposal.statement.wallet.id) ?? createLedger();
      const verdict = authorise(state, ledger, digest, Math.max(this.clock.now(), ledger.at));
      if (verdict.refusal !== null) throw new RefusalException(verdict.refusal);
      throw refusal('proposal.unsigned', { proposal: digest });
    }
    const cancel = signedCancel(state, proposal);
    if (cancel !== null) throw refusal('proposal.cancelled', { by: cancel });
    const withheld = screeningRefusal(screeningOf(state, proposal, []));
    if (withheld !== null) throw new RefusalException(withheld);
    await this.queue.kick(digest);
    return { proposal: digest, txid: signed.txid };
  }
}
