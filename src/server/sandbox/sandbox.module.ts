import { Module } from '@nestjs/common';
import { ChainModule } from '../chain/chain.module.ts';
import { LogModule } from '../log/log.module.ts';
import { SandboxController } from './sandbox.controller.ts';

/** Blocks and play money on demand, on the sandbox chain. */
@Module({ imports: [ChainModule, LogModule], controllers: [SandboxController] })
export class SandboxModule {}
