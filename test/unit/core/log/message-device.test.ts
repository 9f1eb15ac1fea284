import { describe, expect, test } from '@jest/globals';
import { BIP32Factory } from 'bip32';
import { crypto, initEccLib, payments } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { keyProofLine } from '../../../../src/core/approval/message-line.ts';
import type { Statement } from '../../../../src/core/approval/statement.ts';
import { statementDigest } from '../../../../src/core/approval/statement.ts';
import { keyProofDigest, verifyDeviceSignature } from '../../../../src/core/approval/verify.ts';
import { toSign } from '../../../../src/core/approval/message.ts';
import { concat, toBase64, toHex } from '../../../../src/core/base/bytes.ts';
import { sats } from '../../../../src/core/base/sats.ts';
import { taprootHashes } from '../../../../src/core/psbt/sighash.ts';
import { networkParameters } from '../../../../src/core/wallet/network.ts';
import { passed } from '../../../support/psbt.ts';
import { entryBytes, parseEntry } from '../../../../src/core/log/entry.ts';
import { MESSAGE_SIGNATURE_LENGTH } from '../../../../src/core/base/limits.ts';
import {
  change,
  documentStatement,
  freezeStatement,
  governors,
  newest,
  nextVersion,
  publish,
} from '../../../support/governing.ts';
import {
  MessageDevice,
  coldcard,
  confirmBy,
  enrol,
  sayByMessage,
  withDevices,
} from '../../../support/wallet-device.ts';
import { listedAddress, policyOf, strangerAddress, World } from '../../../support/world.ts';

initEccLib(ecc);

const ledger = new MessageDevice('carol');

const twoPersons = policyOf('hot-1').replace('treasury, atLeast: 2', 'treasury, atLeast: 1');

/** Carol has a hardware wallet, confirmed, and a proposal waits for her. */
function opened() {
  const world = new World();
  world.start();
  world.round();
  enrol(world, { carol: [ledger.entry] });
  expect(confirmBy(world, 'carol', ledger)).toBe('applied');
  const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
  return { world, proposal, approval: world.approval('carol', proposal) };
}

