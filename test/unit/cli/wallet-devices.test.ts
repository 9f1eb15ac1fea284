import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BIP32Factory } from 'bip32';
import { Psbt } from 'bitcoinjs-lib';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ecc from 'tiny-secp256k1';
import { fromBase64, toBase64, toHex } from '../../../src/core/base/bytes.ts';
import { createKeyFile } from '../../../src/keys/key-file.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { networkParameters } from '../../../src/core/wallet/network.ts';
import { newest, nextVersion, policyBody, publish } from '../../support/governing.ts';
import {
  MessageDevice,
  changeByDisplay,
  coldcard,
  confirmBy,
  sayByMessage,
  trustDisplays,
  withDevices,
} from '../../support/wallet-device.ts';
import { World, policyOf, strangerAddress } from '../../support/world.ts';
import { Bench } from './bench.ts';
import type { Typed } from './bench.ts';

const twoPersons = policyOf('hot-1').replace('treasury, atLeast: 2', 'treasury, atLeast: 1');
const trusting = twoPersons
  .replace('{ from: treasury, atLeast: 1 }', '{ from: treasury, atLeast: 1, kinds: [psbt] }')
  .replace(
    '{ from: compliance, atLeast: 1 }',
    '{ from: compliance, atLeast: 1, kinds: [message] }',
  );
const members = ['operator', 'alice', 'bob', 'carol', 'officer', 'governor-1', 'governor-2'];
const ledger = new MessageDevice('carol');
const governor = new MessageDevice('governor-1');

let world: World;
let bench: Bench;
beforeEach(async () => {
  world = new World({ governorsNeeded: 2, policy: twoPersons });
  world.start();
  world.round();
  bench = await Bench.open(world, members);
});
afterEach(() => bench.close());

const as = (member: string, ...words: readonly string[]): Promise<Typed> =>
  bench.json(...words, '--as', member);
const codeOf = ({ json }: Typed): unknown =>
  (json['refusal'] as { code?: string } | undefined)?.code;
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(bench.home, name), content);
  return name;
};

/** Two calls: the first prints the line, the device signs it, the second sends it. */
async function byDevice(
  member: string,
  device: MessageDevice,
  ...words: readonly string[]
): Promise<Typed> {
  const asked = await as(member, ...words, '--device', device.id);
  if (asked.status !== 0) return asked;
  expect(asked.json).toMatchObject({ device: device.id, address: device.address, sent: false });
  const signature = file('signature.txt', `${device.sign(String(asked.json['line']))}\n`);
  const without = words.flatMap((word, at) =>
    word === '--reason' || words[at - 1] === '--reason' ? [] : [word],
  );
  return as(member, ...without, '--device', device.id, '--signature', signature);
}

/** Every key that the policy asks for, on a hardware wallet of its own. */
function trustAll(): void {
  trustDisplays(world);
  changeByDisplay(world, 'charter', (body) =>
    withDevices(body, { alice: [coldcard(world)], carol: [ledger.entry] }),
  );
  expect(confirmBy(world, 'carol', ledger)).toBe('applied');
  changeByDisplay(world, 'policy', () => policyBody(trusting));
}

/** What a wallet device does with a PSBT, done by bitcoinjs-lib. */
function signPsbt(unsigned: Uint8Array, proposal: ProposalRecord): Uint8Array {
  const network = networkParameters('regtest');
  const account = BIP32Factory(ecc).fromBase58(world.cosigner.xprv, network);
  const psbt = Psbt.fromBuffer(unsigned, { network });
  for (const [at, { branch, index }] of proposal.coins.entries())
    psbt.signInput(at, account.derive(branch).derive(index));
  return psbt.toBuffer();
}

async function signedPsbt(proposal: ProposalRecord): Promise<string> {
  const shown = await bench.json('proposals', 'show', proposal.name);
  const unsigned = fromBase64(String(shown.json['psbt'])) ?? new Uint8Array();
  return file('signed.psbt', toBase64(signPsbt(unsigned, proposal)));
}

