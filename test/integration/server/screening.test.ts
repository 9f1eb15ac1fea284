import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { StartRefused } from '../../../src/server/config.ts';
import { readinessView } from '../../../src/server/health/health.schema.ts';
import { ScreeningService } from '../../../src/server/screening/screening.service.ts';
import { BroadcastService } from '../../../src/server/signing/broadcast.service.ts';
import { FactWriter } from '../../../src/server/signing/fact-writer.ts';
import { SigningController } from '../../../src/server/signing/signing.controller.ts';
import { LiveLog, until } from '../../support/live-log.ts';
import {
  ScreeningServer,
  drips,
  floods,
  says,
  sends,
  silent,
} from '../../support/screening-server.ts';
import { listedAddress, policyOf } from '../../support/world.ts';

const plain = policyOf('hot-1').replace('      delay: 60s\n', '');
const required = plain.replace('rules:', 'screening: required\nrules:');
const token = 'a-token-that-nobody-shall-read-anywhere';

const folder = mkdtempSync(join(tmpdir(), 'countersign-screening-'));
const tokenFile = join(folder, 'token');
const written: string[] = [];
let service: ScreeningServer;

/** Where questions are counted, none may be given up and asked again because this machine is busy. */
const patientSeconds = 30;
const environment = (timeoutSeconds = 1) => ({
  ...{ SCREENING_URL: service.url, SCREENING_TOKEN_FILE: tokenFile },
  ...{ SCREENING_TIMEOUT_SECONDS: String(timeoutSeconds), SCREENING_AGAIN_SECONDS: '1' },
});

beforeAll(async () => {
  writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream);
    jest.spyOn(stream, 'write').mockImplementation((...given) => {
      const text = String(given[0]);
      written.push(text);
      // What the servers write is read here and nowhere else.
      return text.includes('[Nest]') || (write as (...all: unknown[]) => boolean)(...given);
    });
  }
  service = await ScreeningServer.start();
});

