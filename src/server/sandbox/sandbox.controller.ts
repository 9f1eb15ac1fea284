import { Body, Controller, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiTags } from '@nestjs/swagger';
import { sats } from '../../core/base/sats.ts';
import { ChainService } from '../chain/chain.service.ts';
import type { Sandbox } from '../chain/sandbox.ts';
import { refusal } from '../http/refusal-exception.ts';
import { LogService } from '../log/log.service.ts';
import type { BlocksBody, BlocksView, FundsBody, FundsView } from './sandbox.schema.ts';
import { blocksBody, blocksView, fundsBody, fundsView } from './sandbox.schema.ts';

/** What only a chain of play money allows. Anywhere else there is nothing here: `sandbox.only`. */
@ApiTags('sandbox')
@Controller('v1/sandbox')
export class SandboxController {
  constructor(
    private readonly chain: ChainService,
    private readonly log: LogService,
  ) {}

  /** Mines blocks with what waits. They are read before the answer. */
  @Post('blocks')
  @ApiCreatedResponse({ standardSchema: blocksView })
  async mine(@Body({ schema: blocksBody }) body: BlocksBody): Promise<BlocksView> {
    const sandbox = this.#sandbox();
    const blocks = await sandbox.mine(body.count);
    await this.chain.catchUp();
    const { height } = await sandbox.tip();
    return { height, blocks: [...blocks] };
  }

  /** Pays play money to the next address of a wallet, in a block of its own. */
  @Post('funds')
  @ApiCreatedResponse({ standardSchema: fundsView })
  async fund(@Body({ schema: fundsBody }) body: FundsBody): Promise<FundsView> {
    this.#sandbox();
    const record = this.log.state().wallets.get(body.wallet);
    if (record === undefined) throw refusal('wallet.unknown', { wallet: body.wallet });
    const { wallet } = record;
    const index = await this.chain.coins.nextReceiveIndex(record.id);
    const outpoint = await this.chain.fund(wallet.script(0, index), sats(body.sats));
    return { outpoint, address: wallet.address(0, index) };
  }

  #sandbox(): Sandbox {
    const { sandbox } = this.chain;
    if (sandbox === null) throw refusal('sandbox.only');
    return sandbox;
  }
}
