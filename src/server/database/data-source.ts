import { DataSource } from 'typeorm';

/** Connections of one server process, beside the one that holds the singleton's lock. */
const CONNECTIONS = 12;

/** The source of connections of the runtime role. It has no entities: stores write their statements themselves. */
export function createDataSource(url: string): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    synchronize: false,
    migrationsRun: false,
    logging: false,
    entities: [],
    applicationName: 'countersign',
    poolSize: CONNECTIONS,
    connectTimeoutMS: 10_000,
    // An idle connection that breaks is replaced by the pool; the statement that needs one reports what is wrong.
    poolErrorHandler: () => undefined,
  });
}