afterAll(async () => {
  await service.stop();
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** What the log says of the screening of a proposal. */
const answersOf = async (live: LiveLog, { digest }: ProposalRecord) =>
  (await live.factsOf(digest)).flatMap((fact) =>
    fact.fact === 'screening' ? fact.destinations.map(({ answer }) => answer).join() : [],
  );
const answered = (live: LiveLog, proposal: ProposalRecord, all: readonly string[]) =>
  until(`the log says ${all.join(', ')}`, async () => {
    const found = await answersOf(live, proposal);
    return found.length >= all.length ? found : undefined;
  }).then((found) => {
    expect(found).toEqual(all);
  });
const broadcast = (live: LiveLog, { digest }: ProposalRecord) =>
  until('it is broadcast', async () =>
    (await live.factsOf(digest)).some(({ fact }) => fact === 'broadcast') ? true : undefined,
  );
const codeOf = async (live: LiveLog, proposal: ProposalRecord) => {
  await live.sync();
  const { outcome, refusal } = live.world.verdict(proposal);
  return refusal?.code ?? outcome;
};
const readiness = async (live: LiveLog) => {
  const response = await fetch(`${live.server().url}/readyz`);
  return readinessView.parse(await response.json());
};

describe('two processes under a policy that requires screening', () => {
  let live: LiveLog;

  beforeAll(async () => {
    live = await LiveLog.start(required, environment(patientSeconds), 2);
  }, 60_000);

  afterAll(async () => {
    await live.stop();
  });

  test('ask about a proposal once, with nothing more than the service needs, and broadcast what is cleared', async () => {
    const proposal = await live.propose();
    await answered(live, proposal, ['clear']);
    await live.approve(proposal);
    await live.round();
    expect(await codeOf(live, proposal)).toBe('signed');
    await broadcast(live, proposal);
    const [asked, ...others] = service.about(proposal.digest);
    expect(others).toEqual([]);
    expect(asked?.headers.authorization).toBe(`Bearer ${token}`);
    expect(asked?.question).toEqual({
      proposal: proposal.digest,
      network: 'sandbox',
      wallet: 'hot-1',
      reference: proposal.statement.reference,
      destinations: [
        {
          script: '0014751e76e8199196d454941c45d1b3a323f1433bd6',
          address: listedAddress,
          sats: 101_000,
          owner: 'exchange',
        },
      ],
    });
    expect(await answersOf(live, proposal)).toEqual(['clear']);
  });

  test('keep asking while it holds, and go on when it clears', async () => {
    service.reply = says('hold', 'case-17');
    const proposal = await live.propose();
    service.replies.set(proposal.digest, says('hold', 'case-17'));
    service.reply = says('clear');
    await answered(live, proposal, ['hold']);
    await live.approve(proposal);
    await live.round();
    expect(await codeOf(live, proposal)).toBe('screening.held');
    await until('it is asked again', () =>
      service.about(proposal.digest).length >= 3 ? true : undefined,
    );
    expect(await answersOf(live, proposal)).toEqual(['hold']);
    service.replies.delete(proposal.digest);
    await answered(live, proposal, ['hold', 'clear']);
    await live.round();
    expect(await codeOf(live, proposal)).toBe('signed');
    await broadcast(live, proposal);
  });

  test('take a denial as the last word, and ask no more', async () => {
    service.reply = says('deny', 'OFAC/2026-11');
    const proposal = await live.propose();
    await answered(live, proposal, ['deny']);
    service.reply = says('clear');
    await live.approve(proposal);
    await live.round();
    expect(await codeOf(live, proposal)).toBe('screening.denied');
    await sleep(2_500);
    expect(service.about(proposal.digest)).toHaveLength(1);
    expect(await answersOf(live, proposal)).toEqual(['deny']);
    expect(live.world.ledger.reservations.has(proposal.digest)).toBe(false);
  });
});

describe('two processes whose service fails', () => {
  let live: LiveLog;

  beforeAll(async () => {
    live = await LiveLog.start(required, environment(), 2);
  }, 60_000);

  afterAll(async () => {
    await live.stop();
  });

  const other = { script: '0014'.padEnd(44, 'a'), answer: 'clear' };
  const clearing = (script: string) => ({ script, answer: 'clear' });
  const body =
    (make: (script: string) => unknown) =>
    ({ destinations: [one] }: { readonly destinations: readonly { readonly script: string }[] }) =>
      JSON.stringify(make(one?.script ?? ''));
  const with200 =
    (make: (script: string) => unknown): ScreeningServer['reply'] =>
    (question, response) => {
      sends(200, body(make)(question))(question, response);
    };
  const failures: readonly (readonly [string, ScreeningServer['reply'], string])[] = [
    ['an error', sends(500, 'out of order'), 'screening.unreachable'],
    ['too many requests', sends(429, ''), 'screening.unreachable'],
    ['silence', silent, 'screening.unreachable'],
    ['an answer that never ends', drips, 'screening.unreachable'],
    ['a flood', floods, 'screening.answer.invalid'],
    ['a refused token', sends(401, ''), 'screening.credentials'],
    ['garbage', sends(200, '<html>clear</html>'), 'screening.answer.invalid'],
    ['no answer', sends(204, ''), 'screening.answer.invalid'],
    ['nobody', with200(() => ({ destinations: [] })), 'screening.answer.invalid'],
    ['another destination', with200(() => ({ destinations: [other] })), 'screening.answer.invalid'],
    [
      'one destination twice',
      with200((script) => ({ destinations: [clearing(script), clearing(script)] })),
      'screening.answer.invalid',
    ],
    [
      'one destination too many',
      with200((script) => ({ destinations: [clearing(script), other] })),
      'screening.answer.invalid',
    ],
    [
      'a word of its own',
      with200((script) => ({ destinations: [{ script, answer: 'CLEAR' }] })),
      'screening.answer.invalid',
    ],
    [
      'a but',
      with200((script) => ({ destinations: [{ ...clearing(script), unless: 'x' }] })),
      'screening.answer.invalid',
    ],
  ];

  test.each(failures)(
    '%s clears nobody, and is told',
    async (_, reply, code) => {
      service.reply = reply;
      const proposal = await live.propose();
      await until('the server tells', async () => {
        const { status, screening } = await readiness(live);
        if (screening.fault !== code || service.about(proposal.digest).length === 0)
          return undefined;
        return { status };
      }).then(({ status }) => {
        expect(status).toBe('degraded');
      });
      await live.approve(proposal);
      await live.round();
      expect(await codeOf(live, proposal)).toBe('screening.unanswered');
      expect(await answersOf(live, proposal)).toEqual([]);
      service.reply = says('clear');
      await answered(live, proposal, ['clear']);
      expect((await readiness(live)).screening).toEqual({
        ...{ configured: true, required: true, fault: null },
      });
      await live.round();
      expect(await codeOf(live, proposal)).toBe('signed');
    },
    60_000,
  );

  test('a redirect is not followed: the token is for one address', async () => {
    service.reply = sends(307, '', { location: `${service.origin}/elsewhere` });
    const proposal = await live.propose();
    await until('the server tells', async () =>
      (await readiness(live)).screening.fault === 'screening.answer.invalid' ? true : undefined,
    );
    service.reply = says('clear');
    await answered(live, proposal, ['clear']);
    expect(service.asked.filter(({ path }) => path !== '/screen')).toEqual([]);
  });

  test('a process that dies between answer and log leaves one answer in the end', async () => {
    const restore = live.servers.map((one) => {
      const writer = one.app.get(FactWriter);
      const write = writer.write.bind(writer);
      writer.write = () => Promise.reject(new Error('killed before it was written'));
      return () => {
        writer.write = write;
      };
    });
    const proposal = await live.propose();
    await until('it was answered', () => service.about(proposal.digest)[0]);
    await sleep(200);
    expect(await answersOf(live, proposal)).toEqual([]);
    for (const one of restore) one();
    await answered(live, proposal, ['clear']);
  });

  test('who asks at the same time asks once, and who asks again writes nothing', async () => {
    service.reply = silent;
    const proposal = await live.propose();
    await until('it was asked', () => service.about(proposal.digest)[0]);
    service.reply = says('clear');
    const screenings = live.servers.map((one) => one.app.get(ScreeningService));
    await answered(live, proposal, ['clear']);
    await Promise.all([...screenings, ...screenings].map((one) => one.ask(proposal.digest)));
    expect(await answersOf(live, proposal)).toEqual(['clear']);
  });

  test('a process that is ended while it asks leaves the question to the next', async () => {
    service.reply = silent;
    const proposal = await live.propose();
    await until('it was asked', () => service.about(proposal.digest)[0]);
    for (const one of live.servers.splice(0)) await one.close();
    service.reply = says('clear');
    await live.open();
    await answered(live, proposal, ['clear']);
  }, 60_000);

  test('the token stands in no log', () => {
    expect(written.join('')).toContain('screening.unreachable');
    expect(written.join('')).not.toContain(token);
    expect(written.join('')).not.toContain(service.url);
  });
});

describe('a policy that does not require it', () => {
  let live: LiveLog;

  beforeAll(async () => {
    service.reply = sends(503, '');
    live = await LiveLog.start(plain, environment());
  }, 60_000);

  afterAll(async () => {
    await live.stop();
  });

  test('waits for nobody, and says that nobody answers', async () => {
    const proposal = await live.propose();
    await live.approve(proposal);
    await live.round();
    expect(await codeOf(live, proposal)).toBe('signed');
    await broadcast(live, proposal);
    expect(await answersOf(live, proposal)).toEqual([]);
    const { status, screening } = await readiness(live);
    expect(status).toBe('ready');
    expect(screening).toMatchObject({ required: false, fault: 'screening.unreachable' });
  });

  test.each(['hold', 'deny'] as const)(
    'broadcasts nothing that is signed and then answered with %s',
    async (answer) => {
      const proposal = await live.propose();
      await live.approve(proposal);
      expect(await live.prepare()).toEqual([proposal.digest]);
      const destinations = [{ output: 0, answer, reference: 'case-17' }];
      const at = proposal.statement.issuedAt;
      const said = { fact: 'screening', at, proposal: proposal.digest, destinations } as const;
      await live.submit(...live.signatures(proposal.digest), { type: 'fact', fact: said });
      expect(await codeOf(live, proposal)).toBe('signed');
      const code = answer === 'hold' ? 'screening.held' : 'screening.denied';
      const { app } = live.server();
      expect(await app.get(BroadcastService).send(proposal.digest)).toMatchObject({
        ok: false,
        refusal: { code },
      });
      await expect(app.get(SigningController).broadcast(proposal.digest)).rejects.toMatchObject({
        refusal: { code },
      });
      await sleep(1_500);
      expect(await live.chain.transaction(proposal.txid)).toBeNull();
      expect((await live.factsOf(proposal.digest)).map(({ fact }) => fact)).toEqual(['screening']);
      if (answer === 'deny') return;
      const cleared = [{ output: 0, answer: 'clear' as const, reference: null }];
      await live.submit({ type: 'fact', fact: { ...said, destinations: cleared } });
      await app.get(SigningController).broadcast(proposal.digest);
      await broadcast(live, proposal);
    },
    60_000,
  );
});

describe('a server without a service', () => {
  test('whose policy requires one says so, and signs nothing', async () => {
    const live = await LiveLog.start(required, {});
    try {
      const proposal = await live.propose();
      await live.approve(proposal);
      await live.round();
      expect(await codeOf(live, proposal)).toBe('screening.unanswered');
      const { status, screening } = await readiness(live);
      expect(status).toBe('degraded');
      expect(screening).toEqual({
        ...{ configured: false, required: true, fault: 'screening.unconfigured' },
      });
      expect(written.join('')).toContain('ALERT: screening.unconfigured');
    } finally {
      await live.stop();
    }
  }, 60_000);

  test('does not start with a token that cannot be read or is none', async () => {
    const live = await LiveLog.start(plain, {});
    try {
      for (const [name, text] of [
        ['missing', null],
        ['empty', ''],
        ['words', 'two words'],
      ] as const) {
        const file = join(folder, name);
        if (text !== null) writeFileSync(file, text);
        const opened = live.open({ ...environment(), SCREENING_TOKEN_FILE: file });
        await expect(opened).rejects.toBeInstanceOf(StartRefused);
      }
    } finally {
      await live.stop();
    }
  }, 60_000);
});
