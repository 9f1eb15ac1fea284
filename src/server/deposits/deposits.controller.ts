import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { MemberCaller } from '../access/caller.ts';
import { CurrentMember } from '../access/caller.ts';
import { valueOf } from '../http/refusal-exception.ts';
import { walletId } from '../wallets/wallets.schema.ts';
import { AddressesService } from './addresses.service.ts';
import type {
  AddressesQuery,
  AddressesView,
  AskAddressBody,
  AskedView,
  DepositsQuery,
  DepositsView,
} from './deposits.schema.ts';
import {
  addressesQuery,
  addressesView,
  askAddressBody,
  askedView,
  depositsQuery,
  depositsView,
} from './deposits.schema.ts';
import { DepositsService } from './deposits.service.ts';

@ApiTags('deposits')
@Controller('v1/wallets/:id')
export class DepositsController {
  constructor(
    private readonly addresses: AddressesService,
    private readonly deposits: DepositsService,
  ) {}

  /** Asks for a receive address. The signer attests it in the log within seconds: it must not be used before. */
  @Post('addresses')
  @ApiCreatedResponse({ standardSchema: askedView })
  async ask(
    @Param('id', { schema: walletId }) id: string,
    @Body({ schema: askAddressBody }) body: AskAddressBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<AskedView> {
    return valueOf(await this.addresses.ask(id, body, caller));
  }

  /** The receive addresses that were asked for, in the order in which they were. */
  @Get('addresses')
  @ApiOkResponse({ standardSchema: addressesView })
  async list(
    @Param('id', { schema: walletId }) id: string,
    @Query({ schema: addressesQuery }) query: AddressesQuery,
  ): Promise<AddressesView> {
    return valueOf(await this.addresses.list(id, query));
  }

  /** What was paid to a wallet from elsewhere, the newest first. */
  @Get('deposits')
  @ApiOkResponse({ standardSchema: depositsView })
  async received(
    @Param('id', { schema: walletId }) id: string,
    @Query({ schema: depositsQuery }) query: DepositsQuery,
  ): Promise<DepositsView> {
    return valueOf(await this.deposits.list(id, query));
  }
}
