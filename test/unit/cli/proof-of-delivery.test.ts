import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { toHex } from '../../../src/core/base/bytes.ts';
import { openMessage } from '../../../src/core/sentinel/messages.ts';
import { SentinelKeys } from '../../../src/sentinel/sentinel-keys.ts';
import type { Route } from '../../../src/sentinel/http-server.ts';
import { HttpServer } from '../../../src/sentinel/http-server.ts';
import { parseStatement, statementDigest } from '../../../src/core/approval/statement.ts';
import { sentinelRoutes } from '../../../src/sentinel/api-routes.ts';
import { SentinelPlace } from '../../support/sentinel-place.ts';
import { listedAddress } from '../../support/world.ts';
import { Bench } from './bench.ts';

let place: SentinelPlace;
let bench: Bench;
let answering: HttpServer;

beforeEach(async () => {
  place = new SentinelPlace();
  place.read();
  bench = await Bench.open(place.world, ['carol', 'officer', 'governor-1']);
  answering = await listen(routes());
});
afterEach(async () => {
  await answering.close();
  await bench.close();
  place.remove();
});

function routes(): readonly Route[] {
  const { sentinel, file, keys } = place;
  const none = { following: () => ({}), refresh: () => Promise.resolve() };
  return sentinelRoutes({ sentinel, file, keys, ...none });
}

function listen(served: readonly Route[]): Promise<HttpServer> {
  return HttpServer.listen({
    ...{ routes: served, host: '127.0.0.1', port: 0 },
    fault: (_, error) => {
      throw error;
    },
  });
}

/** Of the statement that a request brings. */
function digestOf(body: Uint8Array): string {
  const { statement = '' } = JSON.parse(Buffer.from(body).toString('utf8')) as {
    statement?: string;
  };
  const parsed = parseStatement(statement);
  return parsed.ok ? statementDigest(parsed.value) : '';
}

const url = () => `http://127.0.0.1:${String(answering.port)}`;
const freeze = (...more: readonly string[]) => {
  const words = ['--wallet', 'hot-1', '--reason', 'alarm', '--as', 'officer', '--yes'];
  return bench.json('freeze', ...words, ...more);
};
/** A server that says yes and drops what it got. */
const drop = () => {
  bench.server.other = (path) =>
    path === '/v1/freezes' ? { digest: '00'.repeat(32), index: 1 } : undefined;
};

describe('a "no"', () => {
  test('is delivered by inclusion in the log and by the word of a sentinel, at the same time', async () => {
    const typed = await freeze('--sentinel', url());
    expect(typed).toMatchObject({ status: 0, json: { ok: true, delivered: true } });
    expect(typed.json).toMatchObject({
      checkpoint: place.world.leaves.length,
      acknowledgements: [{ sentinel: 'watch-1', org: place.world.genesis }],
    });
    expect(place.sentinel.mailbox.last()).toBe(1);
    expect(place.world.state.freezes).toHaveLength(1);
  });

  test('hands out the acknowledgement, so that anybody may verify it', async () => {
    const { json } = await freeze('--sentinel', url());
    const [kept] = json['acknowledgements'] as readonly { text: string; signature: string }[];
    const { text = '', signature = '' } = kept ?? {};
    const opened = openMessage('taken', { text, signature }, toHex(place.keys.key));
    expect(opened.ok && opened.value.statement).toBe(json['freeze']);
  });

  test('dropped by a server that says it has it is delivered by the sentinel', async () => {
    drop();
    const typed = await freeze('--sentinel', url());
    expect(typed).toMatchObject({ status: 0, json: { delivered: true, checkpoint: null } });
    expect(place.world.state.freezes).toEqual([]);
    expect(place.sentinel.mailbox.last()).toBe(1);
  });

  test('dropped where there is no sentinel is NOT DELIVERED, by a code', async () => {
    drop();
    const typed = await freeze();
    expect(typed).toMatchObject({ status: 2, json: { ok: false, delivered: false } });
    expect(typed.said).toContain('statement.undelivered');
    const words = ['--wallet', 'hot-1', '--reason', 'alarm', '--as', 'officer', '--yes'];
    expect((await bench.type('freeze', ...words)).out).toContain('NOT DELIVERED');
  });

  test('reaches the sentinel while the server is away, on what this device had verified', async () => {
    const proposal = place.world.propose({ pays: [[listedAddress, 10_000]] });
    await bench.json('log', 'verify', '--as', 'carol');
    await bench.server.stop();
    const words = [proposal.name, '--reason', 'no', '--as', 'carol', '--yes'];
    const typed = await bench.json('reject', ...words, '--sentinel', url());
    expect(typed).toMatchObject({ status: 0, json: { delivered: true, checkpoint: null } });
    expect(place.answer().mailbox[0]?.statement).toMatchObject({
      ...{ type: 'approval', decision: 'reject', proposal: proposal.digest, member: 'carol' },
    });
  });

  test('is not delivered by the word of another key, nor where no charter is known', async () => {
    await bench.json('log', 'verify', '--as', 'officer');
    drop();
    await answering.close();
    const stranger = new SentinelKeys({
      ...{ key: new Uint8Array(32).fill(7), freezeKey: new Uint8Array(32).fill(8) },
    });
    answering = await listen([
      {
        ...{ method: 'POST', path: '/v1/statements', mostBytes: 65_536 },
        answer: (body) => ({
          ...{ status: 200, type: 'application/json' },
          body: JSON.stringify(
            stranger.message('taken', {
              ...{ org: place.world.genesis, sentinel: 'watch-1', at: '2026-11-02T12:00:00Z' },
              statement: digestOf(body),
            }),
          ),
        }),
      },
    ]);
    const typed = await freeze('--sentinel', url());
    expect(typed).toMatchObject({ status: 2, json: { delivered: false, acknowledgements: [] } });
    await bench.server.stop();
    const stopped = await freeze('--sentinel', 'http://127.0.0.1:9');
    expect(stopped.status).toBe(1);
    expect(stopped.said).toContain('NOT DELIVERED');
  });

  test('goes to every sentinel of the profile, whichever of them is away', async () => {
    drop();
    const typed = await freeze('--sentinel', 'http://127.0.0.1:9', '--sentinel', url());
    expect(typed).toMatchObject({ status: 0, json: { delivered: true } });
    expect(typed.json['acknowledgements']).toHaveLength(1);
  });
});
