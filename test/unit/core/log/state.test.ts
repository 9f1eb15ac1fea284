import { describe, expect, test } from '@jest/globals';
import { digest } from '../../../../src/core/base/digest.ts';
import { canonicalBytes } from '../../../../src/core/base/canonical.ts';
import { toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { formatTime } from '../../../../src/core/base/time.ts';
import { authorise } from '../../../../src/core/authorise.ts';
import { entryBytes } from '../../../../src/core/log/entry.ts';
import { createLedger } from '../../../../src/core/log/ledger.ts';
import { replay } from '../../../../src/core/log/replay.ts';
import { admit } from '../../../../src/core/log/state.ts';
import type { World } from '../../../support/world.ts';
import { listedAddress, proposed, strangerAddress } from '../../../support/world.ts';

const million = 1_000_000;

describe('statements', () => {
  test('a signature by another device is refused', () => {
    const { world, proposal } = proposed();
    const entry = world.sign(world.approval('bob', proposal));
    const forged = { ...entry, statement: world.approval('carol', proposal) };
    expect(world.append(entryBytes(forged as never))).toBe('statement.signature');
  });

  test('a statement that stands in the log already is refused', () => {
    const { world, proposal } = proposed();
    const statement = world.approval('bob', proposal);
    expect(world.say(statement)).toBe('applied');
    expect(world.say(statement)).toBe('statement.duplicate');
  });

  test('a statement of another organisation, an unknown member or device is refused', () => {
    const { world, proposal } = proposed();
    const statement = world.approval('bob', proposal);
    expect(world.say({ ...statement, org: 'ab'.repeat(32) })).toBe('statement.organisation');
    expect(world.say({ ...statement, member: 'nobody' })).toBe('member.unknown');
    expect(world.say({ ...statement, device: 'phone' })).toBe('device.unknown');
  });

  test('a statement that expires before it was issued, or more than 30 days later, is refused', () => {
    const { world, proposal } = proposed();
    const statement = world.approval('bob', proposal);
    expect(world.say({ ...statement, expiresAt: statement.issuedAt })).toBe('statement.time');
    const late = formatTime(world.now + 30 * 86_400 + 1);
    expect(world.say({ ...statement, expiresAt: late })).toBe('statement.time');
    const just = formatTime(world.now + 30 * 86_400);
    expect(world.say({ ...statement, expiresAt: just })).toBe('applied');
  });

  test('an approval that names a foreign checkpoint counts as its author rejecting', () => {
    const { world, proposal } = proposed();
    const log = { size: world.state.tree.size, root: 'ab'.repeat(32) };
    expect(world.say(world.approval('bob', proposal, { log }))).toBe('applied');
    expect(world.verdict(proposal).refusal?.code).toBe('log.fork');
  });

  test('a proposal that names a checkpoint ahead of the log is refused', () => {
    const { world } = proposed();
    const { statement, coins } = world.draft({ pays: [[strangerAddress, million]] });
    const log = { ...statement.log, size: statement.log.size + 1 };
    expect(world.say({ ...statement, log }, coins)).toBe('log.fork');
  });

  test('an approval names a checkpoint in which the proposal stands', () => {
    const { world, proposal } = proposed();
    const at = (size: number) => ({ size, root: toHex(world.state.tree.rootAt(size)) });
    expect(world.say(world.approval('bob', proposal, { log: at(proposal.index) }))).toBe(
      'approval.log.early',
    );
    expect(world.say(world.approval('bob', proposal, { log: at(proposal.index + 1) }))).toBe(
      'applied',
    );
  });

  test('a rejection counts whatever checkpoint it names', () => {
    const { world, proposal } = proposed();
    const log = { size: 9_999, root: 'ab'.repeat(32) };
    const no = world.approval('carol', proposal, { decision: 'reject', log });
    expect(world.say(no)).toBe('applied');
    expect(world.verdict(proposal).refusal?.code).toBe('proposal.rejected');
  });

  test('a leaf that is no entry, not canonical, or too large stands without effect', () => {
    const { world } = proposed();
    expect(world.append(utf8('{"type":"nothing"}'))).toBe('log.entry.invalid');
    expect(world.append(utf8('{"type": "fact"}'))).toBe('json.noncanonical');
    expect(world.append(utf8('{"a":1.5}'))).toBe('json.number');
    expect(world.append(utf8('no'))).toBe('json.malformed');
    expect(world.append(new Uint8Array(60_001))).toBe('log.entry.size');
  });

  test('a session statement does not belong in this log', () => {
    const { world } = proposed();
    const session = { type: 'session', ...world.common('bob', 600), key: 'A'.repeat(43) } as const;
    expect(world.say(session)).toBe('log.entry.invalid');
  });

  test('a poisoned approval blocks nobody', () => {
    const { world, proposal } = proposed();
    world.approve('alice', proposal);
    expect(world.say(world.approval('bob', proposal, { spend: 'ab'.repeat(32) }))).toBe(
      'approval.spend.mismatch',
    );
    expect(world.approve('bob', proposal)).toBe('applied');
    expect(world.approve('carol', proposal)).toBe('applied');
    world.round();
    expect(world.verdict(proposal).outcome).toBe('waiting');
  });
});

describe('approvals', () => {
  test('the initiator cannot approve', () => {
    const { world, proposal } = proposed();
    expect(world.approve('operator', proposal)).toBe('approval.initiator');
  });

  test('a member whom no rule asks can neither approve nor reject', () => {
    const { world, proposal } = proposed();
    expect(world.approve('governor-1', proposal)).toBe('approval.member.ineligible');
    const no = world.approval('governor-1', proposal, { decision: 'reject' });
    expect(world.say(no)).toBe('approval.member.ineligible');
  });

  test('an approval of an unknown proposal is refused', () => {
    const { world, proposal } = proposed();
    const other = world.approval('bob', proposal, { proposal: 'ab'.repeat(32) });
    expect(world.say(other)).toBe('proposal.unknown');
  });

  test('a rejection without a reason is refused', () => {
    const { world, proposal } = proposed();
    const no = world.approval('bob', proposal, { decision: 'reject', reasonDigest: null });
    expect(world.say(no)).toBe('approval.reason.missing');
  });

  test('after a rejection nobody approves any more', () => {
    const { world, proposal } = proposed();
    world.say(world.approval('bob', proposal, { decision: 'reject' }));
    expect(world.approve('alice', proposal)).toBe('proposal.rejected');
  });

  test('the initiator withdraws the whole proposal', () => {
    const { world, proposal } = proposed();
    expect(world.say(world.approval('operator', proposal, { decision: 'withdraw' }))).toBe(
      'applied',
    );
    expect(world.approve('alice', proposal)).toBe('proposal.withdrawn');
  });

  test('there is no approval to withdraw where none was given', () => {
    const { world, proposal } = proposed();
    expect(world.say(world.approval('bob', proposal, { decision: 'withdraw' }))).toBe(
      'approval.unknown',
    );
  });

  test('an approval follows the former statement of its member', () => {
    const { world, proposal } = proposed();
    const stray = world.approval('bob', proposal, { previous: 'ab'.repeat(32) });
    expect(world.say(stray)).toBe('statement.previous');
  });

  test('a key holder signs the coins too, nobody else does', () => {
    const { world, proposal } = proposed();
    expect(world.say(world.approval('alice', proposal, { partialSignatures: null }))).toBe(
      'approval.signatures.missing',
    );
    const partialSignatures = world.cosign(proposal);
    expect(world.say(world.approval('bob', proposal, { partialSignatures }))).toBe(
      'approval.signatures.unasked',
    );
    const foreign = world.cosign(proposal, world.hot);
    expect(world.say(world.approval('alice', proposal, { partialSignatures: foreign }))).toBe(
      'approval.signatures.foreign',
    );
  });

  test('partial signatures of another transaction are refused', () => {
    const { world, proposal } = proposed();
    const other = world.propose({ pays: [[listedAddress, million]] });
    const partialSignatures = world.cosign(other);
    expect(world.say(world.approval('alice', proposal, { partialSignatures }))).toBe(
      'psbt.signature.invalid',
    );
  });

  test('a signed proposal takes no more statements', () => {
    const { world, proposal } = proposed();
    for (const member of ['alice', 'bob', 'carol']) world.approve(member, proposal);
    world.round();
    world.now += 60;
    world.round();
    expect(world.say(world.approval('carol', proposal, { decision: 'reject' }))).toBe(
      'proposal.signed',
    );
  });
});

describe('proposals', () => {
  const draft = (world: World) => world.draft({ pays: [[strangerAddress, million]] });

  test('a spend that differs from the bytes is refused', () => {
    const { world } = proposed();
    const { statement, coins } = draft(world);
    const [first, ...rest] = statement.spend.outputs;
    if (first === undefined) throw new Error('a payment');
    const outputs = [{ ...first, sats: first.sats - 1 }, ...rest];
    const altered = { ...statement, spend: { ...statement.spend, outputs } };
    expect(world.say(altered, coins)).toBe('proposal.spend.mismatch');
  });

  test('names documents in force, the network of the wallet and its own initiator', () => {
    const { world } = proposed();
    const { statement, coins } = draft(world);
    const other = 'ab'.repeat(32);
    expect(world.say({ ...statement, policy: other }, coins)).toBe('document.stale');
    expect(world.say({ ...statement, network: 'sandbox' }, coins)).toBe('statement.network');
    expect(world.say({ ...statement, initiator: 'bob' }, coins)).toBe('proposal.initiator');
    expect(world.say({ ...statement, kind: 'cancel' }, coins)).toBe('proposal.cancel.invalid');
    expect(world.say({ ...statement, repeats: other }, coins)).toBe('proposal.unknown');
    const envelope = { feeSatsMax: 5_000, replacementsMax: 0, until: statement.expiresAt };
    expect(world.say({ ...statement, envelope }, coins)).toBe('proposal.envelope.invalid');
    const wallet = { ...statement.wallet, id: 'hot-9' };
    expect(world.say({ ...statement, wallet }, coins)).toBe('wallet.unknown');
  });

  test('only members of the initiating groups propose', () => {
    const { world } = proposed();
    const { statement, coins } = draft(world);
    expect(world.say({ ...statement, member: 'bob', initiator: 'bob' }, coins)).toBe('member.role');
  });

  test('a blob that is missing stops the fold, nothing is skipped over', () => {
    const { world } = proposed();
    const { statement, coins } = draft(world);
    world.store.delete(statement.spend.transaction);
    expect(world.say(statement, coins)).toBe('missing');
  });
});

describe('documents', () => {
  test('another genesis, another version and a second document of an id are refused', () => {
    const { world } = proposed();
    const charter = world.state.charter?.document;
    if (charter === undefined) throw new Error('a charter in force');
    const publish = (document: unknown) =>
      world.append(
        entryBytes({ type: 'document', document: world.blob(canonicalBytes(document)) }),
      );
    const body = { ...charter.body, officers: ['governors'] };
    expect(publish({ ...charter, body })).toBe('document.genesis.mismatch');
    expect(publish(charter)).toBe('document.duplicate');
    const wallet = world.wallet.record.document;
    const next = { ...wallet, version: 2, previous: world.wallet.record.digest };
    expect(publish({ ...next, body: { ...wallet.body, birth: 7 } })).toBe('wallet.changed');
    expect(publish({ ...next, version: 3 })).toBe('document.version');
    expect(publish({ ...next, previous: 'ab'.repeat(32) })).toBe('document.stale');
    expect(publish({ ...wallet, body: { ...wallet.body, birth: 7 } })).toBe('document.forked');
    const custody = { ...wallet, id: 'hot-2', body: { ...wallet.body, custody: true } };
    expect(publish(custody)).toBe('wallet.custody.sentinel');
    const outside = { ...next, body: { ...wallet.body, outside: [['a']] } };
    expect(publish(outside)).toBe('wallet.outside.excess');
    expect(publish({ ...wallet, id: 'hot-2' })).toBe('wallet.signer.missing');
    expect(publish({ ...wallet, id: 'hot-2', org: 'ab'.repeat(32) })).toBe('document.organisation');
  });

  test('a holder who proves another key, or another first address, does not confirm', () => {
    const { world } = proposed();
    const statement = {
      type: 'document',
      ...world.common('alice'),
      document: world.wallet.record.digest,
      decision: 'confirm',
      firstAddress: world.wallet.wallet.address(0, 1),
      keyProof: null,
    } as const;
    expect(world.say(statement)).toBe('document.confirmation.address');
    const first = { ...statement, firstAddress: world.wallet.wallet.address(0, 0) };
    expect(world.say(first)).toBe('document.confirmation.invalid');
    const keyProof = { key: '02' + 'ab'.repeat(32), signature: 'ab'.repeat(64) };
    expect(world.say({ ...first, keyProof })).toBe('document.confirmation.invalid');
  });

  test('only governors approve documents', () => {
    const { world } = proposed();
    const statement = {
      type: 'document',
      ...world.common('alice'),
      document: world.genesis,
      decision: 'approve',
      firstAddress: null,
      keyProof: null,
    } as const;
    expect(world.say(statement)).toBe('member.role');
    expect(world.say({ ...statement, document: 'ab'.repeat(32) })).toBe('document.unknown');
    expect(world.say({ ...statement, decision: 'veto' })).toBe('member.role');
  });

  test('only officers freeze, only governors unfreeze, and only what is frozen', () => {
    const { world } = proposed();
    const freeze = {
      type: 'freeze',
      ...world.common('alice'),
      wallet: '*',
      action: 'freeze',
      lifts: [],
      reasonDigest: '00'.repeat(32),
    } as const;
    expect(world.say({ ...freeze, lifts: [] })).toBe('member.role');
    const unfreeze = { ...freeze, ...world.common('officer'), action: 'unfreeze' as const };
    expect(world.say({ ...unfreeze, lifts: [] })).toBe('member.role');
    const byGovernor = { ...unfreeze, ...world.common('governor-1') };
    expect(world.say({ ...byGovernor, lifts: [] })).toBe('freeze.unknown');
    expect(world.say({ ...byGovernor, lifts: ['ab'.repeat(32)] })).toBe('freeze.unknown');
    const lifting = { ...freeze, ...world.common('officer'), lifts: ['ab'.repeat(32)] };
    expect(world.say(lifting)).toBe('freeze.lifts');
    const unknown = { ...freeze, ...world.common('officer'), wallet: 'hot-9' };
    expect(world.say({ ...unknown, lifts: [] })).toBe('wallet.unknown');
  });
});

describe('receipts', () => {
  test('a receipt of another key, out of its place or from another log is refused', () => {
    const { world } = proposed();
    const refusal = { record: 'sight', kind: 'document', object: 'ab'.repeat(32) } as const;
    expect(world.post(world.receipt({ ...refusal, signer: 'ab'.repeat(32) }))).toBe(
      'receipt.unauthorised',
    );
    expect(world.post(world.receipt({ ...refusal, position: 0 }))).toBe('receipt.position');
    const foreign = { ...world.receipt(refusal).log, root: 'ab'.repeat(32) };
    expect(world.post(world.receipt({ ...refusal, log: foreign }))).toBe('log.fork');
    expect(world.post(world.receipt({ ...refusal, wallet: 'hot-9' }))).toBe('wallet.unknown');
    expect(world.post(world.receipt({ ...refusal, org: 'ab'.repeat(32) }))).toBe(
      'statement.organisation',
    );
    const early = formatTime(world.now - 7_200);
    expect(world.post(world.receipt({ ...refusal, at: early }))).toBe('receipt.invalid');
  });

  test('a receipt whose signature does not verify is refused', () => {
    const { world } = proposed();
    const entry = world.receiptEntry(
      world.receipt({ record: 'sight', kind: 'document', object: 'ab'.repeat(32) }),
    );
    expect(world.append(entryBytes({ ...entry, signature: '00'.repeat(64) } as never))).toBe(
      'receipt.unauthorised',
    );
  });

  test('an intent without a reservation, a signature without an intent are refused', () => {
    const { world, proposal } = proposed();
    expect(world.post(world.receipt({ record: 'intent', proposal: proposal.digest }))).toBe(
      'receipt.invalid',
    );
    const signatures = world.cosign(proposal, world.hot);
    const signed = world.receipt({ record: 'signed', proposal: proposal.digest, signatures });
    expect(world.post(signed)).toBe('receipt.invalid');
  });
});

describe('facts', () => {
  test('follow a signature, of the right transaction, each once', () => {
    const { world, proposal } = proposed();
    const at = formatTime(world.now);
    const fact = { at, proposal: proposal.digest, txid: proposal.txid };
    const say = (given: object) =>
      world.append(entryBytes({ type: 'fact', fact: { ...fact, ...given } as never }));
    expect(say({ fact: 'broadcast' })).toBe('fact.invalid');
    for (const member of ['alice', 'bob', 'carol']) world.approve(member, proposal);
    world.round();
    world.now += 60;
    world.round();
    expect(say({ fact: 'broadcast', txid: 'ab'.repeat(32) })).toBe('fact.invalid');
    expect(say({ fact: 'broadcast', proposal: 'ab'.repeat(32) })).toBe('proposal.unknown');
    expect(say({ fact: 'settled' })).toBe('fact.invalid');
    expect(say({ fact: 'broadcast' })).toBe('applied');
    expect(say({ fact: 'broadcast' })).toBe('fact.duplicate');
    const block = { fact: 'confirmed', height: 1, block: 'cd'.repeat(32) };
    expect(say(block)).toBe('applied');
    expect(say({ fact: 'unconfirmed' })).toBe('applied');
    expect(say(block)).toBe('applied');
    expect(say({ fact: 'settled' })).toBe('applied');
    expect(say({ fact: 'settled' })).toBe('fact.duplicate');
  });
});

describe('replay', () => {
  const tools = (world: World) => ({ blobs: (sha256: string) => world.store.get(sha256) });
  const again = (world: World, leaves: readonly Uint8Array[]) =>
    replay(
      world.genesis,
      leaves.length,
      (index) => leaves[index] ?? new Uint8Array(),
      tools(world),
    );

  function signed() {
    const { world, proposal } = proposed();
    for (const member of ['alice', 'bob', 'carol']) world.approve(member, proposal);
    world.round();
    world.now += 60;
    world.round();
    return { world, proposal };
  }

  test('finds every receipt right and ends in the same state', () => {
    const { world, proposal } = signed();
    const found = again(world, world.leaves);
    expect(found).toMatchObject({ findings: [], receipts: world.ledger.position });
    if ('code' in found) throw new Error(found.code);
    const ledger = found.state.ledgers.get('hot-1') ?? createLedger();
    expect(authorise(found.state, ledger, proposal.digest, world.now).outcome).toBe('signed');
  });

  test('names a signature that the rules did not allow', () => {
    const { world, proposal } = proposed();
    world.approve('alice', proposal);
    world.round();
    world.journal({ record: 'reserve', proposal: proposal.digest, amountSats: 1, feeSats: 1 });
    world.journal({ record: 'intent', proposal: proposal.digest });
    const signatures = world.cosign(proposal, world.hot);
    world.journal({ record: 'signed', proposal: proposal.digest, signatures });
    const found = again(world, world.leaves);
    if ('code' in found) throw new Error(found.code);
    expect(found.findings.map(({ refusal }) => refusal.code)).toEqual([
      'package.replay.mismatch',
      'package.replay.mismatch',
      'package.replay.mismatch',
    ]);
    expect(found.findings[0]?.refusal.facts).toMatchObject({ found: 'policy.quorum.missing' });
  });

  test('stops at a blob that is missing', () => {
    const { world, proposal } = signed();
    world.store.delete(proposal.statement.spend.transaction);
    expect(again(world, world.leaves)).toMatchObject({ code: 'log.blob.missing' });
  });

  test('an entry without effect is reported with its index', () => {
    const { world } = signed();
    const index = world.leaves.length;
    world.append(utf8('{"a":1}'));
    expect(again(world, world.leaves)).toMatchObject({
      findings: [{ index, kind: 'skipped', refusal: { code: 'log.entry.invalid' } }],
    });
  });
});

describe('the fold', () => {
  test('leaves the state as it was until an admission takes effect', () => {
    const { world, proposal } = proposed();
    const leaf = entryBytes(world.sign(world.approval('bob', proposal)));
    const { size } = world.state.tree;
    for (let i = 0; i < 3; i++)
      expect(admit(world.state, leaf, { blobs: () => undefined }).kind).toBe('apply');
    expect(world.state.tree.size).toBe(size);
    expect(proposal.approvals).toEqual([]);
    expect(world.append(leaf)).toBe('applied');
  });

  test('the digest of a spend is the one a device recomputes', () => {
    const { proposal } = proposed();
    expect(digest('spend', proposal.view.spend)).toBe(digest('spend', proposal.statement.spend));
  });
});
