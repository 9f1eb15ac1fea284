import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { valueOf } from '../http/refusal-exception.ts';
import { walletId } from '../wallets/wallets.schema.ts';
import type { ReconciliationQuery, ReconciliationView } from './reconciliation.schema.ts';
import { reconciliationQuery, reconciliationView } from './reconciliation.schema.ts';
import { ReconciliationService } from './reconciliation.service.ts';

@ApiTags('wallets')
@Controller('v1/wallets/:id/reconciliation')
export class ReconciliationController {
  constructor(private readonly reconciliation: ReconciliationService) {}

  /** What moved on the chain in a day, against what receipts say was signed. */
  @Get()
  @ApiOkResponse({ standardSchema: reconciliationView })
  async show(
    @Param('id', { schema: walletId }) id: string,
    @Query({ schema: reconciliationQuery }) query: ReconciliationQuery,
  ): Promise<ReconciliationView> {
    return valueOf(await this.reconciliation.reconcile(id, query));
  }
}
