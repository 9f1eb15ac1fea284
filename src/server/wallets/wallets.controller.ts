import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { valueOf } from '../http/refusal-exception.ts';
import type {
  BudgetView,
  CoinsQuery,
  CoinsView,
  WalletView,
  WalletsView,
} from './wallets.schema.ts';
import {
  budgetView,
  coinsQuery,
  coinsView,
  walletId,
  walletView,
  walletsView,
} from './wallets.schema.ts';
import { WalletsService } from './wallets.service.ts';

@ApiTags('wallets')
@Controller('v1/wallets')
export class WalletsController {
  constructor(private readonly wallets: WalletsService) {}

  /** Every wallet with its balance. */
  @Get()
  @ApiOkResponse({ standardSchema: walletsView })
  list(): Promise<WalletsView> {
    return this.wallets.list();
  }

  /** One wallet: standing, balance, next receive address, free coins. */
  @Get(':id')
  @ApiOkResponse({ standardSchema: walletView })
  async show(@Param('id', { schema: walletId }) id: string): Promise<WalletView> {
    return valueOf(await this.wallets.show(id));
  }

  /** What each limit of its policy leaves: spent, reserved, asked for and free, and when more frees up. */
  @Get(':id/budget')
  @ApiOkResponse({ standardSchema: budgetView })
  budget(@Param('id', { schema: walletId }) id: string): BudgetView {
    return valueOf(this.wallets.budget(id));
  }

  /** The coins that a draft may take now, and the frozen among them, the largest first. */
  @Get(':id/coins')
  @ApiOkResponse({ standardSchema: coinsView })
  async coins(
    @Param('id', { schema: walletId }) id: string,
    @Query({ schema: coinsQuery }) query: CoinsQuery,
  ): Promise<CoinsView> {
    return valueOf(await this.wallets.coins(id, query));
  }
}
