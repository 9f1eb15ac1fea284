import { afterAll, describe, expect, test } from '@jest/globals';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSession, apiOf } from '../../src/client/session.ts';
import { emptyLog, frameOf, signStatement } from '../../src/client/statements.ts';
import type { Device, LogPosition } from '../../src/client/statements.ts';
import { zoneOf } from '../../src/client/time-zone.ts';
import { writeProfile } from '../../src/cli/profile.ts';
import { canonicalBytes } from '../../src/core/base/canonical.ts';
import { digest, sha256 } from '../../src/core/base/digest.ts';
import { toHex, utf8 } from '../../src/core/base/bytes.ts';
import type { Result } from '../../src/core/base/result.ts';
import { parseCheckpoint } from '../../src/core/log/checkpoint.ts';
import { parseNote } from '../../src/core/log/note.ts';
import { formatPackageLine } from '../../src/core/log/package.ts';
import { parsePolicyYaml } from '../../src/core/policy/yaml.ts';
import { createKeyFile } from '../../src/keys/key-file.ts';
import { startPostgres } from '../../src/server/database/embedded-postgres.ts';
import { migrate } from '../../src/server/database/migrate.ts';
import { initialiseSigner } from '../../src/signer/initialise.ts';
import { prepareSigner } from '../../src/signer/prepare.ts';
import { receiptKeyOf } from '../../src/signer/receipt-key.ts';
import { freePort } from '../../src/start/demo/regtest-node.ts';
import { Terminal } from '../../src/start/demo/terminal.ts';
import type { FoundingMember } from '../../src/start/founding.ts';
import { foundOrganisation } from '../../src/start/founding.ts';
import { builtProgram } from '../../src/start/program.ts';

/** A hundred members approve one proposal at once: one signature, one broadcast. */

const MEMBERS = 100;
const PASSPHRASE = 'worthless keys of a test';
const PAYEE = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
const policyText = `
policy: hot-1
timezone: Asia/Tokyo
limits: [{ name: per payment, amount: 1 BTC, per: transaction }]
fees: { rate: 300 sat/vB, share: 10%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: payments
    when: {}
    require: { approvals: { from: treasury, atLeast: 3 }, delay: 0s }
`;

const folder = mkdtempSync(join(tmpdir(), 'countersign-race-'));
chmodSync(folder, 0o755);
const ends: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

const seed = (text: string): Uint8Array => sha256(utf8(`race/${text}`));
const member = (id: string, group: string): FoundingMember => ({
  id,
  groups: [group],
  operators: null,
  device: { id: 'cli', secretKey: seed(id) },
});

function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
}

async function startChild(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const child = fork(builtProgram(program), [...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  ends.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await gone;
  });
  await new Promise<void>((ready, fail) => {
    child.once('message', () => {
      ready();
    });
    child.once('exit', (code) => {
      fail(new Error(`${program} ended with ${String(code)}`));
    });
  });
  return child;
}

/** Founds the organisation, and starts database, server and signer. Returns its genesis and the server. */
async function startAll(approvers: readonly FoundingMember[]) {
  const keyFile = join(folder, 'keys.json');
  const signer = valueOf(
    await prepareSigner({
      wallet: 'hot-1',
      network: 'sandbox',
      use: 'wpkh',
      keyFile,
      passphrase: PASSPHRASE,
      cost: 'worthless',
    }),
  );
  const logSeed = seed('log');
  const founded = valueOf(
    foundOrganisation({
      network: 'sandbox',
      log: { origin: 'countersign.example/race', key: receiptKeyOf(logSeed).publicKey },
      members: [
        ...approvers,
        member('operator', 'operators'),
        ...['governor-1', 'governor-2', 'governor-3'].map((id) => member(id, 'governors')),
        member('officer', 'officers'),
      ],
      governance: { group: 'governors', atLeast: 3, delaySeconds: 0 },
      coolDowns: { deviceSeconds: 0, destinationSeconds: 0 },
      recovery: null,
      initiators: ['operators'],
      officers: ['officers'],
      wallets: [
        {
          id: 'hot-1',
          hotKey: { xpub: signer.xpub, expression: signer.expression },
          cosigners: [],
          signerKey: signer.receiptKey,
          birth: 0,
          policy: valueOf(parsePolicyYaml(policyText, zoneOf)),
        },
      ],
      destinations: [],
      at: Math.floor(Date.now() / 1000) - 60,
    }),
  );
  writeFileSync(
    join(folder, 'founding.jsonl'),
    founded.lines.map((line) => `${formatPackageLine(line)}\n`).join(''),
  );
  writeFileSync(join(folder, 'log.key'), toHex(logSeed), { mode: 0o600 });
  const wallet = founded.wallets.get('hot-1');
  if (wallet === undefined) throw new Error('the wallet is founded');
  valueOf(
    await initialiseSigner({
      genesis: founded.genesis,
      wallet: 'hot-1',
      folder: join(folder, 'signer'),
      keyFile,
      passphrase: PASSPHRASE,
      cost: 'worthless',
      charter: canonicalBytes(founded.charter),
      walletDocument: canonicalBytes(wallet),
    }),
  );
  const postgres = await startPostgres(join(folder, 'postgres'));
  ends.push(() => postgres.stop());
  const port = await freePort();
  const server = `http://127.0.0.1:${String(port)}`;
  await startChild('server/main.js', [], {
    DATABASE_URL: await migrate(postgres.url),
    PORT: String(port),
    NETWORK: 'sandbox',
    CHAIN: 'sandbox',
    GENESIS: founded.genesis,
    FOUNDING: join(folder, 'founding.jsonl'),
    LOG_KEY_FILE: join(folder, 'log.key'),
    RATE_PER_SECOND: '100000',
  });
  await startChild(
    'signer/main.js',
    ['run', '--folder', join(folder, 'signer'), '--server', server],
    { COUNTERSIGN_PASSPHRASE: PASSPHRASE },
  );
  return { genesis: founded.genesis, server };
}

