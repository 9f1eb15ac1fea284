import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ecc from 'tiny-secp256k1';
import { keyProofDigest, verifyKeyProof } from '../../src/core/approval/verify.ts';
import { toHex } from '../../src/core/base/bytes.ts';
import type { Result } from '../../src/core/base/result.ts';
import { peekKeyFile } from '../../src/keys/key-file.ts';
import { fixedKey } from '../../src/keys/fixed-key.ts';
import { openHotKey } from '../../src/keys/hot-key.ts';
import { formatModulePlace } from '../../src/keys/module-place.ts';
import type { ModuleKey } from '../../src/keys/pkcs11.ts';
import { createModuleKey, openModuleKey } from '../../src/keys/pkcs11.ts';
import { runCommandLine } from '../../src/signer/command-line.ts';
import type { Token } from '../support/softhsm.ts';
import { describeModule, startToken } from '../support/softhsm.ts';

/** The hot key in a hardware module, against SoftHSM: it is made there, signs there and never leaves. */

function codeOf(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.refusal.code;
}

describeModule('a key in a hardware module', (program) => {
  let token: Token;
  let folder: string;
  beforeAll(async () => {
    token = await startToken(program);
    folder = mkdtempSync(join(tmpdir(), 'countersign-module-'));
    expect(codeOf(await createModuleKey(token.place('hot'), token.pin))).toBe('ok');
  });
  afterAll(() => {
    token.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const withKey = async <T>(object: string, use: (key: ModuleKey) => T): Promise<T> => {
    const opened = await openModuleKey(token.place(object), token.pin);
    if (!opened.ok) throw new Error(JSON.stringify(opened.refusal));
    try {
      return use(opened.value);
    } finally {
      opened.value.close();
    }
  };
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

  test('signs with low S what its public key verifies, whatever the module answers', async () => {
    await withKey('hot', (key) => {
      let high = 0;
      const { sign } = fixedKey(key, 'regtest');
      const place = { publicKey: key.publicKey, branch: 0, index: 7, schnorr: null } as const;
      for (let at = 0; at < 40; at++) {
        const digest = hash(String(at));
        if (!ecc.verify(digest, key.publicKey, key.sign(digest), true)) high++;
        expect(ecc.verify(digest, key.publicKey, sign(place, digest), true)).toBe(true);
      }
      expect(high).toBeGreaterThan(0); // the module itself does not normalise
      expect(() => sign(place, hash('x').subarray(0, 31))).toThrow('32 bytes');
      expect(() => sign({ ...place, schnorr: { tweak: null } }, hash('x'))).toThrow('taproot');
    });
  });

  test('proves itself by ECDSA, which nothing else passes for', async () => {
    await withKey('hot', (key) => {
      const [org, document, firstAddress] = ['11'.repeat(32), '22'.repeat(32), 'bcrt1qfirst'];
      const proof = fixedKey(key, 'regtest').proveKey(org, document, firstAddress);
      const held = { org, document, wallet: 'hot-1', firstAddress };
      expect(verifyKeyProof(proof, held)).toBe(true);
      expect(verifyKeyProof(proof, { ...held, firstAddress: 'bcrt1qother' })).toBe(false);
      expect(verifyKeyProof({ ...proof, key: `02${'79be667e'.repeat(8)}` }, held)).toBe(false);
      const high = key.sign(keyProofDigest(org, document, firstAddress));
      const isLow = ecc.verify(
        keyProofDigest(org, document, firstAddress),
        key.publicKey,
        high,
        true,
      );
      expect(verifyKeyProof({ ...proof, signature: toHex(high) }, held)).toBe(isLow);
    });
  });

  test('is made once, and opens by its PIN alone', async () => {
    const place = token.place('hot');
    expect(codeOf(await createModuleKey(place, token.pin))).toBe('key.exists');
    expect(codeOf(await openModuleKey(place, '000000'))).toBe('key.module.pin');
    await withKey('hot', ({ publicKey }) => {
      expect(ecc.isPoint(publicKey)).toBe(true);
    });
  });

  test('is not found in another token, under another name, or without the library', async () => {
    const place = token.place('hot');
    for (const other of [
      { ...place, token: 'elsewhere' },
      { ...place, object: 'cold' },
      { ...place, module: '/nowhere/libpkcs11.so' },
    ])
      expect(codeOf(await openModuleKey(other, token.pin))).toBe('key.module.unavailable');
  });

  test('is refused where it was brought into the module', async () => {
    const pem = join(folder, 'key.pem');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    writeFileSync(pem, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const args = ['--import', pem, '--token', 'countersign', '--label', 'brought', '--id', 'ab'];
    const env = { ...process.env, ...token.env };
    execFileSync(program, [...args, '--pin', token.pin], { env, stdio: 'ignore' });
    expect(await openModuleKey(token.place('brought'), token.pin)).toMatchObject({
      refusal: { code: 'key.module.unfit' },
    });
  });

  test('is what prepare --module writes the place of, and nothing more', async () => {
    const keyFile = join(folder, 'keys.json');
    const { module, token: label } = token.place('x');
    let out = '';
    const status = await runCommandLine(
      [
        ...['prepare', '--wallet', 'hot-1', '--network', 'regtest', '--type', 'wsh'],
        ...['--key-file', keyFile, '--module', module, '--token', label, '--object', 'prepared'],
      ],
      {
        out: (line) => (out += line),
        err: () => undefined,
        passphrase: 'correct horse battery',
        pin: token.pin,
        askHidden: null,
        signal: AbortSignal.timeout(30_000),
        ready: () => undefined,
      },
    );
    expect(status).toBe(0);
    const { xpub, expression } = JSON.parse(out) as Record<string, string>;
    expect(expression).toBe(xpub);
    expect(readFileSync(keyFile, 'utf8')).not.toContain('tprv');
    expect(peekKeyFile(keyFile, 'signer')).toMatchObject({ value: { hotKey: xpub, module: true } });
    const secret = formatModulePlace(token.place('prepared'));
    const { pin } = token;
    const opened = await openHotKey(secret, { xpub: xpub ?? '', pin });
    if (!opened.ok) throw new Error(opened.refusal.code);
    expect(opened.value.xpub).toBe(xpub);
    opened.value.close();
    const other = formatModulePlace(token.place('hot'));
    expect(codeOf(await openHotKey(other, { xpub: xpub ?? '', pin }))).toBe('key.invalid');
    expect(codeOf(await openHotKey(`${secret}&pin-value=1`, { xpub: '', pin }))).toBe(
      'key.invalid',
    );
  });
});
