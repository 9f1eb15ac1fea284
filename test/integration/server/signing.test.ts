import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Transaction } from 'bitcoinjs-lib';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from '../../../src/client/api.ts';
import type { PostedReceipt } from '../../../src/client/api.ts';
import { Http } from '../../../src/client/http.ts';
import { fromUtf8, toHex } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { sats } from '../../../src/core/base/sats.ts';
import type { Fact } from '../../../src/core/log/entry.ts';
import { blobsOf, blobsOfCoins, parseEntry } from '../../../src/core/log/entry.ts';
import { parsePackageLine } from '../../../src/core/log/package.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { admit, advance, createState } from '../../../src/core/log/state.ts';
import type { RunningServer } from '../../../src/server/app.ts';
import { startServer } from '../../../src/server/app.ts';
import { ChainService } from '../../../src/server/chain/chain.service.ts';
import type { Sandbox } from '../../../src/server/chain/sandbox.ts';
import { UnitOfWork } from '../../../src/server/database/unit-of-work.ts';
import { EvidenceService } from '../../../src/server/evidence/evidence.service.ts';
import { readinessView } from '../../../src/server/health/health.schema.ts';
import { LogService } from '../../../src/server/log/log.service.ts';
import { SequencerService } from '../../../src/server/log/sequencer.service.ts';
import { decide } from '../../../src/signer/decide.ts';
import { nobodysWord } from '../../../src/signer/sentinels.ts';
import { BroadcastQueue } from '../../../src/server/signing/broadcast-queue.ts';
import { BroadcastService } from '../../../src/server/signing/broadcast.service.ts';
import {
  ConfirmationService,
  ConfirmationStores,
} from '../../../src/server/signing/confirmation.service.ts';
import { factsDue } from '../../../src/server/signing/facts-due.ts';
import { PlaceStore } from '../../../src/server/signing/place.store.ts';
import { FactWriter } from '../../../src/server/signing/fact-writer.ts';
import { SigningController } from '../../../src/server/signing/signing.controller.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { startTestDatabase } from '../../support/postgres.ts';
import type { FoundingFiles } from '../../support/sequencers.ts';
import { configOf, foundingFiles } from '../../support/sequencers.ts';
import { World, listedAddress, policyOf } from '../../support/world.ts';

const policy = policyOf('hot-1').replace('      delay: 60s\n', '');

/** Waits for something that the server does by itself. */
async function until<T>(what: string, probe: () => Promise<T | undefined> | T | undefined) {
  const end = performance.now() + 20_000;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
    await sleep(50);
  }
}

/** The receipts among leaves as their signer posts them. */
function posted(world: World, leaves: readonly Uint8Array[]): readonly PostedReceipt[] {
  return leaves.flatMap((leaf) => {
    const entry = parseEntry(leaf);
    if (!entry.ok || entry.value.type !== 'receipt') return [];
    const { receipt, signature } = entry.value;
    const blobs = blobsOf(entry.value).map((sha256) => world.store.get(sha256) ?? new Uint8Array());
    return [{ receipt: fromUtf8(canonicalBytes(receipt)) ?? '', signature, blobs }];
  });
}

