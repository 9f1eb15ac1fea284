import type { DynamicModule } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.ts';
import { ApprovalsModule } from './approvals/approvals.module.ts';
import { ChainModule } from './chain/chain.module.ts';
import { ServerConfig } from './config.ts';
import { DatabaseModule } from './database/database.module.ts';
import { DocumentsModule } from './documents/documents.module.ts';
import { EvidenceModule } from './evidence/evidence.module.ts';
import { HealthModule } from './health/health.module.ts';
import { HttpModule } from './http/http.module.ts';
import { JobsModule } from './jobs/jobs.module.ts';
import { LogModule } from './log/log.module.ts';
import { ProposalsModule } from './proposals/proposals.module.ts';
import { SandboxModule } from './sandbox/sandbox.module.ts';
import { SigningModule } from './signing/signing.module.ts';
import { WalletsModule } from './wallets/wallets.module.ts';

@Global()
@Module({})
class ConfigModule {
  static of(config: ServerConfig): DynamicModule {
    return {
      module: ConfigModule,
      providers: [{ provide: ServerConfig, useValue: config }],
      exports: [ServerConfig],
    };
  }
}

/** Every room of the server, around one configuration. */
@Module({})
export class AppModule {
  static of(config: ServerConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.of(config),
        DatabaseModule,
        HttpModule,
        LogModule,
        AccessModule,
        JobsModule,
        ChainModule,
        DocumentsModule,
        WalletsModule,
        ProposalsModule,
        ApprovalsModule,
        SigningModule,
        EvidenceModule,
        SandboxModule,
        HealthModule,
      ],
    };
  }
}
