import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex, utf8 } from '../../src/core/base/bytes.ts';
import { sha256 } from '../../src/core/base/digest.ts';
import { formatPackageLine } from '../../src/core/log/package.ts';
import type { ServerConfig } from '../../src/server/config.ts';
import { readConfig } from '../../src/server/config.ts';
import { createDataSource } from '../../src/server/database/data-source.ts';
import { UnitOfWork } from '../../src/server/database/unit-of-work.ts';
import { BlobStore } from '../../src/server/log/blob.store.ts';
import { EntryStore } from '../../src/server/log/entry.store.ts';
import { Fold } from '../../src/server/log/fold.ts';
import { LogKey } from '../../src/server/log/log-key.ts';
import { LogParts, LogStores } from '../../src/server/log/log-parts.ts';
import { LogService } from '../../src/server/log/log.service.ts';
import { PendingStore } from '../../src/server/log/pending.store.ts';
import { ProjectionStore } from '../../src/server/log/projection.store.ts';
import { SequencerService } from '../../src/server/log/sequencer.service.ts';
import { VerifyPool } from '../../src/server/verify/verify-pool.ts';
import type { World } from './world.ts';

/** Seed of the log key of every {@link World}. */
export const worldLogSeed = sha256(utf8('world/log'));

export interface FoundingFiles {
  readonly environment: Readonly<Record<string, string>>;
  remove(): void;
}

/** The founding package and log key of a world in files, and the environment of a server that begins with them. */
export function foundingFiles(world: World): FoundingFiles {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-founding-'));
  const founding = join(folder, 'founding.jsonl');
  const key = join(folder, 'log-key');
  const lines = [
    ...[...world.store].map(([address, bytes]) =>
      formatPackageLine({ type: 'blob', sha256: address, bytes }),
    ),
    ...world.leaves.map((bytes, index) => formatPackageLine({ type: 'entry', index, bytes })),
  ];
  writeFileSync(founding, `${lines.join('\n')}\n`);
  writeFileSync(key, `${toHex(worldLogSeed)}\n`);
  return {
    environment: {
      NETWORK: 'regtest',
      CHAIN: 'bitcoind',
      BITCOIN_RPC_URL: 'http://127.0.0.1:9', // nobody listens there: the log does not need a node
      GENESIS: world.genesis,
      FOUNDING: founding,
      LOG_KEY_FILE: key,
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface TestSequencer {
  readonly sequencer: SequencerService;
  readonly log: LogService;
  readonly work: UnitOfWork;
  stop(): Promise<void>;
}

export function configOf(environment: Readonly<Record<string, string>>): ServerConfig {
  const config = readConfig(environment);
  if (!config.ok) throw new Error(config.line);
  return config.value;
}

/** The log part of a server process, without HTTP. */
export async function startSequencer(
  environment: Readonly<Record<string, string>>,
  prepare: (sequencer: SequencerService) => void = () => undefined,
): Promise<TestSequencer> {
  const config = configOf(environment);
  const source = await createDataSource(config.databaseUrl).initialize();
  const work = new UnitOfWork(source);
  const stores = new LogStores(
    new EntryStore(),
    new BlobStore(),
    new PendingStore(),
    new ProjectionStore(),
  );
  const pool = new VerifyPool();
  const fold = new Fold(config, stores.entries, stores.blobs, pool);
  const log = new LogService(fold, stores.entries, stores.blobs, work);
  const key = LogKey.read(config.logKeyFile);
  if (key === undefined) throw new Error('the key file holds a key');
  const sequencer = new SequencerService(config, work, new LogParts(log, fold, key, stores));
  prepare(sequencer);
  const stop = async (): Promise<void> => {
    await sequencer.stop();
    await pool.close();
    await source.destroy();
  };
  try {
    await sequencer.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { sequencer, log, work, stop };
}
