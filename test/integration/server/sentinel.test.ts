import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Api } from '../../../src/client/api.ts';
import { Http } from '../../../src/client/http.ts';
import { LogFollower } from '../../../src/client/log-follower.ts';
import { ed25519ProofKey } from '../../../src/client/proof-key.ts';
import { fromUtf8 } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { SENTINEL } from '../../../src/core/governance/charter.ts';
import { LogService } from '../../../src/server/log/log.service.ts';
import { LogWatch } from '../../../src/sentinel/log-watch.ts';
import { codeOf, SentinelPlace, sentinelSecrets } from '../../support/sentinel-place.ts';
import { TestServer } from '../../support/server.ts';

let place: SentinelPlace;
let server: TestServer;

beforeAll(async () => {
  place = new SentinelPlace();
  place.world.now = Math.floor(Date.now() / 1000);
  server = await TestServer.start(place.world);
});
afterAll(async () => {
  await server.stop();
  place.remove();
});

/** The sentinel's way to the log of a server, proven by a seed. */
function watchBy(seed: Uint8Array, url = server.url): LogWatch {
  const api = new Api(new Http({ server: url, key: ed25519ProofKey(seed), timeoutMs: 5_000 }));
  const { sentinel, file, world } = place;
  const follower = new LogFollower({
    ...{ genesis: world.genesis, reader: api.log(), store: file.log },
  });
  return new LogWatch({ sentinel, follower, api, now: () => world.now });
}

const log = () => server.server.app.get(LogService);
const key = () => ed25519ProofKey(sentinelSecrets.key);

describe('a sentinel of the charter', () => {
  test('reads the log by its key, and no stranger does', async () => {
    const stranger = watchBy(new Uint8Array(32).fill(5));
    const refused = await stranger.follow();
    expect('ok' in refused && codeOf(refused)).toBe('session.unknown');
    const followed = await watchBy(sentinelSecrets.key).follow();
    expect(followed).toEqual({ ok: true, value: null });
    expect(place.sentinel.state()?.tree.size).toBe(log().head('organisation').size);
    expect(place.sentinel.witness.head().size).toBe(log().head('organisation').size);
  });

  test('lays its own freeze into the log, and the log takes it', async () => {
    const watch = watchBy(sentinelSecrets.key);
    const digest = place.sentinel.freeze('hot-1', 'a spend that no receipt explains');
    await watch.follow();
    for (let i = 0; i < 50 && !log().state().statements.has(digest); i++) await watch.follow();
    expect(log().state().freezes).toMatchObject([
      { digest, statement: { member: SENTINEL, device: 'watch-1', wallet: 'hot-1' } },
    ]);
    await watch.refresh();
    expect(place.sentinel.state()?.statements.has(digest)).toBe(true);
  });

  test('may do nothing else: neither what members do, nor hand in what others sign', async () => {
    const wallet = await server.send({ method: 'GET', path: '/v1/wallets/hot-1', key: key() });
    expect(wallet).toMatchObject({ status: 403, body: { code: 'caller.kind' } });
    const { world } = place;
    const statement = {
      ...{ type: 'freeze' as const, ...world.common('officer'), wallet: '*' },
      ...{ action: 'freeze' as const, lifts: [], reasonDigest: '00'.repeat(32) },
    };
    const entry = world.sign(statement);
    const signature = entry.type === 'statement' ? entry.signature : '';
    const body = {
      ...{ statement: fromUtf8(canonicalBytes(statement)) ?? '', signature, blobs: [] },
      reason: { salt: '00'.repeat(16), text: 'x' },
    };
    const posted = await server.send({ method: 'POST', path: '/v1/freezes', key: key(), body });
    expect(posted).toMatchObject({ status: 403, body: { code: 'session.member' } });
  });

  test('goes on answering from its disk while the server is away, and tells after ten minutes', async () => {
    place.restart();
    const away = watchBy(sentinelSecrets.key, 'http://127.0.0.1:9');
    expect(codeOf(place.sentinel.poll(place.polls()))).toBe('sentinel.unready');
    await away.restore();
    expect(codeOf(place.sentinel.poll(place.polls()))).toBe('ok');
    expect(await away.follow()).toMatchObject({ fault: expect.stringContaining('unreachable') });
    place.raised.length = 0;
    place.world.now += 600;
    await away.follow();
    expect(place.kinds()).toEqual([]);
    place.world.now += 1;
    await away.follow();
    await away.follow();
    expect(place.kinds()).toEqual(['away']);
  });
});
