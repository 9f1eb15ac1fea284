import type { LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { DataSource } from 'typeorm';
import { checkCharterNetwork } from '../core/governance/charter.ts';
import { CallerService } from './access/caller.service.ts';
import type { Ground } from './app.module.ts';
import { AppModule } from './app.module.ts';
import { ChainService } from './chain/chain.service.ts';
import type { ServerConfig } from './config.ts';
import { StartRefused, orRefuseStart } from './config.ts';
import { createDataSource } from './database/data-source.ts';
import { UnitOfWork } from './database/unit-of-work.ts';
import { createAdapter, installHooks } from './http/adapter.ts';
import { Idempotency } from './http/idempotency.ts';
import { RateLimiter } from './http/rate-limiter.ts';
import { HousekeepingService } from './jobs/housekeeping.service.ts';
import { JobsService } from './jobs/jobs.service.ts';
import { LogKey } from './log/log-key.ts';
import { LogService } from './log/log.service.ts';
import { SequencerService } from './log/sequencer.service.ts';
import { serveEsplora } from './sandbox/esplora-routes.ts';
import { ScreeningModule } from './screening/screening.module.ts';
import { SigningModule } from './signing/signing.module.ts';
import { VerifyPool } from './verify/verify-pool.ts';

/** A server that answers. */
export interface RunningServer {
  readonly app: NestFastifyApplication;
  /** Where it listens. */
  readonly url: string;
  /** Ends it: no new requests, those at hand answered, jobs handed back, the log's lock given up. */
  close(): Promise<void>;
}

/** The description of the API, OpenAPI 3.1. */
export function describeApi(app: NestFastifyApplication): OpenAPIObject {
  const description = new DocumentBuilder()
    .setTitle('Countersign')
    .setDescription(
      'Approvals for Bitcoin treasuries. Every request carries a DPoP proof (RFC 9449).',
    )
    .setVersion('1')
    .setOpenAPIVersion('3.1.0')
    .addGlobalParameters(
      {
        name: 'DPoP',
        in: 'header',
        description: 'proof of possession (RFC 9449); not for what is open to everyone',
        schema: { type: 'string' },
      },
      {
        name: 'Idempotency-Key',
        in: 'header',
        description: 'on writes: the same key and body give the same answer for a day',
        schema: { type: 'string' },
      },
    )
    .addGlobalResponse({
      status: '4XX',
      description: 'a refusal: application/problem+json (RFC 9457) with a stable code',
    })
    .build();
  return SwaggerModule.createDocument(app, description);
}

/** The application with its routes, not yet listening and with nothing running behind it. */
export async function createApp(ground: Ground): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.of(ground),
    createAdapter(),
    { logger: levelsOf(ground.config.logLevel), abortOnError: false, bodyParser: false },
  );
  installHooks(app.getHttpAdapter().getInstance(), app.get(RateLimiter), app.get(Idempotency));
  if (ground.config.chain.kind === 'sandbox')
    await serveEsplora(app.getHttpAdapter().getInstance(), {
      sandbox: () => app.get(ChainService).sandbox,
      sql: app.get(UnitOfWork).plain,
    });
  SwaggerModule.setup('docs', app, () => describeApi(app));
  return app;
}

/** Starts everything in the order in which it is needed. Throws StartRefused when it must not run. */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  const key = readLogKey(config);
  const source = await connect(config);
  const app = await createApp({ config, key, source });
  const close = async (): Promise<void> => {
    await app.close();
    await app.get(VerifyPool).close();
    await source.destroy();
  };
  try {
    await app.init();
    await app.get(JobsService).start();
    await app.get(SequencerService).start();
    checkNetwork(config, app.get(LogService));
    await app.get(ChainService).start();
    await app.get(SigningModule).work(app.get(HousekeepingService));
    await app.get(ScreeningModule).work();
    await app.listen(config.port, config.host);
    const port = portOf(app);
    app.get(CallerService).listensOn(port);
    return { app, url: `http://${config.host}:${port}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function connect({ databaseUrl }: ServerConfig): Promise<DataSource> {
  try {
    return await createDataSource(databaseUrl).initialize();
  } catch (error) {
    // A fault, not a wrong configuration: it may be starting. The driver's message never holds the password.
    const why = error instanceof Error && error.message !== '' ? error.message : 'no answer';
    throw new Error(`DATABASE_URL: ${why}`, { cause: error });
  }
}

function readLogKey({ logKeyFile }: ServerConfig): LogKey {
  let key: LogKey | undefined;
  try {
    key = LogKey.read(logKeyFile);
  } catch {
    throw new StartRefused('LOG_KEY_FILE cannot be read');
  }
  if (key === undefined) throw new StartRefused('LOG_KEY_FILE does not hold 64 hex digits');
  return key;
}

/** A demonstration organisation, whose keys anybody may have, runs beside no network that has value. */
function checkNetwork(config: ServerConfig, log: LogService): void {
  const charter = log.state().charter?.document.body;
  if (charter === undefined) throw new StartRefused('the log holds no charter in force');
  orRefuseStart(checkCharterNetwork(charter, config.network), 'NETWORK');
}

function portOf(app: NestFastifyApplication): number {
  const address = app.getHttpServer().address();
  if (address === null || typeof address === 'string') throw new Error('bug: it listens on a port');
  return address.port;
}

function levelsOf(most: ServerConfig['logLevel']): LogLevel[] {
  const levels: Record<ServerConfig['logLevel'], LogLevel[]> = {
    error: ['error', 'fatal'],
    warn: ['error', 'fatal', 'warn'],
    info: ['error', 'fatal', 'warn', 'log'],
  };
  return levels[most];
}
