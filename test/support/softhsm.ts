import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { once } from 'node:events';
import type { ModulePlace } from '../../src/keys/module-place.ts';
import { describeProgram } from './programs.ts';
import { skipAloud } from './shared.ts';

const libraries = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
];

/** A suite that needs SoftHSM and pkcs11js, which is compiled when it is installed; without, it counts as one skipped test. */
export function describeModule(name: string, suite: (program: string) => void): void {
  const compiled = resolve(
    import.meta.dirname,
    '../../node_modules/pkcs11js/build/Release/pkcs11.node',
  );
  if (existsSync(compiled)) describeProgram('softhsm2-util', name, suite);
  else skipAloud(name, 'pkcs11js was not compiled (python3, make, g++)');
}

/** A token of SoftHSM in a folder of its own. */
export interface Token {
  readonly pin: string;
  /** The environment in which programs find it. */
  readonly env: Readonly<Record<string, string>>;
  place(object: string): ModulePlace;
  end(): void;
}

/** Makes a token with the program `softhsm2-util`, for this process too. */
export async function startToken(program: string): Promise<Token> {
  const module = libraries.find((path) => existsSync(path));
  if (module === undefined) throw new Error('the library of SoftHSM is not beside its program');
  const folder = mkdtempSync(join(tmpdir(), 'countersign-softhsm-'));
  const config = join(folder, 'softhsm2.conf');
  const tokens = join(folder, 'tokens');
  mkdirSync(tokens);
  writeFileSync(config, `directories.tokendir = ${tokens}\nobjectstore.backend = file\n`);
  const env = { SOFTHSM2_CONF: config };
  const token = 'countersign';
  const pin = '123456';
  const args = ['--init-token', '--free', '--label', token, '--so-pin', '654321', '--pin', pin];
  execFileSync(program, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  await setEnvironment(env);
  return {
    pin,
    env,
    place: (object) => ({ module, token, object }),
    end: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Native libraries read the environment of the process; what tests see as `process.env` is a copy. */
async function setEnvironment(env: Readonly<Record<string, string>>): Promise<void> {
  const code = `Object.assign(process.env, ${JSON.stringify(env)})`;
  await once(new Worker(code, { eval: true, env: SHARE_ENV }), 'exit');
}
