import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { MemberCaller } from '../access/caller.ts';
import { CurrentMember } from '../access/caller.ts';
import { valueOf } from '../http/refusal-exception.ts';
import { walletId } from '../wallets/wallets.schema.ts';
import type {
  FreezeCoinBody,
  FrozenCoinView,
  FrozenCoinsView,
  LabelledView,
  LabelsBody,
  LabelsView,
  NotesQuery,
  RescanBody,
  RescanView,
} from './coins.schema.ts';
import {
  freezeCoinBody,
  frozenCoinView,
  frozenCoinsView,
  labelledView,
  labelsBody,
  labelsView,
  notesQuery,
  rescanBody,
  rescanView,
} from './coins.schema.ts';
import { CoinsService } from './coins.service.ts';

@ApiTags('coins')
@Controller('v1/wallets/:id')
export class CoinsController {
  constructor(private readonly coins: CoinsService) {}

  /** The coins that people want left alone, by outpoint. */
  @Get('coins/frozen')
  @ApiOkResponse({ standardSchema: frozenCoinsView })
  async frozen(
    @Param('id', { schema: walletId }) id: string,
    @Query({ schema: notesQuery }) query: NotesQuery,
  ): Promise<FrozenCoinsView> {
    return valueOf(await this.coins.frozen(id, query));
  }

  /** Freezes a coin, so that no draft takes it, or frees it. */
  @Post('coins/frozen')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: frozenCoinView })
  async freeze(
    @Param('id', { schema: walletId }) id: string,
    @Body({ schema: freezeCoinBody }) body: FreezeCoinBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<FrozenCoinView> {
    return valueOf(await this.coins.freeze(id, body, caller));
  }

  /** Has the wallet read anew from its birth, to find coins at addresses beyond the range that was watched. */
  @Post('rescan')
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: rescanView })
  async rescan(
    @Param('id', { schema: walletId }) id: string,
    @Body({ schema: rescanBody }) body: RescanBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<RescanView> {
    return valueOf(await this.coins.rescan(id, body, caller));
  }

  /** What people call the coins, addresses and transactions of a wallet. */
  @Get('labels')
  @ApiOkResponse({ standardSchema: labelsView })
  async list(
    @Param('id', { schema: walletId }) id: string,
    @Query({ schema: notesQuery }) query: NotesQuery,
  ): Promise<LabelsView> {
    return valueOf(await this.coins.list(id, query));
  }

  /** Takes in records of BIP 329: labels, and which coins are spendable. */
  @Post('labels')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: labelledView })
  async label(
    @Param('id', { schema: walletId }) id: string,
    @Body({ schema: labelsBody }) body: LabelsBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<LabelledView> {
    return valueOf(await this.coins.label(id, body, caller));
  }
}