describe('a hundred approvals at once', () => {
  test('make one signature and one broadcast', async () => {
    const approvers = Array.from({ length: MEMBERS }, (_, i) =>
      member(`member-${String(i)}`, 'treasury'),
    );
    const { genesis, server } = await startAll(approvers);
    const terminal = await operatorsTerminal(genesis, server);
    const run = async (words: readonly string[]) => {
      const answer = await terminal.call('operator', words);
      expect({ words, status: answer.status, said: answer.said }).toMatchObject({ status: 0 });
      return answer.json;
    };
    await run(['sandbox', 'fund', '--wallet', 'hot-1', '--amount', '0.5 BTC']);
    await run(['sandbox', 'mine']);
    const proposed = await patiently(async () => {
      const answer = await terminal.call('operator', [
        ...['propose', '--wallet', 'hot-1', '--to', `${PAYEE}=0.1 BTC`],
        ...['--purpose', 'race', '--yes'],
      ]);
      return answer.status === 0 ? answer.json : null;
    });
    const proposal = String(proposed['proposal']);
    const shown = await run(['proposals', 'show', proposal]);
    const { spend } = shown['statement'] as { readonly spend: unknown };
    const log = await positionOf(server);

    const outcomes = await Promise.all(
      approvers.map(({ id, device }) =>
        approve({
          device: { member: id, device: device.id, secretKey: device.secretKey },
          genesis,
          server,
          proposal,
          spend: digest('spend', spend),
          log,
        }),
      ),
    );
    const unexpected = outcomes.filter((code) => !['applied', 'proposal.signed'].includes(code));
    expect(unexpected).toEqual([]);
    expect(outcomes.filter((code) => code === 'applied').length).toBeGreaterThanOrEqual(3);
    await patiently(async () => {
      const { stage } = await run(['proposals', 'show', proposal]);
      return stage === 'broadcast' ? true : null;
    });
    await run(['sandbox', 'mine']);
    const bundle = join(folder, 'evidence.jsonl');
    await run(['evidence', 'export', '--out', bundle]);
    const lines = readFileSync(bundle, 'utf8').split('\n');
    expect(lines.filter((line) => line.includes('"record":"signed"'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('"fact":"broadcast"'))).toHaveLength(1);
    const verified = await terminal.plain(['evidence', 'verify', bundle, '--genesis', genesis]);
    expect(verified.json).toMatchObject({ ok: true });
  }, 180_000);
});

async function operatorsTerminal(genesis: string, server: string): Promise<Terminal> {
  const home = join(folder, 'cli');
  const { id, device } = member('operator', 'operators');
  writeProfile(home, { server, genesis, member: id });
  const secretKey = toHex(device.secretKey);
  valueOf(
    await createKeyFile(
      join(home, 'keys', `${id}.json`),
      {
        purpose: 'device',
        public: { member: id, device: device.id, key: '00'.repeat(32), cosigner: null },
        secret: { member: id, device: device.id, secretKey, cosigner: null },
      },
      { passphrase: PASSPHRASE, associated: '', cost: 'worthless' },
    ),
  );
  return new Terminal(home, PASSPHRASE, server);
}

/** The newest checkpoint, unverified: this test is about racing, not about lying servers. */
async function positionOf(server: string): Promise<LogPosition> {
  const text = await (await fetch(`${server}/log/checkpoint`)).text();
  const head = valueOf(parseCheckpoint(valueOf(parseNote(text)).text));
  return { size: head.size, root: toHex(head.root) };
}

/** Opens a session and approves. Returns the refusal's code or "applied". */
async function approve(given: {
  readonly device: Device;
  readonly genesis: string;
  readonly server: string;
  readonly proposal: string;
  readonly spend: string;
  readonly log: LogPosition;
}): Promise<string> {
  const { device, genesis, server, proposal, spend, log } = given;
  const now = Math.floor(Date.now() / 1000);
  const session = await openSession({ server, org: genesis, device, log: emptyLog, now });
  if (!session.ok) return session.refusal.code;
  const frame = frameOf({
    org: genesis,
    device,
    log,
    previous: null,
    now,
    validSeconds: 3_600,
  });
  const signed = signStatement(
    {
      type: 'approval',
      ...frame,
      proposal,
      decision: 'approve',
      spend,
      partialSignatures: null,
      reasonDigest: null,
    },
    device.secretKey,
  );
  const sent = await apiOf(server, session.value.key).approve(signed, { blobs: [], reason: null });
  return sent.ok ? 'applied' : sent.refusal.code;
}

async function patiently<T>(ask: () => Promise<T | null>): Promise<T> {
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    const found = await ask();
    if (found !== null) return found;
    await sleep(300);
  }
  throw new Error('waited too long');
}
