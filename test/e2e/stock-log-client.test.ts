import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fromHex } from '../../src/core/base/bytes.ts';
import { verifierKey } from '../../src/core/log/note.ts';
import { Instance } from '../../src/start/demo/instance.ts';
import { freePort } from '../../src/start/demo/regtest-node.ts';
import { Terminal } from '../../src/start/demo/terminal.ts';
import { DEMONSTRATION_PASSPHRASE } from '../../src/start/demonstration.ts';
import { describeProgram } from '../support/programs.ts';
import { sharedFolder, skipAloud } from '../support/shared.ts';

/** The log as standard clients know it: Go's own sumdb/note and tlog read it, unmodified. */

const run = promisify(execFile);
const name = 'a stock log client';
const script = join(sharedFolder() ?? '', 'tools', 'stock-log-client', 'run.sh');

if (sharedFolder() === undefined || !existsSync(script)) skipAloud(name, '../shared is not here');
else
  describeProgram('go', name, () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-stock-'));
    const home = join(folder, 'home');
    let instance: Instance;
    let vkey = '';

    beforeAll(async () => {
      chmodSync(folder, 0o755);
      mkdirSync(home, { mode: 0o755 });
      instance = await Instance.start({
        home,
        port: await freePort(),
        environment: { CHAIN: 'sandbox', LOG_PUBLIC: 'true' },
        log: join(folder, 'service.log'),
      });
      const { origin, logKey } = JSON.parse(
        readFileSync(join(home, 'organisation', 'organisation.json'), 'utf8'),
      ) as { readonly origin: string; readonly logKey: string };
      vkey = verifierKey(origin, fromHex(logKey));
    }, 120_000);

    afterAll(async () => {
      await instance.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    test('checks every entry, and that the log only grew', async () => {
      const log = `${instance.url}/log`;
      const first = await read(['-log', log, '-vkey', vkey]);
      expect(first).toMatchObject({ ok: true });
      const old = join(folder, 'old.checkpoint');
      writeFileSync(old, await (await fetch(`${log}/checkpoint`)).text());
      const terminal = new Terminal(join(home, 'cli'), DEMONSTRATION_PASSPHRASE, instance.url);
      const freeze = ['freeze', '--wallet', 'hot-2', '--reason', 'a new entry', '--yes'];
      expect(await terminal.call('officer', freeze)).toMatchObject({ status: 0 });
      expect(await read(['-log', log, '-vkey', vkey, '-old', old])).toMatchObject({ ok: true });
    }, 120_000);
  });

async function read(args: readonly string[]): Promise<unknown> {
  const { stdout } = await run('bash', [script, ...args]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