describe('a policy that asks for trusted displays', () => {
  test('is satisfied by a signed line and a signed PSBT', async () => {
    trustAll();
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    expect(await as('carol', 'approve', proposal.name)).toMatchObject({ status: 0 });
    const psbt = await signedPsbt(proposal);
    expect(await as('alice', 'approve', proposal.name, '--psbt', psbt)).toMatchObject({
      status: 0,
    });
    world.round();
    expect(world.verdict(proposal).refusal?.facts['missing']).toEqual(['1 of compliance']);
    const asked = await as('carol', 'approve', proposal.name, '--message');
    const line = String(asked.json['line']);
    expect(line).toContain(
      `Countersign v1 approve hot-1 pay ${strangerAddress} 0.01000000 fee 0.00001000 id `,
    );
    expect(asked.said).toContain('APPROVE proposal');
    expect(world.proposal(proposal.digest).approvals).toHaveLength(2);
    const signature = file('signature.txt', ledger.sign(line));
    const words = ['approve', proposal.name, '--message', '--signature'];
    expect(await as('carol', ...words, signature)).toMatchObject({
      status: 0,
      json: { delivered: true, statement: asked.json['statement'] },
    });
    world.round();
    world.now += 61;
    expect(world.round().map(({ record }) => record)).toEqual(['sign']);
  });

  test('is found satisfied by an auditor, who reads exactly or in threads', async () => {
    trustAll();
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    expect(world.approve('alice', proposal)).toBe('applied');
    expect(sayByMessage(world, ledger, world.approval('carol', proposal))).toBe('applied');
    world.round();
    world.now += 61;
    expect(world.round().map(({ record }) => record)).toEqual(['sign']);
    // Beside it a line that the device never signed.
    const other = world.propose({ pays: [[strangerAddress, 1_000_001]] });
    const wrong = ledger.sign('anything');
    expect(sayByMessage(world, ledger, world.approval('carol', other), () => wrong)).toBe(
      'statement.signature',
    );
    const words = [file('bundle', bench.server.package()), '--genesis', world.genesis];
    expect((await bench.json('evidence', 'verify', ...words)).json).toMatchObject({ ok: true });
    const policy = file('trusting.yaml', trusting);
    const replayed = await bench.json('policy', 'replay', policy, '--bundle', ...words);
    expect(replayed.json).toMatchObject({
      proposals: 2,
      agreeing: 2,
      signed: { proposals: 1 },
    });
  });

  test('is told line by line to people, and what to do next', async () => {
    trustAll();
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    const asked = await bench.type('approve', proposal.name, '--message', '--as', 'carol');
    expect(asked.out.split('\n').some((line) => line.startsWith('Countersign v1 approve'))).toBe(
      true,
    );
    expect(asked.out).toContain('--signature FILE');
    expect(asked.out).toContain('Nothing was sent yet.');
    expect(readdirSync(join(bench.home, 'pending', world.genesis))).toHaveLength(1);
  });

  test('takes a signature of the very statement that was shown, in base64 or as signed text', async () => {
    trustAll();
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    const words = ['approve', proposal.name, '--device', 'ledger'];
    const bring = (text: string) =>
      as('carol', ...words, '--signature', file('signature.txt', text));
    expect(codeOf(await bring(ledger.sign('anything')))).toBe('statement.signature');
    const first = String((await as('carol', ...words)).json['line']);
    world.now += 5;
    const second = String((await as('carol', ...words)).json['line']);
    expect(second).not.toBe(first);
    expect(codeOf(await bring(ledger.sign(first.replace('0.01', '0.02'))))).toBe(
      'statement.signature',
    );
    const armoured = [
      '-----BEGIN BITCOIN SIGNED MESSAGE-----',
      first,
      '-----BEGIN BITCOIN SIGNATURE-----',
      ledger.address,
      ledger.signOld(first),
      '-----END BITCOIN SIGNATURE-----',
      '',
    ];
    expect(await bring(armoured.join('\n'))).toMatchObject({ status: 0 });
    const approvals = world.proposal(proposal.digest).approvals;
    expect(approvals.map(({ device }) => device)).toEqual(['ledger']);
  });
});

