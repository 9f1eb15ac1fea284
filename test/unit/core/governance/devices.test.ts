import { describe, expect, test } from '@jest/globals';
import { initEccLib, payments } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { KEYS_COMPARED } from '../../../../src/core/base/limits.ts';
import { kindsLent, singleKeyScript } from '../../../../src/core/governance/devices.ts';
import {
  checkDistinctKeys,
  singleKeyScriptsOf,
} from '../../../../src/core/governance/distinct-keys.ts';
import type { CharterBody, CharterDevice } from '../../../../src/core/governance/document.ts';
import { documentDigest } from '../../../../src/core/governance/document.ts';
import { checkDocument } from '../../../../src/core/log/admit-document.ts';
import { addressOfScript, networkParameters } from '../../../../src/core/wallet/network.ts';
import { accountKeyOf } from '../../../../src/keys/account-key.ts';
import { change, governors, newest, nextVersion, publish } from '../../../support/governing.ts';
import { codeOf } from '../../../support/psbt.ts';
import { MessageDevice, coldcard, enrol, withDevices } from '../../../support/wallet-device.ts';
import { World } from '../../../support/world.ts';

initEccLib(ecc);

const regtest = networkParameters('regtest');
const world = new World({ second: true });
world.start();
world.start(world.secondSigner);
world.round();
world.secondRound();

/** What the log says of a charter with further devices of carol, or of somebody else. */
const code = (device: CharterDevice, member = 'carol'): string => added({ [member]: [device] });
const added = (devices: Parameters<typeof withDevices>[1]): string =>
  said((body) => withDevices(body, devices));
const said = (change: (body: CharterBody) => CharterBody): string => {
  const document = nextVersion(world, 'charter', change);
  return codeOf(checkDocument(world.state, document, documentDigest(document)));
};
const message = (key: string): CharterDevice => ({
  id: 'ledger',
  kind: 'message',
  key,
  suspended: false,
});
const { address, publicKey } = new MessageDevice('carol');

describe('the address of a message device', () => {
  test('is of one key, as wallets write it, on any network', () => {
    expect(code(message(address))).toBe('passed');
    for (const network of ['bitcoin', 'testnet'] as const) {
      const found = payments.p2wpkh({
        pubkey: publicKey,
        network: { bitcoin: networkParameters('mainnet'), testnet: networkParameters('signet') }[
          network
        ],
      });
      expect(code(message(found.address ?? ''))).toBe('passed');
    }
    const taproot = payments.p2tr({ internalPubkey: publicKey.subarray(1), network: regtest });
    expect(code(message(taproot.address ?? ''))).toBe('passed');
  });

  test('is none of several keys, of none, or in other letters', () => {
    const several = payments.p2wsh({ hash: new Uint8Array(32).fill(1), network: regtest });
    expect(code(message(several.address ?? ''))).toBe('device.key.invalid');
    expect(code(message('x'.repeat(40)))).toBe('device.key.invalid');
    expect(code(message(address.toUpperCase()))).toBe('device.key.invalid');
    expect(singleKeyScript(several.address ?? '')).toBeNull();
  });

  test('belongs to no wallet: neither its addresses within the gap nor those of its keys alone', () => {
    const { wallet } = world.wallet;
    const single = (key: Uint8Array) =>
      payments.p2wpkh({ pubkey: key, network: regtest }).address ?? '';
    expect(code(message(single(wallet.keyAt(1, 0, 0))))).toBe('device.address.wallet');
    expect(code(message(single(wallet.keyAt(0, 1, KEYS_COMPARED - 1))))).toBe(
      'device.address.wallet',
    );
    expect(code(message(single(wallet.keyAt(0, 1, KEYS_COMPARED))))).toBe('passed');
    const second = world.state.wallets.get('hot-2');
    if (second === undefined) throw new Error('the second wallet is in force');
    const { gapLimit } = second.body;
    const charter = newest(world, 'charter').body;
    const own = (index: number) => message(second.wallet.address(1, index));
    expect(code(own(0))).toBe('device.address.wallet');
    expect(code(own(gapLimit - 1))).toBe('device.address.wallet');
    expect(code(own(gapLimit))).toBe('passed');
    const wider = { ...second, body: { ...second.body, gapLimit: gapLimit + 5 } };
    const beside = (index: number) =>
      codeOf(checkDistinctKeys(withDevices(charter, { carol: [own(index)] }), [wider]));
    expect(beside(gapLimit + 4)).toBe('device.address.wallet');
    expect(beside(gapLimit + 5)).toBe('passed');
  });

  test('is of no key that stands in the charter otherwise', () => {
    const secret = world.members.get('alice')?.device.secretKey ?? new Uint8Array();
    const key = ecc.pointFromScalar(secret, true) ?? new Uint8Array();
    const forms = [
      payments.p2wpkh({ pubkey: key, network: regtest }),
      payments.p2pkh({ pubkey: key, network: regtest }),
      payments.p2sh({
        redeem: payments.p2wpkh({ pubkey: key, network: regtest }),
        network: regtest,
      }),
      payments.p2tr({ internalPubkey: key.subarray(1), network: regtest }),
    ];
    for (const form of forms) expect(code(message(form.address ?? ''))).toBe('charter.key.reused');
    const raw = fromHex(`5120${toHex(key.subarray(1))}`);
    expect(code(message(addressOfScript(raw, 'regtest') ?? ''))).toBe('charter.key.reused');
    expect(singleKeyScriptsOf('00'.repeat(32)).size).toBe(0);
  });
});

