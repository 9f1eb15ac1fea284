import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

/** What can be checked of the containers without an engine: they may do no more than they must. */

const root = resolve(import.meta.dirname, '../../..');
const read = (name: string): string => readFileSync(join(root, 'docker', name), 'utf8');

const service = z.looseObject({
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
  cap_add: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  ulimits: z.record(z.string(), z.number()).default({}),
  environment: z.record(z.string(), z.string()).default({}),
  command: z.array(z.string()).default([]),
  entrypoint: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  secrets: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  build: z.looseObject({ target: z.string() }).optional(),
});
const compose = z
  .looseObject({
    services: z.record(z.string(), service),
    networks: z.record(z.string(), z.looseObject({ internal: z.boolean().default(false) })),
    secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
  })
  .parse(parse(read('compose.yaml'), { merge: true }));
const services = Object.entries(compose.services);
const of = (name: string): z.infer<typeof service> => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`there is no service ${name}`);
  return found;
};

/** The instructions of the Dockerfile, continued lines joined, by the name of their stage. */
const stages = new Map<string, string[]>();
let stage = '';
for (const line of read('Dockerfile')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')) {
  const from = /^FROM \S+ AS (\S+)$/.exec(line)?.[1];
  if (from !== undefined) stages.set((stage = from), []);
  else if (line !== '' && !line.startsWith('#')) stages.get(stage)?.push(line);
}

describe('the containers', () => {
  test.each(services)(
    '%s has a read-only root, no new privileges and no capability to spare',
    (name, one) => {
      expect(one.read_only).toBe(true);
      expect(one.cap_drop).toEqual(['ALL']);
      expect(one.security_opt).toContain('no-new-privileges:true');
      if (name === 'postgres') return; // it changes its user itself, and is not ours
      expect(one.cap_add).toEqual([]);
      expect(one.security_opt).toContain('seccomp=seccomp.json');
      expect(one.ulimits).toEqual({ core: 0 });
    },
  );

  test.each(services)('%s has no secret in its environment', (_, { environment }) => {
    for (const [name, value] of Object.entries(environment)) {
      if (/PASS|SECRET|TOKEN|KEY|PIN|DATABASE_URL|COOKIE/.test(name)) expect(value).toMatch(/^\//);
      expect(value).not.toMatch(/\/\/[^/]*:[^/]*@/);
    }
  });

  test('every secret is a file that some service is given, and nobody is given another', () => {
    const given = services.flatMap(([, { secrets }]) => secrets);
    expect([...new Set(given)].sort()).toEqual(Object.keys(compose.secrets).sort());
    for (const name of ['signer-passphrase', 'sentinel-passphrase', 'log-key'])
      expect(given.filter((one) => one === name)).toHaveLength(1);
  });

  test('the signer has no port and reaches server and sentinel alone', () => {
    const signer = of('signer');
    expect(signer.ports).toEqual([]);
    expect(signer.networks).toEqual(['signing']);
    expect(compose.networks['signing']?.internal).toBe(true);
    const others = services.filter(([, { networks }]) => networks.includes('signing'));
    expect(others.map(([name]) => name).sort()).toEqual(['sentinel', 'server', 'signer']);
    expect(stages.get('signer')?.some((line) => line.startsWith('EXPOSE'))).toBe(false);
  });

  test('the database is reached by the server and its migration alone, and from no network outside', () => {
    const beside = services.filter(([, { networks }]) => networks.includes('database'));
    expect(beside.map(([name]) => name).sort()).toEqual(['migrate', 'postgres', 'server']);
    expect(compose.networks['database']?.internal).toBe(true);
    expect(of('server').secrets).not.toContain('owner-database-url');
    for (const [name, { ports }] of services)
      expect(ports).toEqual(name === 'server' ? ['127.0.0.1:3000:3000'] : []);
  });

  test('the sentinel looks at a node of its own', () => {
    const shared = of('server').networks.filter((name) => of('sentinel').networks.includes(name));
    expect(shared).toEqual(['signing']);
    expect(of('bitcoin-of-sentinel').networks).not.toContain('chain');
  });

  test('every image is a stage, runs as a user of its own, and its programs exist', () => {
    const users = new Set<string>();
    for (const [, { build, command, entrypoint }] of services) {
      if (build === undefined) continue;
      const lines = stages.get(build.target) ?? [];
      const user = lines.findLast((line) => line.startsWith('USER '));
      expect(user).toMatch(/^USER [1-9][0-9]{3,}:[1-9][0-9]{3,}$/);
      users.add(`${build.target} ${user ?? ''}`);
      const words = [...lines, ...entrypoint, ...command].join(' ');
      const programs = [...words.matchAll(/\b(?:dist|bin)\/[a-z/-]+\.js/g)].map(([path]) => path);
      expect(programs.length).toBeGreaterThan(0);
      for (const program of programs) {
        const source = program.replace(/^dist\/(.*)\.js$/, '$1.ts');
        expect([source, existsSync(join(root, source))]).toEqual([source, true]);
      }
    }
    expect(users.size).toBe(3);
  });

  test('every file that an image is built of exists, and the build sees no other', () => {
    const copied = [...stages.values()]
      .flat()
      .filter((line) => line.startsWith('COPY') && !line.includes('--from='))
      .flatMap((line) =>
        line
          .split(' ')
          .filter((word) => !word.startsWith('--'))
          .slice(1, -1),
      );
    const allowed = read('Dockerfile.dockerignore').split('\n');
    expect(allowed[0]).toBe('*');
    for (const path of copied) {
      expect([path, existsSync(join(root, path))]).toEqual([path, true]);
      expect(allowed).toContain(`!${path}`);
    }
  });
});

test('the system calls that are allowed are those of a service, and none that looks into others', () => {
  const profile = z
    .object({
      defaultAction: z.literal('SCMP_ACT_ERRNO'),
      syscalls: z.array(
        z.object({ names: z.array(z.string()), action: z.literal('SCMP_ACT_ALLOW') }),
      ),
    })
    .parse(JSON.parse(read('seccomp.json')));
  const names = new Set(profile.syscalls.flatMap((one) => one.names));
  for (const needed of ['read', 'clone3', 'futex', 'epoll_wait', 'mmap', 'getrandom', 'fdatasync'])
    expect(names).toContain(needed);
  const refused = ['ptrace', 'process_vm_readv', 'bpf', 'mount', 'unshare', 'setns', 'keyctl'];
  for (const name of [...refused, 'kexec_load', 'init_module', 'perf_event_open', 'io_uring_setup'])
    expect(names).not.toContain(name);
});