describe('signed proposals on two server processes', () => {
  const world = new World({ network: 'sandbox', policy });
  const servers: RunningServer[] = [];
  let database: TestDatabase;
  let files: FoundingFiles;
  let amount = 100_000;

  const server = (at = 0): RunningServer => {
    const found = servers[at];
    if (found === undefined) throw new Error('both run');
    return found;
  };
  const log = (at = 0): LogService => server(at).app.get(LogService);
  const chain = (): Sandbox => {
    const { sandbox } = server().app.get(ChainService);
    if (sandbox === null) throw new Error('it is the sandbox');
    return sandbox;
  };
  const open = () =>
    startServer(
      configOf({
        ...files.environment,
        NETWORK: 'sandbox',
        CHAIN: 'sandbox',
        DATABASE_URL: database.runtimeUrl,
        PORT: '0',
        LOG_LEVEL: 'error',
      }),
    );

  beforeAll(async () => {
    world.now = Math.floor(Date.now() / 1000) - 600;
    database = await startTestDatabase();
    files = foundingFiles(world);
    servers.push(await open());
    servers.push(await open());
    await receipts(() => {
      world.start();
      world.round();
    });
  }, 60_000);

  afterAll(async () => {
    for (const one of servers) await one.close();
    await database.stop();
    files.remove();
  });

  /** The follower has read the chain, and every fact that is due stands in the log: the server writes nothing of itself. */
  const quiet = () =>
    until('nothing is due', async () => {
      for (const one of servers) one.app.get(ChainService).wake();
      const { app } = server();
      // First that the follower has read everything, then what is due by what it read: the other way round misses a block.
      const read = await app.get(ChainService).followedTip();
      const { height, hash } = await chain().tip();
      if (read?.hash !== hash) return undefined;
      const { facts, proposals } = log().state();
      const asked = [...facts].map(([digest, known]) => ({
        txid: proposals.get(digest)?.txid ?? '',
        confirmedAt: known.confirmed?.height ?? null,
        known,
      }));
      const places = await app.get(PlaceStore).places(asked);
      const isDue = asked.some(({ txid, known }) => {
        const place = places.get(txid);
        return place !== undefined && factsDue(known, place, height).length > 0;
      });
      // What the node has and the log does not say yet is being written down just now.
      for (const { digest, txid } of proposals.values())
        if (!facts.has(digest) && (await chain().transaction(txid)) !== null) return undefined;
      return isDue ? undefined : true;
    });

  /** The world reads what the server wrote of itself. */
  const sync = () =>
    until('the world has read the whole log, as both processes know it', async () => {
      await quiet();
      const { size } = log().head('organisation');
      const from = world.leaves.length;
      for (const { leaf } of await log().leaves(from, size - from)) world.append(leaf);
      const mine = toHex(world.state.tree.root());
      const isRead = () =>
        [log(0), log(1)].every((one) => toHex(one.head('organisation').root) === mine);
      if (!isRead()) return undefined;
      // On a busy machine a fact may be on its way that nothing shows yet.
      await sleep(200);
      return isRead() ? true : undefined;
    });

  /** Hands in what the work appends to the world's log. */
  const handIn = async (work: () => void): Promise<void> => {
    await sync();
    const from = world.leaves.length;
    work();
    for (const leaf of world.leaves.slice(from)) {
      const entry = parseEntry(leaf);
      if (!entry.ok) throw new Error(entry.refusal.code);
      const named = new Set(blobsOf(entry.value));
      for (const sha256 of [...named])
        for (const parent of blobsOfCoins(world.store.get(sha256) ?? new Uint8Array()))
          named.add(parent);
      const blobs = [...named].map((sha256) => ({
        sha256,
        bytes: world.store.get(sha256) ?? new Uint8Array(),
      }));
      const submission = { kind: 'organisation', leaf, blobs, texts: [] } as const;
      const outcome = await server(1).app.get(SequencerService).submit(submission);
      if (!outcome.ok) throw new Error(JSON.stringify(outcome.refusal));
    }
  };

  /** Posts the receipts that the work appends, as a signer does. */
  const receipts = async (work: () => void, at = 0) => {
    await sync();
    const from = world.leaves.length;
    work();
    const all = posted(world, world.leaves.slice(from));
    const api = new Api(new Http({ server: server(at).url, key: null }));
    const answer = await api.postReceipts(all);
    expect(answer).toMatchObject({ ok: true });
    return { all, api, answer };
  };

  /** A payment of a real coin, approved; the signer has not seen it. */
  const approved = async (): Promise<ProposalRecord> => {
    const script = world.wallet.wallet.script(0, 0);
    const { txid } = await chain().fund(script, sats(10_000_000));
    await chain().mine(1);
    const funding = await chain().transaction(txid);
    const parent = Transaction.fromBuffer(funding?.raw ?? new Uint8Array());
    parent.stripWitnesses();
    const bytes = new Uint8Array(parent.toBuffer());
    world.blob(bytes);
    amount += 1_000;
    await sync();
    let proposal: ProposalRecord | undefined;
    await handIn(() => {
      const coins = [{ parent: bytes, branch: 0, index: 0, vout: 0 }] as const;
      proposal = world.propose({ pays: [[listedAddress, amount]], coins });
      for (const member of ['alice', 'bob', 'carol']) world.approve(member, proposal);
    });
    if (proposal === undefined) throw new Error('it was proposed');
    return proposal;
  };

  const signed = async (): Promise<ProposalRecord> => {
    const proposal = await approved();
    await receipts(() => world.round());
    return proposal;
  };

  const factsOf = async ({ digest }: ProposalRecord): Promise<readonly Fact['fact'][]> => {
    const leaves = await log().leaves(0, log().head('organisation').size);
    return leaves.flatMap(({ leaf }) => {
      const entry = parseEntry(leaf);
      if (!entry.ok || entry.value.type !== 'fact') return [];
      const { fact } = entry.value;
      return 'proposal' in fact && fact.proposal === digest ? [fact.fact] : [];
    });
  };
  const waitFor = (proposal: ProposalRecord, facts: readonly Fact['fact'][]) =>
    until(facts.join(', '), async () => {
      const found = await factsOf(proposal);
      return found.length >= facts.length ? found : undefined;
    });

  test('receipts answer with their indexes, the same when they are posted again, to whichever process', async () => {
    const proposal = await approved();
    const { all, api, answer } = await receipts(() => world.round());
    expect(all.length).toBeGreaterThan(3);
    const first = log().head('organisation').size - all.length;
    const indexes = all.map((_, at) => ({ index: first + at }));
    expect(answer).toEqual({ ok: true, value: { receipts: indexes } });
    expect(await api.postReceipts(all)).toEqual(answer);
    const other = new Api(new Http({ server: server(1).url, key: null }));
    await until('the other process has read them', () =>
      log(1).head('organisation').size >= first + all.length ? true : undefined,
    );
    expect(await other.postReceipts(all)).toEqual(answer);
    await waitFor(proposal, ['broadcast']);
  });

  test('a receipt of a stranger is refused and leaves nothing behind', async () => {
    await sync();
    const receipt = world.receipt({ record: 'sight', kind: 'document', object: '0'.repeat(64) });
    const { signature } = world.receiptKey.sign({ ...receipt, position: 9_999 });
    const text = fromUtf8(canonicalBytes(receipt)) ?? '';
    const api = new Api(new Http({ server: server().url, key: null }));
    expect(await api.postReceipts([{ receipt: text, signature, blobs: [] }])).toMatchObject({
      ok: false,
      refusal: { code: 'receipt.unauthorised' },
    });
    const good = world.receiptKey.sign(receipt).signature;
    const stray = [{ receipt: text, signature: good, blobs: [new Uint8Array(8)] }];
    expect(await api.postReceipts(stray)).toMatchObject({
      ok: false,
      refusal: { code: 'log.blob.unasked' },
    });
    const gap = { ...receipt, position: receipt.position + 5 };
    const later = {
      receipt: fromUtf8(canonicalBytes(gap)) ?? '',
      signature: world.receiptKey.sign(gap).signature,
      blobs: [],
    };
    expect(await api.postReceipts([later])).toMatchObject({
      ok: false,
      refusal: { code: 'receipt.position' },
    });
  });

  test('a signed proposal reaches the node once and the log once, however many processes race', async () => {
    const known: string[] = [];
    for (const one of servers) {
      const { sandbox } = one.app.get(ChainService);
      if (sandbox === null) continue;
      const broadcast = sandbox.broadcast.bind(sandbox);
      sandbox.broadcast = async (raw) => {
        const sent = await broadcast(raw);
        if (sent.ok) known.push(sent.value.known);
        return sent;
      };
    }
    const proposal = await signed();
    await until('both processes know of the signature', () =>
      servers.every((_, at) => log(at).state().ledgers.get('hot-1')?.signed.has(proposal.digest))
        ? true
        : undefined,
    );
    const racers = servers.flatMap((one) => [one, one, one]);
    const outcomes = await Promise.all(
      racers.map((one) => one.app.get(BroadcastService).send(proposal.digest)),
    );
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    await Promise.all(servers.map((one) => one.app.get(BroadcastQueue).kick(proposal.digest)));
    await waitFor(proposal, ['broadcast']);
    await sleep(1_500); // whatever else was queued has had its turn
    expect(known.filter((one) => one === 'new')).toHaveLength(1);
    expect(await factsOf(proposal)).toEqual(['broadcast']);
    expect((await chain().transaction(proposal.txid))?.confirmations).toBe(0);
  });

  test('a process that dies between broadcast and fact leaves one fact in the end', async () => {
    const proposal = await approved();
    const writers = servers.map((one) => one.app.get(FactWriter));
    const restore = writers.map((writer) => {
      const write = writer.write.bind(writer);
      writer.write = () => Promise.reject(new Error('killed before it was written'));
      return () => {
        writer.write = write;
      };
    });
    await receipts(() => world.round());
    await until(
      'the node has it',
      async () => (await chain().transaction(proposal.txid)) ?? undefined,
    );
    await sleep(300);
    expect(await factsOf(proposal)).toEqual([]);
    for (const one of restore) one();
    expect(await waitFor(proposal, ['broadcast'])).toEqual(['broadcast']);
    await server(1).app.get(BroadcastService).send(proposal.digest);
    await server().app.get(FactWriter).write({
      fact: 'broadcast',
      proposal: proposal.digest,
      txid: proposal.txid,
    });
    expect(await factsOf(proposal)).toEqual(['broadcast']);
  });

  test('a reorganisation takes the confirmation back; the next block confirms, the sixth settles', async () => {
    const proposal = await signed();
    await waitFor(proposal, ['broadcast']);
    await chain().mine(1);
    await waitFor(proposal, ['broadcast', 'confirmed']);
    await chain().reorganise(1);
    const taken = ['broadcast', 'confirmed', 'unconfirmed'] as const;
    expect(await waitFor(proposal, taken)).toEqual(taken);
    await chain().mine(1);
    expect(await waitFor(proposal, [...taken, 'confirmed'])).toEqual([...taken, 'confirmed']);
    await chain().mine(5);
    const all = [...taken, 'confirmed', 'settled'] as const;
    expect(await waitFor(proposal, all)).toEqual(all);
    await sleep(1_500); // two more looks
    expect(await factsOf(proposal)).toEqual(all);
  });

  test('what the node forgot is sent again', async () => {
    const proposal = await signed();
    await waitFor(proposal, ['broadcast']);
    await chain().evict(proposal.txid);
    expect(await chain().transaction(proposal.txid)).toBeNull();
    const { app } = server();
    await new ConfirmationService(
      app.get(LogService),
      app.get(ChainService),
      app.get(BroadcastQueue),
      app.get(ConfirmationStores),
    ).look();
    await until('it is back', async () => (await chain().transaction(proposal.txid)) ?? undefined);
    expect(await factsOf(proposal)).toEqual(['broadcast']);
  });

  test('a broadcast that is asked for too early is refused with what is missing', async () => {
    const controller = server().app.get(SigningController);
    await expect(controller.broadcast('0'.repeat(64))).rejects.toThrow('proposal.unknown');
    const unsigned = await approved();
    await until('it was read', () => log().state().proposals.get(unsigned.digest));
    await expect(controller.broadcast(unsigned.digest)).rejects.toThrow('signer.pending');
    await receipts(() => {
      const { state, ledger, now } = world;
      for (const action of decide({ state, ledger, wallet: 'hot-1', now, word: nobodysWord })) {
        if (action.record === 'sign') break;
        world.journal(action);
      }
    });
    await expect(controller.broadcast(unsigned.digest)).rejects.toThrow('proposal.unsigned');
    await receipts(() => world.round());
    expect(await controller.broadcast(unsigned.digest)).toEqual({
      proposal: unsigned.digest,
      txid: unsigned.txid,
    });
    await waitFor(unsigned, ['broadcast']);
  });

  test('what the node refuses is tried again ever later, and at once when a person asks', async () => {
    let proposal: ProposalRecord | undefined;
    await handIn(() => {
      // A coin that no chain knows.
      proposal = world.propose({ pays: [[listedAddress, 55_000]] });
      for (const member of ['alice', 'bob', 'carol']) world.approve(member, proposal);
    });
    await receipts(() => world.round());
    const { digest } = proposal ?? { digest: '' };
    const { app } = server();
    const waiting = async (attempt: number) => {
      const rows = await app.get(UnitOfWork).plain.query<{ attempt: string | null }>(
        `SELECT data->>'attempt' AS attempt FROM pgboss.job
         WHERE name = 'broadcast' AND state = 'created' AND singleton_key = $1`,
        [digest],
      );
      expect(rows.length).toBeLessThan(2);
      return rows.some((row) => Number(row.attempt) === attempt) ? true : undefined;
    };
    await until('the third attempt waits', () => waiting(3));
    await app.get(BroadcastQueue).kick(digest);
    await until('it began anew', () => waiting(1));
    expect(log().state().facts.has(digest)).toBe(false);
  });

  test('when a process ends, the other follows the chain', async () => {
    const proposal = await signed();
    await waitFor(proposal, ['broadcast']);
    const follower = servers.find((one) => one.app.get(ChainService).status.following);
    expect(follower).toBeDefined();
    if (follower === undefined) return;
    servers.splice(servers.indexOf(follower), 1);
    await follower.close();
    await chain().mine(6);
    const all = ['broadcast', 'confirmed', 'settled'] as const;
    expect(await waitFor(proposal, all)).toEqual(all);
    servers.push(await open());
  });

  test('the evidence is the whole log, each blob before the entry that names it', async () => {
    const evidence = server().app.get(EvidenceService);
    const head = evidence.head();
    const state = createState(world.genesis);
    const blobs = new Map<string, Uint8Array>();
    const types: string[] = [];
    for await (const line of evidence.lines(head)) {
      const parsed = parsePackageLine(line.trimEnd());
      if (!parsed.ok) throw new Error(parsed.refusal.code);
      types.push(parsed.value.type);
      if (parsed.value.type === 'blob') {
        expect(blobs.has(parsed.value.sha256)).toBe(false);
        blobs.set(parsed.value.sha256, parsed.value.bytes);
      }
      if (parsed.value.type !== 'entry') continue;
      const { bytes } = parsed.value;
      const admission = admit(state, bytes, { blobs: (sha256) => blobs.get(sha256) });
      expect(admission.kind).toBe('apply');
      advance(state, bytes, admission);
    }
    expect(types[0]).toBe('checkpoint');
    expect(toHex(state.tree.root())).toBe(toHex(head.root));
  });

  test('readiness names the log, the chain and who does what, and no secret', async () => {
    const view = await until('it is ready', async () => {
      const answer = await fetch(`${server().url}/readyz`);
      const body = readinessView.parse(await answer.json());
      const isRead = body.chain.follower.height === body.chain.tip?.height;
      return answer.status === 200 && body.status === 'ready' && isRead ? body : undefined;
    });
    expect(view).toMatchObject({ database: 'up', chain: { source: 'sandbox', fault: null } });
    expect(await (await fetch(`${server().url}/healthz`)).json()).toEqual({ status: 'living' });
  });
});
