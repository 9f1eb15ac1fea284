import pg from 'pg';

/** What approvals are measured against: commits by plain connections to the same PostgreSQL. */

const MILLISECONDS = 4_000;
/** Rows of one scale unit of pgbench. */
const ACCOUNTS = 100_000;

/** Commits a second by `connections` of them, each running `transaction` again and again. */
async function commitsPerSecond(
  url: string,
  connections: number,
  transaction: (client: pg.Client) => Promise<unknown>,
): Promise<number> {
  const clients = Array.from(
    { length: connections },
    () => new pg.Client({ connectionString: url }),
  );
  await Promise.all(clients.map((client) => client.connect()));
  try {
    const began = performance.now();
    let count = 0;
    await Promise.all(
      clients.map(async (client) => {
        while (performance.now() - began < MILLISECONDS) {
          await transaction(client);
          count += 1;
        }
      }),
    );
    return count / ((performance.now() - began) / 1_000);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** Makes the tables of both references, as `pgbench -i -s 1` does. */
export async function prepareReference(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`
      CREATE TABLE bench_row (id bigserial PRIMARY KEY, payload bytea NOT NULL);
      CREATE TABLE bench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
      CREATE TABLE bench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
      INSERT INTO bench_accounts SELECT i, 1, 0, '' FROM generate_series(1, ${ACCOUNTS}) AS i;
      ANALYZE bench_accounts`);
  } finally {
    await client.end();
  }
}

/**
 * The transaction of `pgbench -N` (simple-update), statement for statement, by the simple protocol as pgbench sends
 * it: one account updated and read, one row of history inserted, committed.
 */
export function simpleUpdates(url: string, connections: number): Promise<number> {
  const below = (n: number): number => 1 + Math.floor(Math.random() * n);
  return commitsPerSecond(url, connections, async (client) => {
    const aid = below(ACCOUNTS);
    const delta = below(10_001) - 5_001;
    await client.query('BEGIN');
    await client.query(
      `UPDATE bench_accounts SET abalance = abalance + ${delta} WHERE aid = ${aid}`,
    );
    await client.query(`SELECT abalance FROM bench_accounts WHERE aid = ${aid}`);
    await client.query(
      `INSERT INTO bench_history (tid, bid, aid, delta, mtime) VALUES (${below(10)}, 1, ${aid}, ${delta}, CURRENT_TIMESTAMP)`,
    );
    await client.query('END');
  });
}

/** The cheapest commit there is: one prepared INSERT of one row of the size of an entry. */
export function bareInserts(url: string, connections: number): Promise<number> {
  const payload = Buffer.alloc(700, 1);
  return commitsPerSecond(url, connections, (client) =>
    client.query({
      name: 'one',
      text: 'INSERT INTO bench_row (payload) VALUES ($1)',
      values: [payload],
    }),
  );
}