describe('a message device', () => {
  test('is inert until it has confirmed its entry in the charter', () => {
    const world = new World();
    world.start();
    world.round();
    enrol(world, { carol: [ledger.entry] });
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    const approval = world.approval('carol', proposal);
    expect(sayByMessage(world, ledger, approval)).toBe('device.unconfirmed');
    const other = new MessageDevice('mallory');
    expect(confirmBy(world, 'carol', other)).toBe('statement.signature');
    expect(confirmBy(world, 'carol', ledger)).toBe('applied');
    expect(sayByMessage(world, ledger, approval)).toBe('applied');
    expect(world.proposal(proposal.digest).approvals).toMatchObject([
      { member: 'carol', device: 'ledger' },
    ]);
  });

  test('signs as BIP 322 and as BIP 137', () => {
    const { world, approval } = opened();
    expect(sayByMessage(world, ledger, approval, (line) => ledger.signOld(line))).toBe('applied');
    const legacy = { ...ledger.entry, id: 'old', key: new MessageDevice('old').legacyAddress };
    const old = new MessageDevice('old', 'old');
    enrol(world, { carol: [legacy] });
    const charter = newest(world, 'charter');
    const said = documentStatement(world, 'carol', charter, 'confirm');
    expect(sayByMessage(world, old, said)).toBe('statement.signature');
    expect(sayByMessage(world, old, said, (line) => old.signOld(line))).toBe('applied');
  });

  test('signs by a taproot address of any network', () => {
    const secret = ecc.privateNegate(ledger.secretKey);
    const even = ledger.publicKey[0] === 2 ? ledger.secretKey : secret;
    const internalPubkey = ledger.publicKey.subarray(1);
    const tweaked = ecc.privateAdd(even, crypto.taggedHash('TapTweak', internalPubkey));
    for (const name of ['mainnet', 'signet', 'regtest'] as const) {
      const payment = payments.p2tr({ internalPubkey, network: networkParameters(name) });
      const { address: key = '', output: script = new Uint8Array() } = payment;
      const spent = [{ script, sats: sats(0n) }];
      const hash = taprootHashes(toSign(script, 'a line'), spent, () => null)(0, 0);
      const witness = concat(Uint8Array.of(1, 64), ecc.signSchnorr(hash, tweaked ?? secret));
      expect(verifyDeviceSignature(key, 'a line', toBase64(witness))).toBe(true);
      expect(verifyDeviceSignature(key, 'a Line', toBase64(witness))).toBe(false);
    }
  });

  test('rejects and withdraws', () => {
    const { world, proposal, approval } = opened();
    expect(sayByMessage(world, ledger, approval)).toBe('applied');
    const withdrawal = world.approval('carol', proposal, { decision: 'withdraw' });
    expect(sayByMessage(world, ledger, withdrawal)).toBe('applied');
    const rejection = world.approval('carol', proposal, { decision: 'reject' });
    expect(sayByMessage(world, ledger, rejection)).toBe('applied');
    expect(world.proposal(proposal.digest).ended).toMatchObject({ code: 'proposal.rejected' });
  });

  test('of officers freezes, of governors signs, vetoes and unfreezes', () => {
    const world = new World({ governorsNeeded: 2, policy: twoPersons });
    world.start();
    world.round();
    const [officer, governor] = [new MessageDevice('officer'), new MessageDevice('governor-1')];
    change(world, 'charter', governors.slice(1), (body) =>
      withDevices(body, { officer: [officer.entry], 'governor-1': [governor.entry] }),
    );
    world.round();
    expect(confirmBy(world, 'officer', officer)).toBe('applied');
    expect(confirmBy(world, 'governor-1', governor)).toBe('applied');
    expect(sayByMessage(world, officer, freezeStatement(world, 'officer'))).toBe('applied');
    const lifts = world.state.freezes.map(({ digest }) => digest);
    const unfreeze = freezeStatement(world, 'governor-1', { action: 'unfreeze', lifts });
    expect(sayByMessage(world, governor, unfreeze)).toBe('applied');
    const document = nextVersion(world, 'destinations', (body) => ({ ...body, entries: [] }));
    expect(publish(world, document)).toBe('applied');
    const said = (decision: 'approve' | 'veto') =>
      sayByMessage(world, governor, documentStatement(world, 'governor-1', document, decision));
    expect(said('approve')).toBe('applied');
    expect(said('veto')).toBe('applied');
  });

  test('neither proposes nor opens sessions', () => {
    const { world } = opened();
    const { statement } = world.draft({ pays: [[strangerAddress, 1_000]] });
    expect(sayByMessage(world, ledger, { ...statement, member: 'carol' })).toBe(
      'device.kind.statement',
    );
    const session: Statement = { type: 'session', ...world.common('carol'), key: 'A'.repeat(43) };
    expect(sayByMessage(world, ledger, session)).toBe('device.kind.statement');
  });

  test('has to sign the very line: no line break, no more text, no other fee or envelope', () => {
    const { world, approval } = opened();
    const wrong = (change: (line: string) => string) =>
      sayByMessage(world, ledger, approval, (line) => ledger.sign(change(line)));
    expect(wrong((line) => `${line}\n`)).toBe('statement.signature');
    expect(wrong((line) => line.replace(' pay ', '\npay '))).toBe('statement.signature');
    expect(wrong((line) => line.padEnd(641))).toBe('statement.signature');
    expect(wrong((line) => line.replace(' id ', ' max 0.00100000 id '))).toBe(
      'statement.signature',
    );
    expect(wrong((line) => line.replace('0.01000000', '0.01000001'))).toBe('statement.signature');
    expect(wrong((line) => line.replace('approve', 'reject'))).toBe('statement.signature');
    expect(wrong(() => statementDigest({ ...approval, device: 'ledger' }))).toBe(
      'statement.signature',
    );
    expect(wrong((line) => line)).toBe('applied');
  });

  test('has to sign this statement, in this organisation, of this proposal', () => {
    const { world, proposal, approval } = opened();
    const other = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    let old = '';
    sayByMessage(world, ledger, { ...approval, expiresAt: approval.issuedAt }, (line) => {
      old = ledger.sign(line);
      return old;
    });
    expect(sayByMessage(world, ledger, approval, () => old)).toBe('statement.signature');
    expect(sayByMessage(world, ledger, approval)).toBe('applied');
    const entry = parseEntry(world.leaves.at(-1) ?? new Uint8Array());
    const taken = entry.ok && entry.value.type === 'statement' ? entry.value.signature : '';
    expect(sayByMessage(world, ledger, world.approval('carol', other), () => taken)).toBe(
      'statement.signature',
    );
    expect(proposal.digest).not.toBe(other.digest);
  });

  test('is refused where its line is too long', () => {
    const { world } = opened();
    const many = world.propose({ pays: Array.from({ length: 4 }, () => [listedAddress, 700]) });
    expect(sayByMessage(world, ledger, world.approval('carol', many))).toBe(
      'approval.message.toolong',
    );
  });
});

