import type { DynamicModule } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AccessModule } from './access/access.module.ts';
import { ApprovalsModule } from './approvals/approvals.module.ts';
import { ChainModule } from './chain/chain.module.ts';
import { ServerConfig } from './config.ts';
import { CoinsModule } from './coins/coins.module.ts';
import { DatabaseModule } from './database/database.module.ts';
import { DepositsModule } from './deposits/deposits.module.ts';
import { DocumentsModule } from './documents/documents.module.ts';
import { EvidenceModule } from './evidence/evidence.module.ts';
import { HealthModule } from './health/health.module.ts';
import { HttpModule } from './http/http.module.ts';
import { JobsModule } from './jobs/jobs.module.ts';
import { LogKey } from './log/log-key.ts';
import { LogModule } from './log/log.module.ts';
import { PoliciesModule } from './policies/policies.module.ts';
import { ProposalsModule } from './proposals/proposals.module.ts';
import { ReconciliationModule } from './reconciliation/reconciliation.module.ts';
import { SandboxModule } from './sandbox/sandbox.module.ts';
import { ScreeningModule } from './screening/screening.module.ts';
import { SigningModule } from './signing/signing.module.ts';
import { WalletsModule } from './wallets/wallets.module.ts';
import { WatchmanModule } from './watchman/watchman.module.ts';

/** What is there before the rooms: when it cannot be had, the start ends with one line. */
export interface Ground {
  readonly config: ServerConfig;
  readonly key: LogKey;
  /** Connected. */
  readonly source: DataSource;
}

@Global()
@Module({})
class GroundModule {
  static of({ config, key, source }: Ground): DynamicModule {
    return {
      module: GroundModule,
      providers: [
        { provide: ServerConfig, useValue: config },
        { provide: LogKey, useValue: key },
        { provide: DataSource, useValue: source },
      ],
      exports: [ServerConfig, LogKey, DataSource],
    };
  }
}

/** Every room of the server, on one ground. */
@Module({})
export class AppModule {
  static of(ground: Ground): DynamicModule {
    return {
      module: AppModule,
      imports: [
        GroundModule.of(ground),
        DatabaseModule,
        HttpModule,
        LogModule,
        AccessModule,
        JobsModule,
        ChainModule,
        DocumentsModule,
        WalletsModule,
        CoinsModule,
        DepositsModule,
        PoliciesModule,
        ProposalsModule,
        ApprovalsModule,
        SigningModule,
        ScreeningModule,
        WatchmanModule,
        EvidenceModule,
        ReconciliationModule,
        SandboxModule,
        HealthModule,
      ],
    };
  }
}
