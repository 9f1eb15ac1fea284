import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The systemd units; `systemd-analyze verify` and `security` say more where systemd is. */

const root = resolve(import.meta.dirname, '../../..');
const folder = join(root, 'docker', 'systemd');
const units = readdirSync(folder).filter((name) => name.endsWith('.service'));

/** The values of a setting, in order. */
function valuesOf(unit: string, setting: string): readonly string[] {
  return readFileSync(join(folder, unit), 'utf8')
    .split('\n')
    .flatMap((line) => (line.startsWith(`${setting}=`) ? [line.slice(setting.length + 1)] : []));
}

const demanded = {
  NoNewPrivileges: 'yes',
  CapabilityBoundingSet: '',
  ProtectSystem: 'strict',
  ProtectHome: 'yes',
  PrivateTmp: 'yes',
  PrivateDevices: 'yes',
  ProtectKernelModules: 'yes',
  ProtectProc: 'invisible',
  RestrictNamespaces: 'yes',
  LockPersonality: 'yes',
  SystemCallArchitectures: 'native',
  LimitCORE: '0',
  UMask: '0077',
} as const;

test('server, signer and sentinel have one each', () => {
  expect(units.sort()).toEqual([
    'countersign-sentinel.service',
    'countersign-server.service',
    'countersign-signer@.service',
  ]);
});

describe.each(units)('%s', (unit) => {
  test.each(Object.entries(demanded))('has %s=%s', (setting, value) => {
    expect(valuesOf(unit, setting)).toEqual([value]);
  });

  test('filters system calls, but lets V8 compile', () => {
    expect(valuesOf(unit, 'SystemCallFilter')[0]).toBe('@system-service');
    expect(valuesOf(unit, 'MemoryDenyWriteExecute')).toEqual([]);
  });

  test('runs a program that exists as a user of its own, with secrets as credentials', () => {
    const [start = ''] = valuesOf(unit, 'ExecStart');
    const [program = ''] = /\/opt\/countersign\/(\S+)\.js/.exec(start)?.slice(1) ?? [];
    const source = program.startsWith('dist/') ? `${program.slice(5)}.ts` : `${program}.js`;
    expect([source, existsSync(join(root, source))]).toEqual([source, true]);
    expect(valuesOf(unit, 'User')[0]).toMatch(/^countersign/);
    expect(valuesOf(unit, 'Environment')).toEqual([]);
    expect(valuesOf(unit, 'LoadCredential').length).toBeGreaterThan(0);
  });
});

test('each has a user of its own', () => {
  expect(new Set(units.flatMap((unit) => valuesOf(unit, 'User'))).size).toBe(3);
});

test('the signer binds no port and reaches no address that nobody named', () => {
  const signer = 'countersign-signer@.service';
  expect(valuesOf(signer, 'SocketBindDeny')).toEqual(['any']);
  expect(valuesOf(signer, 'IPAddressDeny')).toEqual(['any']);
  expect(valuesOf(signer, 'IPAddressAllow')).toEqual(['localhost']);
});