describe('a signature', () => {
  test('has the form of its device', () => {
    const { world, approval } = opened();
    expect(sayByMessage(world, ledger, approval, () => '00'.repeat(64))).toBe(
      'statement.signature',
    );
    const byKey = { type: 'statement', statement: approval, coins: null } as const;
    const signature = ledger.sign('anything');
    expect(world.append(entryBytes({ ...byKey, signature }))).toBe('statement.signature.form');
  });

  test('is bounded base64 or 64 bytes in hex', () => {
    const { approval } = opened();
    const read = (signature: string) => {
      const entry = parseEntry(
        entryBytes({ type: 'statement', statement: approval, signature, coins: null }),
      );
      return entry.ok ? 'passed' : entry.refusal.code;
    };
    expect(read('A'.repeat(MESSAGE_SIGNATURE_LENGTH))).toBe('passed');
    expect(read('A'.repeat(MESSAGE_SIGNATURE_LENGTH + 4))).toBe('log.entry.invalid');
    expect(read('')).toBe('log.entry.invalid');
    expect(read('AAA A')).toBe('log.entry.invalid');
  });
});

describe('a psbt device', () => {
  test('confirms its wallet by a message of its key at 0/0, and itself thereby', () => {
    const { world } = opened();
    const { wallet, confirmedBy, record } = world.wallet;
    const { state } = world;
    confirmedBy.clear();
    state.confirmed.delete(world.cosigner.xpub);
    const account = BIP32Factory(ecc).fromBase58(world.cosigner.xprv, networkParameters('regtest'));
    const key = account.derive(0).derive(0);
    const device = Object.assign(new MessageDevice('any'), {
      secretKey: key.privateKey,
      publicKey: key.publicKey,
    });
    const firstAddress = wallet.address(0, 0);
    const digest = toHex(keyProofDigest(world.genesis, record.digest, firstAddress));
    const line = passed(keyProofLine('hot-1', firstAddress, digest));
    const said = (signature: string, named = toHex(key.publicKey)) =>
      world.say({
        ...documentStatement(world, 'alice', record.document, 'confirm'),
        firstAddress,
        keyProof: { key: named, signature },
      });
    const invalid = 'document.confirmation.invalid';
    expect(said(device.sign(line.replace('hot-1', 'hot-2')))).toBe(invalid);
    expect(said(device.sign(digest))).toBe(invalid);
    expect(said(device.sign(line), toHex(wallet.keyAt(0, 0, 0)))).toBe(invalid);
    expect(said(ledger.sign(line))).toBe(invalid);
    expect(confirmedBy.size).toBe(0);
    expect(said(device.sign(line))).toBe('applied');
    expect([...confirmedBy]).toEqual([`alice/${toHex(key.publicKey)}`]);
    expect(state.confirmed.has(world.cosigner.xpub)).toBe(true);
  });

  test('signs no statement', () => {
    const { world, proposal } = opened();
    enrol(world, { alice: [coldcard(world)] });
    const statement = { ...world.approval('alice', proposal), device: 'coldcard' };
    expect(world.say(statement)).toBe('device.kind.statement');
    const charter = newest(world, 'charter');
    const confirmation = documentStatement(world, 'alice', charter, 'confirm');
    expect(world.say({ ...confirmation, device: 'coldcard' })).toBe('device.kind.statement');
    const veto = { ...documentStatement(world, 'alice', charter, 'veto'), device: 'coldcard' };
    expect(world.say(veto)).toBe('device.kind.statement');
  });
});
