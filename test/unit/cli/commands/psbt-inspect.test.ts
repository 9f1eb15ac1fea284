import { describe, expect, test } from '@jest/globals';
import { toBase64, utf8 } from '../../../../src/core/base/bytes.ts';
import { inGroups, run } from '../../../../src/cli/commands/psbt-inspect.ts';
import { addressOfScript } from '../../../../src/core/wallet/network.ts';
import {
  accountOf,
  draftOf,
  editPsbt,
  multi,
  stranger,
  walletOf,
  wpkh,
} from '../../../support/psbt.ts';

const descriptor = multi('sortedmulti', 2, ['hot', 'alice', 'bob']);
const wallet = walletOf(descriptor);
const draft = draftOf(wallet);
const base64 = toBase64(draft.psbt);
const files: Record<string, Uint8Array> = {
  binary: draft.psbt,
  base64: utf8(`${base64}\n`),
  wrapped: utf8(base64.replace(/.{64}/g, '$&\n')),
  rubbish: utf8('rubbish'),
  bare: editPsbt(draft.psbt, (maps) => maps[1]?.shift()),
};

async function call(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const status = await run(args, {
    stdin: () => Promise.resolve(draft.psbt),
    out: (text) => (out += text),
    err: (text) => (err += text),
    readFile: (path) => {
      const bytes = files[path];
      return bytes === undefined
        ? Promise.reject(new Error('no such file'))
        : Promise.resolve(bytes);
    },
  });
  return { status, out, err };
}

const with_ = ['--descriptor', descriptor, '--network', 'regtest'];

describe('psbt inspect', () => {
  test.each(['binary', 'base64', 'wrapped', '-'])(
    'reads %s and prints one JSON line',
    async (file) => {
      const { status, out, err } = await call(file, ...with_, '--json');
      expect([status, err]).toEqual([0, '']);
      expect(out).toMatch(/^[^\n]+\n$/);
      const [first, second] = draft.view.spend.inputs;
      expect(JSON.parse(out)).toMatchObject({
        ok: true,
        spend: {
          inputs: [
            { ...first, address: wallet.address(0, 3) },
            { ...second, address: wallet.address(1, 2) },
          ],
          payments: [{ address: addressOfScript(stranger, 'regtest'), sats: 80_000 }],
          change: [{ address: wallet.address(1, 5), sats: 39_000 }],
          feeSats: 1_000,
        },
        warnings: [],
      });
    },
  );

  test('shows people every amount and each address plain and in groups of four', async () => {
    const { status, out } = await call('binary', ...with_);
    expect(status).toBe(0);
    const [payment = ''] = /bcrt1q4w\S+/.exec(out) ?? [];
    expect(out).toContain(inGroups(payment));
    for (const text of ['0.00080000 BTC', '0.00039000 BTC', '1000 sat', wallet.address(1, 5)])
      expect(out).toContain(text);
  });

  test('takes a descriptor without checksum, and one of a single branch', async () => {
    const [body = ''] = descriptor.split('#');
    const plain = await call('binary', '--descriptor', body, '--network', 'sandbox', '--json');
    expect(plain.status).toBe(0);
    const single = body.replaceAll('<0;1>', '0');
    const { out } = await call('binary', '--descriptor', single, '--network', 'regtest', '--json');
    expect(JSON.parse(out)).toMatchObject({ refusal: { code: 'psbt.input.foreign' } });
  });

  test('answers a refusal with status 2, its code and facts', async () => {
    const { status, out, err } = await call('bare', ...with_, '--json');
    expect(status).toBe(2);
    expect(JSON.parse(out)).toEqual({
      ok: false,
      refusal: { code: 'psbt.input.utxo.missing', facts: { input: 0 } },
    });
    expect(err).toBe('psbt.input.utxo.missing\n');
    expect((await call('rubbish', ...with_)).err).toBe('psbt.malformed\n');
    const other = await call('binary', '--descriptor', wpkh('hot'), '--network', 'regtest');
    expect([other.status, other.err]).toEqual([2, 'psbt.input.foreign\n']);
  });

  test('never repeats a private key', async () => {
    const secret = accountOf('hot').node.toBase58();
    const args = ['binary', '--descriptor', `wpkh(${secret}/<0;1>/*)`, '--network', 'regtest'];
    const { status, out, err } = await call(...args);
    expect([status, err]).toEqual([2, 'wallet.key.private\n']);
    expect(out).not.toContain(secret.slice(4, 20));
  });

  test.each([
    [[]],
    [['binary', 'base64', ...with_]],
    [['binary', '--network', 'regtest']],
    [['binary', '--descriptor', descriptor]],
    [['binary', '--descriptor', descriptor, '--network', 'testnet']],
    [['binary', ...with_, '--highest', '-1']],
    [['binary', ...with_, '--highest', '1000001']],
    [['binary', ...with_, '--unknown']],
  ])('answers wrong usage with status 64: %j', async (args) => {
    const { status, out, err } = await call(...args);
    expect([status, out]).toEqual([64, '']);
    expect(err).toContain('Usage:');
  });

  test('answers a file that cannot be read with status 1, and --help with 0', async () => {
    expect((await call('nowhere', ...with_)).status).toBe(1);
    expect((await call('--help')).out).toContain('Usage:');
  });
});