describe('a hardware wallet', () => {
  test('is enrolled by governors, confirms its entry and is listed', async () => {
    const words = ['members', 'enrol', 'carol', 'ledger', '--address', ledger.address];
    const proposed = await as('governor-1', ...words);
    expect(proposed.said).toContain('+ device ledger of carol, message, address bcrt 1');
    expect(proposed).toMatchObject({ status: 0, json: { kind: 'charter', version: 2 } });
    const digest = String(proposed.json['document']);
    expect((await as('governor-2', 'documents', 'approve', digest)).status).toBe(0);
    world.round();
    const list = async () => (await bench.type('members', 'list')).out;
    expect(await list()).toContain(`ledger  message  ${ledger.address}  not confirmed`);
    expect(codeOf(await as('carol', 'documents', 'confirm', '--device', 'trezor'))).toBe(
      'device.unknown',
    );
    expect(await byDevice('carol', ledger, 'documents', 'confirm')).toMatchObject({ status: 0 });
    expect((await list()).endsWith('not confirmed')).toBe(false);
    const wallet = ['members', 'enrol', 'alice', 'coldcard', '--wallet', 'hot-1'];
    const added = await as('governor-1', ...wallet);
    expect(added.said).toContain('+ device coldcard of alice, psbt, key tpub');
    expect(added.said).toContain('of wallet hot-1');
    expect(
      (await as('governor-2', 'documents', 'approve', String(added.json['document']))).status,
    ).toBe(0);
    world.round();
    expect(await list()).toContain(`coldcard  psbt of hot-1  ${world.cosigner.xpub}`);
    expect(
      codeOf(await as('governor-1', 'members', 'enrol', 'bob', 'x', '--wallet', 'hot-1')),
    ).toBe('device.wallet.foreign');
    expect(
      codeOf(
        await as('governor-1', 'members', 'enrol', 'nobody', 'x', '--address', ledger.address),
      ),
    ).toBe('member.unknown');
  });

  test('withdraws and rejects', async () => {
    trustAll();
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    expect(sayByMessage(world, ledger, world.approval('carol', proposal))).toBe('applied');
    expect(await byDevice('carol', ledger, 'withdraw', proposal.name)).toMatchObject({ status: 0 });
    expect((await as('carol', 'reject', proposal.name, '--device', 'ledger')).status).toBe(64);
    const rejection = ['reject', proposal.name, '--reason', 'wrong payee'];
    expect(await byDevice('carol', ledger, ...rejection)).toMatchObject({ status: 0 });
    expect(world.proposal(proposal.digest).ended?.code).toBe('proposal.rejected');
  });

  test('freezes and unfreezes', async () => {
    trustDisplays(world);
    const officer = new MessageDevice('officer', 'trezor');
    changeByDisplay(world, 'charter', (body) => withDevices(body, { officer: [officer.entry] }));
    expect(confirmBy(world, 'officer', officer)).toBe('applied');
    const freeze = ['freeze', '--wallet', 'hot-1', '--reason', 'odd'];
    expect(await byDevice('officer', officer, ...freeze)).toMatchObject({ status: 0 });
    const unfreeze = ['unfreeze', '--wallet', 'hot-1', '--reason', 'fine'];
    expect(await byDevice('governor-1', governor, ...unfreeze)).toMatchObject({ status: 0 });
    expect(world.state.freezes.map(({ lifts }) => [...lifts.keys()])).toEqual([['governor-1']]);
  });

  test('signs and vetoes documents', async () => {
    trustDisplays(world);
    const looser = twoPersons.replace('2 BTC', '3 BTC');
    const document = nextVersion(world, 'policy', () => policyBody(looser));
    expect(publish(world, document)).toBe('applied');
    const digest = [...world.state.documents.keys()].at(-1) ?? '';
    expect(await byDevice('governor-1', governor, 'documents', 'approve', digest)).toMatchObject({
      json: { approvedBy: ['governor-1'] },
    });
    expect(await byDevice('governor-1', governor, 'documents', 'veto', digest)).toMatchObject({
      json: { vetoedBy: ['governor-1'] },
    });
  });

  test('signs along with the coins that the same member signs', async () => {
    trustDisplays(world);
    const hers = new MessageDevice('alice');
    changeByDisplay(world, 'charter', (body) =>
      withDevices(body, { alice: [coldcard(world), hers.entry] }),
    );
    expect(confirmBy(world, 'alice', hers)).toBe('applied');
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    const psbt = await signedPsbt(proposal);
    const words = ['approve', proposal.name, '--psbt', psbt];
    expect(await byDevice('alice', hers, ...words)).toMatchObject({ status: 0 });
    world.round();
    expect(world.verdict(proposal).trace.approvals.map(({ kind }) => kind)).toEqual([
      'message',
      'psbt',
    ]);
  });

  test('is named where there are several, and no key of a key file is one', async () => {
    trustAll();
    const other = new MessageDevice('carol twice', 'trezor');
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    const approve = (...rest: readonly string[]) => as('carol', 'approve', proposal.name, ...rest);
    expect((await approve('--signature', 'x')).status).toBe(64);
    expect((await approve('--device', 'cli', '--message')).status).toBe(64);
    expect((await approve('--device', 'cli')).status).toBe(0);
    expect(codeOf(await as('alice', 'approve', proposal.name, '--device', 'coldcard'))).toBe(
      'device.kind.statement',
    );
    expect(codeOf(await as('bob', 'approve', proposal.name, '--message'))).toBe('device.unknown');
    changeByDisplay(world, 'charter', (body) => withDevices(body, { carol: [other.entry] }));
    expect((await approve('--message')).status).toBe(64);
    expect((await approve('--message', '--device', 'trezor')).status).toBe(0);
  });
});

