import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { toHex } from '../../../src/core/base/bytes.ts';
import { statementDigest } from '../../../src/core/approval/statement.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import { verifyCheckpoint } from '../../../src/core/log/checkpoint.ts';
import type { Submission } from '../../../src/server/log/pending.store.ts';
import { LogKey } from '../../../src/server/log/log-key.ts';
import type { FoundingFiles, TestSequencer } from '../../support/sequencers.ts';
import { foundingFiles, startSequencer, worldLogSeed } from '../../support/sequencers.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { startTestDatabase } from '../../support/postgres.ts';
import { World, listedAddress } from '../../support/world.ts';

const treasurers = Array.from({ length: 40 }, (_, at) => `treasurer-${String(at)}`);

describe('the sequencer', () => {
  const world = new World({ treasurers });
  const foundedSize = world.leaves.length;
  let database: TestDatabase;
  let files: FoundingFiles;
  let environment: Record<string, string>;
  let owner: pg.Pool;
  const running: TestSequencer[] = [];

  const start = async (prepare?: Parameters<typeof startSequencer>[1]): Promise<TestSequencer> => {
    const started = await startSequencer(environment, prepare);
    running.push(started);
    return started;
  };

  const submission = (leaf: Uint8Array, addresses: readonly string[] = []): Submission => ({
    kind: 'organisation',
    leaf,
    blobs: addresses.map((sha256) => ({
      sha256,
      bytes: world.store.get(sha256) ?? new Uint8Array(),
    })),
    texts: [],
  });

  const foundedLog = { size: foundedSize, root: toHex(world.state.tree.root()) };

  /** A proposal that names the checkpoint of the founding: whatever order the server gives it, it is of the same log. */
  const proposal = (amount: number) => {
    const { statement, coins } = world.draft({ pays: [[listedAddress, amount]] });
    const said = { ...statement, log: foundedLog };
    const leaf = entryBytes(world.sign(said, coins));
    const digest = statementDigest(said);
    return { leaf, digest, submission: submission(leaf, [...world.store.keys()]) };
  };

  beforeAll(async () => {
    database = await startTestDatabase();
    files = foundingFiles(world);
    environment = { ...files.environment, DATABASE_URL: database.runtimeUrl };
    owner = new pg.Pool({ connectionString: database.ownerUrl });
    owner.on('error', () => undefined);
  });

  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
  });

  afterAll(async () => {
    await owner.end();
    await database.stop();
    files.remove();
  });

  test('refuses to begin a log of another genesis than GENESIS', async () => {
    const other = { ...environment, GENESIS: '0'.repeat(64) };
    await expect(startSequencer(other)).rejects.toThrow('document.genesis.mismatch');
    expect((await owner.query('SELECT * FROM log_head')).rows).toEqual([]);
  });

  test('begins an empty log with the founding package and signs its checkpoint', async () => {
    const { log } = await start();
    const head = log.head('organisation');
    expect(head.size).toBe(foundedSize);
    const key = new LogKey(worldLogSeed).publicKey;
    const checkpoint = verifyCheckpoint(head.note, { origin: 'world.example/log', key });
    expect(checkpoint.ok && toHex(checkpoint.value.root)).toBe(toHex(world.state.tree.root()));
  });

  test('numbers racing entries without gaps, each once, and answers after the commit', async () => {
    const { sequencer, log } = await start();
    const proposed = proposal(100_000);
    expect(await sequencer.submit(proposed.submission)).toEqual({ ok: true, value: foundedSize });
    world.append(proposed.leaf);
    const record = world.proposal(proposed.digest);
    const approvals = treasurers.map((member) => {
      const statement = world.approval(member, record);
      const blobs = statement.partialSignatures === null ? [] : [statement.partialSignatures];
      return submission(entryBytes(world.sign(statement)), blobs);
    });
    const outcomes = await Promise.all(
      approvals.map(async (approval) => {
        const outcome = await sequencer.submit(approval);
        const { rows } = await owner.query<{ size: string }>(
          `SELECT size FROM log_head WHERE kind = 'organisation'`,
        );
        expect(outcome.ok && Number(rows[0]?.size)).toBeGreaterThan(outcome.ok ? outcome.value : 0);
        return outcome;
      }),
    );
    const indexes = outcomes.map((outcome) => (outcome.ok ? outcome.value : -1));
    expect(indexes.sort((a, b) => a - b)).toEqual(treasurers.map((_, at) => foundedSize + 1 + at));
    expect(log.state().proposals.get(record.digest)?.approvals).toHaveLength(treasurers.length);
    const { rows } = await owner.query('SELECT count(*) AS n FROM approval');
    expect(rows).toEqual([{ n: '40' }]);
    expect((await owner.query('SELECT * FROM pending')).rows).toEqual([]);
  });

  test('answers a refused entry with its code and does not number it', async () => {
    const { sequencer, log } = await start();
    const { size } = log.head('organisation');
    const { statement } = world.draft({ pays: [[listedAddress, 5_000]] });
    const said = { ...statement, log: foundedLog };
    const leaf = entryBytes(world.sign(said, statement.spend.transaction));
    const outcome = await sequencer.submit(submission(leaf, [statement.spend.transaction]));
    expect(outcome).toMatchObject({ ok: false, refusal: { code: 'json.malformed' } });
    const missing = world.draft({ pays: [[listedAddress, 6_000]] });
    const other = entryBytes(world.sign({ ...missing.statement, log: foundedLog }, missing.coins));
    expect(await sequencer.submit(submission(other))).toMatchObject({
      ok: false,
      refusal: { code: 'log.blob.missing' },
    });
    expect(log.head('organisation').size).toBe(size);
  });

  test('a batch whose unit of work fails is undone as a whole and its entries are tried alone', async () => {
    let failures = 0;
    const { sequencer, log } = await start((one) => {
      one.participate(async (sql, entries) => {
        if (entries.length < 2) return;
        failures += 1;
        await sql.query(`INSERT INTO log_entry VALUES ('nowhere', 0, 'x', 'x')`);
      });
    });
    const { size } = log.head('organisation');
    const proposals = [proposal(11_000), proposal(12_000), proposal(13_000), proposal(14_000)];
    const outcomes = await Promise.all(proposals.map((one) => sequencer.submit(one.submission)));
    expect(failures).toBeGreaterThan(0);
    expect(
      outcomes.map((outcome) => (outcome.ok ? outcome.value : -1)).sort((a, b) => a - b),
    ).toEqual([size, size + 1, size + 2, size + 3]);
    const { rows } = await owner.query('SELECT max(idx) AS last FROM log_entry');
    expect(rows).toEqual([{ last: String(size + 3) }]);
  });

  test('an entry that cannot be stored is given up and holds nobody back', async () => {
    let poisoned = '';
    const { sequencer, log } = await start((one) => {
      one.participate(async (sql, entries, state) => {
        const hit = [...state.proposals.values()].some(
          ({ digest, index }) =>
            digest === poisoned && entries.some((entry) => entry.index === index),
        );
        if (hit) await sql.query('SELECT 1 / 0');
      });
    });
    const bad = proposal(21_000);
    poisoned = bad.digest;
    const good = proposal(22_000);
    const outcomes = await Promise.all([
      sequencer.submit(bad.submission),
      sequencer.submit(good.submission),
    ]);
    expect(outcomes[0]).toMatchObject({ ok: false, refusal: { code: 'log.entry.invalid' } });
    expect(outcomes[1]).toMatchObject({ ok: true });
    expect(log.state().proposals.has(poisoned)).toBe(false);
  });

  test('of two processes one writes; the other hands in, is answered, and takes over', async () => {
    const first = await start();
    const second = await start();
    expect([first.sequencer.leading, second.sequencer.leading]).toEqual([true, false]);
    const { size } = first.log.head('organisation');
    const proposals = Array.from({ length: 8 }, (_, at) => proposal(31_000 + at));
    const outcomes = await Promise.all(
      proposals.map((one, at) => (at % 2 === 0 ? first : second).sequencer.submit(one.submission)),
    );
    expect(
      outcomes.map((outcome) => (outcome.ok ? outcome.value : -1)).sort((a, b) => a - b),
    ).toEqual(proposals.map((_, at) => size + at));
    expect(second.log.state().tree.size).toBe(size + 8);
    const refused = world.draft({ pays: [[listedAddress, 39_000]] });
    const leaf = entryBytes(world.sign(refused.statement, refused.coins));
    expect(await second.sequencer.submit(submission(leaf))).toMatchObject({
      ok: false,
      refusal: { code: 'log.blob.missing' },
    });
    running.splice(running.indexOf(first), 1);
    await first.stop();
    const later = proposal(40_000);
    expect(await second.sequencer.submit(later.submission)).toEqual({ ok: true, value: size + 8 });
    expect(second.sequencer.leading).toBe(true);
  });

  test('hands over what it took in while it led and had not written', async () => {
    const others: TestSequencer[] = [];
    let armed = true;
    const first = await start((one) => {
      one.participate(async (sql) => {
        if (!armed) return;
        armed = false;
        await sql.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
        while (others[0]?.sequencer.leading !== true) await pause(20);
      });
    });
    const second = await start();
    others.push(second);
    const { size } = first.log.head('organisation');
    const outcomes = await Promise.all(
      [proposal(45_000), proposal(46_000)].map((one) => first.sequencer.submit(one.submission)),
    );
    expect(outcomes.map((outcome) => (outcome.ok ? outcome.value : -1))).toEqual([size, size + 1]);
    expect([first.sequencer.leading, second.sequencer.leading]).toEqual([false, true]);
    expect((await owner.query('SELECT * FROM pending')).rows).toEqual([]);
  });

  test('loses nothing when PostgreSQL cuts its connections between and during batches', async () => {
    const { sequencer, log } = await start();
    const { size } = log.head('organisation');
    const proposals = Array.from({ length: 12 }, (_, at) => proposal(51_000 + at));
    const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE usename = 'countersign_runtime' AND pid <> pg_backend_pid()`;
    const outcomes = await Promise.allSettled(
      proposals.map(async (one, at) => {
        if (at === 6) await owner.query(cut);
        return sequencer.submit(one.submission);
      }),
    );
    const numbered = outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' && outcome.value.ok ? [outcome.value.value] : [],
    );
    expect(new Set(numbered).size).toBe(numbered.length);
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') continue;
      // The connection broke before anyone knew: sent again, it is taken, or named as standing there.
      const again = await sequencer.submit(
        proposals[at]?.submission ?? submission(new Uint8Array()),
      );
      expect(again.ok || again.refusal.code === 'statement.duplicate').toBe(true);
    }
    expect(log.head('organisation').size).toBe(size + 12);
  });

  test('starts again from what is written and refuses a log that was edited', async () => {
    const { log } = await start();
    expect(log.state().tree.size).toBe(log.head('organisation').size);
    for (const one of running.splice(0)) await one.stop();
    await owner.query('ALTER TABLE log_entry DISABLE TRIGGER USER');
    await owner.query(
      `UPDATE log_entry SET leaf = leaf || ' ', leaf_hash = sha256('\\x00'::bytea || (leaf || ' ')) WHERE idx = 20`,
    );
    const edited = startSequencer(environment);
    const timeout = new Promise((done) => setTimeout(done, 1_500, 'not served'));
    expect(await Promise.race([edited, timeout])).toBe('not served');
    await owner.query(
      `UPDATE log_entry SET leaf = substring(leaf for length(leaf) - 1),
         leaf_hash = sha256('\\x00'::bytea || substring(leaf for length(leaf) - 1)) WHERE idx = 20`,
    );
    running.push(await edited);
  });
});