describe('one key', () => {
  const cosigner = coldcard(world);

  test('is no two kinds, devices, members or wallets', () => {
    const x = ecc.xOnlyPointFromScalar(new MessageDevice('carol').secretKey);
    const asKey: CharterDevice = { id: 'pc', kind: 'secp256k1', key: toHex(x), suspended: false };
    expect(added({ carol: [message(address), asKey] })).toBe('charter.key.reused');
    expect(added({ carol: [message(address)], bob: [message(address)] })).toBe(
      'charter.key.reused',
    );
    const mainnet = payments.p2wpkh({ pubkey: publicKey }).address ?? '';
    expect(added({ carol: [message(address)], bob: [message(mainnet)] })).toBe(
      'charter.key.reused',
    );
    expect(added({ alice: [cosigner, { ...cosigner, id: 'twin' }] })).toBe('charter.key.reused');
  });

  test('of a wallet is no device key, and no recovery key', () => {
    const key = toHex(world.wallet.wallet.keyAt(1, 0, 3).subarray(1));
    const asKey: CharterDevice = { id: 'pc', kind: 'secp256k1', key, suspended: false };
    expect(code(asKey)).toBe('charter.key.reused');
    const recovery = { keys: [{ id: 'paper', key }], needed: 1, delaySeconds: 14 * 86_400 };
    expect(said((body) => ({ ...body, recovery }))).toBe('charter.key.reused');
  });

  test('never becomes that of another device, in whatever letters it is written', () => {
    const other = new World();
    other.start();
    enrol(other, { carol: [message(address)] });
    const mainnet = payments.p2wpkh({ pubkey: publicKey }).address ?? '';
    const moved = nextVersion(other, 'charter', (body) =>
      withDevices(
        {
          ...body,
          members: body.members.map((member) => ({
            ...member,
            devices: member.devices.filter(({ kind }) => kind !== 'message'),
          })),
        },
        { bob: [message(mainnet)] },
      ),
    );
    expect(publish(other, moved)).toBe('charter.key.reused');
    // Nor later, when the charter before knows it no more: it is confirmed already.
    const without = (body: CharterBody): CharterBody => ({
      ...body,
      members: body.members.map((member) => ({
        ...member,
        devices: member.devices.filter(({ kind }) => kind !== 'message'),
      })),
    });
    const kept = newest(other, 'charter');
    change(other, 'charter', governors, without);
    other.round();
    const later = nextVersion(other, 'charter', (body) =>
      withDevices(body, { bob: [message(mainnet)] }),
    );
    expect(publish(other, later)).toBe('charter.key.reused');
    change(other, 'charter', governors, () => kept.body);
    other.round();
    const renamed = nextVersion(other, 'charter', (body) => ({
      ...body,
      members: body.members.map((member) => ({
        ...member,
        devices: member.devices.map((device) =>
          device.kind === 'message' ? { ...device, key: new MessageDevice('x').address } : device,
        ),
      })),
    }));
    expect(publish(other, renamed)).toBe('charter.changed');
  });
});