describe('keys entry', () => {
  test('prints a device as a charter names it', async () => {
    const entry = (...words: readonly string[]) => bench.json('keys', 'entry', 'ledger', ...words);
    expect((await entry('--address', ledger.address)).json).toMatchObject({ ...ledger.entry });
    const psbt = await entry('--wallet', 'hot-1', '--xpub', world.cosigner.xpub);
    expect(psbt.json).toMatchObject({ kind: 'psbt', wallet: 'hot-1', key: world.cosigner.xpub });
    const key = toHex(ledger.publicKey.subarray(1));
    expect((await entry('--public-key', key)).json).toMatchObject({ kind: 'secp256k1', key });
    expect(codeOf(await entry('--address', 'nowhere'))).toBe('device.key.invalid');
    expect(codeOf(await entry('--public-key', 'ab'))).toBe('device.key.invalid');
    for (const wrong of [[], ['--wallet', 'hot-1'], ['--xpub', 'x', '--address', ledger.address]])
      expect((await entry(...wrong)).status).toBe(64);
  });
});

describe('a wallet', () => {
  test('is confirmed by a message of the key in a wallet device', async () => {
    const { digest } = world.wallet.record;
    const path = join(bench.home, 'keys', 'alice-without.json');
    const device = world.members.get('alice')?.device;
    if (device === undefined) throw new Error('alice is a member');
    const known = { member: 'alice', device: device.id };
    const made = await createKeyFile(
      path,
      {
        purpose: 'device',
        public: {
          ...known,
          key: toHex(ecc.xOnlyPointFromScalar(device.secretKey)),
          cosigner: null,
        },
        secret: { ...known, secretKey: toHex(device.secretKey), cosigner: null },
      },
      { passphrase: 'a passphrase of tests', associated: '' },
    );
    if (!made.ok) throw new Error(made.refusal.code);
    const confirm = (...words: readonly string[]) =>
      as('alice', 'documents', 'confirm', digest, '--key', path, ...words);
    const asked = await confirm();
    expect(codeOf(asked)).toBe('approval.signatures.missing');
    expect(asked.said).toContain('/48h/1h/0h/2h/0/0'.slice(1));
    const line =
      asked.said.split('\n').find((one) => one.startsWith('Countersign v1 hold hot-1')) ?? '';
    const network = networkParameters('regtest');
    const account = BIP32Factory(ecc).fromBase58(world.cosigner.xprv, network);
    const key = new MessageDevice('any');
    const hers = Object.assign(key, {
      secretKey: account.derive(0).derive(0).privateKey,
      publicKey: account.derive(0).derive(0).publicKey,
    });
    const bring = (text: string) => confirm('--proof', file('proof.txt', text));
    expect(codeOf(await bring(ledger.sign(line)))).toBe('document.confirmation.invalid');
    expect(codeOf(await bring(hers.sign(`${line} `)))).toBe('document.confirmation.invalid');
    expect(await bring(hers.sign(line))).toMatchObject({ status: 0 });
    expect(await bring(hers.signOld(line))).toMatchObject({ status: 0 });
    expect(world.state.confirmed.has(world.cosigner.xpub)).toBe(true);
    expect(newest(world, 'wallet').body.holders).toHaveLength(1);
    expect(readFileSync(path, 'utf8')).not.toContain(world.cosigner.xpub);
  });
});