describe('the key of a psbt device', () => {
  const cosigner = coldcard(world);

  test('is one of the wallet that its member holds, and stands there and here', () => {
    expect(code(cosigner, 'alice')).toBe('passed');
    expect(code(cosigner, 'bob')).toBe('device.wallet.foreign');
    expect(code({ ...cosigner, key: world.hot.xpub }, 'alice')).toBe('device.wallet.foreign');
    expect(code({ ...cosigner, key: world.bobs.xpub }, 'alice')).toBe('device.wallet.foreign');
    expect(code({ ...cosigner, wallet: 'hot-2' }, 'alice')).toBe('device.wallet.foreign');
  });

  test('signs proposals: one that waits for a recovery path lends nothing and is none', () => {
    const other = new World({
      wallet: ({ hot, alice, bob }) => ({
        body: `wsh(or_d(multi(2,${hot},${bob}),and_v(v:pkh(${alice}),older(4320))))`,
        outside: [],
      }),
    });
    other.start();
    other.round();
    const enrolled = (member: string, key: string) =>
      publish(
        other,
        nextVersion(other, 'charter', (body) =>
          withDevices(body, { [member]: [{ ...coldcard(other), key }] }),
        ),
      );
    expect(enrolled('alice', other.cosigner.xpub)).toBe('device.wallet.foreign');
    expect(enrolled('bob', other.bobs.xpub)).toBe('applied');
  });

  test('may wait for its wallet, which then has to have it', () => {
    const account = accountKeyOf(new Uint8Array(32).fill(9), 'wsh', 'regtest');
    const later = { ...cosigner, wallet: 'cold-1', key: account.xpub };
    expect(code(later, 'alice')).toBe('passed');
    expect(code({ ...later, key: cosigner.key }, 'alice')).toBe('charter.key.reused');
  });

  test('is an extended public key', () => {
    expect(code({ ...cosigner, wallet: 'cold-1', key: 'x'.repeat(111) }, 'alice')).toBe(
      'device.key.invalid',
    );
    expect(code({ ...cosigner, wallet: 'cold-1', key: world.cosigner.xprv }, 'alice')).toBe(
      'device.key.invalid',
    );
  });
});

describe('a charter of many wallet devices', () => {
  const seeds = Array.from({ length: 64 }, (_, i) => new Uint8Array(32).fill(i + 1));
  const devices = seeds.map((seed, i): CharterDevice => {
    const { xpub } = accountKeyOf(seed, 'wsh', 'regtest');
    return { id: `d-${String(i)}`, kind: 'psbt', wallet: 'cold-1', key: xpub, suspended: false };
  });
  const members = [0, 16, 32, 48].map((from) => ({
    id: `m-${String(from)}`,
    groups: [],
    devices: devices.slice(from, from + 16),
    operators: null,
    suspended: false,
  }));
  const { body } = newest(world, 'charter');

  // Reading an extended key takes milliseconds here: once a device it is a fifth of a second, once a device and wallet a minute.
  test('is looked through beside many wallets in the time that reading each key once takes', () => {
    const wallets = Array.from({ length: 64 }, () => world.wallet);
    const charter = { ...body, members: [...body.members, ...members] };
    const from = performance.now();
    expect(codeOf(checkDistinctKeys(charter, wallets))).toBe('passed');
    expect(performance.now() - from).toBeLessThan(10_000);
  });
});

describe('the kinds that devices lend', () => {
  const key: CharterDevice = {
    id: 'cli',
    kind: 'secp256k1',
    key: '00'.repeat(32),
    suspended: false,
  };
  const shows = coldcard(world);

  test('are their own, and that of a wallet device at its wallet beside one that makes the statement', () => {
    expect(kindsLent([key, message(address), shows], 'hot-1')).toEqual([
      'secp256k1',
      'message',
      'psbt',
    ]);
    expect(kindsLent([key, shows], 'hot-2')).toEqual(['secp256k1']);
    expect(kindsLent([key, shows], null)).toEqual(['secp256k1']);
    expect(kindsLent([shows], 'hot-1')).toEqual([]);
  });
});
