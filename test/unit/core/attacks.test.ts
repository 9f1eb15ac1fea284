import { describe, expect, test } from '@jest/globals';
import { Transaction } from 'bitcoinjs-lib';
import { signSchnorr } from 'tiny-secp256k1';
import { statementDigest } from '../../../src/core/approval/statement.ts';
import { fromHex, fromUtf8, toHex, utf8 } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { ADDRESS_INDEX } from '../../../src/core/base/limits.ts';
import { changeReach } from '../../../src/core/log/admit-proposal.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import { applyReceipt, checkReceipt } from '../../../src/core/log/ledger.ts';
import { receiptSchema } from '../../../src/core/log/receipt.ts';
import { replay } from '../../../src/core/log/replay.ts';
import { admit } from '../../../src/core/log/state.ts';
import { AccountSigner } from '../../../src/keys/account-key.ts';
import { change } from '../../support/governing.ts';
import { decide } from '../../../src/signer/decide.ts';
import { nobodysWord } from '../../../src/signer/sentinels.ts';
import {
  World,
  approveAll,
  listedAddress,
  policyOf,
  proposed,
  strangerAddress,
} from '../../support/world.ts';

/** What a hostile approver, server or signer tried against the fold, the verdict and the replay. */

const million = 1_000_000;
const unknown = 'ab'.repeat(32);

function findings(world: World): readonly unknown[] {
  const leaf = (index: number) => world.leaves[index] ?? new Uint8Array();
  const blobs = (sha256: string) => world.store.get(sha256);
  const found = replay(world.genesis, world.leaves.length, leaf, { blobs });
  if ('code' in found) throw new Error(found.code);
  return found.findings.map(({ index, refusal }) => [index, refusal.code]);
}

/** DER of two numbers given as 32 bytes of hex, with the byte of SIGHASH_ALL. */
function der(r: string, s: string): string {
  const part = (number: string): string => {
    const least = number.replace(/^(00)+(?=..)/, '');
    const padded = Number.parseInt(least.slice(0, 2), 16) < 0x80 ? least : `00${least}`;
    return `02${(padded.length / 2).toString(16).padStart(2, '0')}${padded}`;
  };
  const body = part(r) + part(s);
  return `30${(body.length / 2).toString(16).padStart(2, '0')}${body}01`;
}

describe('an entry never makes the fold throw', () => {
  const order = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';
  const zero = '00'.repeat(32);
  const one = `${'00'.repeat(31)}01`;
  test.each([
    ['r equal to the order', order, one, 'encoding'],
    ['r beyond the field', 'ff'.repeat(32), one, 'encoding'],
    ['r of zero', zero, one, 'encoding'],
    ['s of zero', one, zero, 'encoding'],
    ['s equal to the order', one, order, 'encoding'],
    ['r and s of one', one, one, 'invalid'],
  ])('a partial signature with %s is refused', (_, r, s, reason) => {
    const { world, proposal } = proposed();
    const key = toHex(world.wallet.wallet.keyAt(1 - world.wallet.hotKeyIndex, 0, 0));
    const partialSignatures = world.blob(canonicalBytes([{ key, signature: der(r, s) }]));
    expect(world.say(world.approval('alice', proposal, { partialSignatures }))).toBe(
      `psbt.signature.${reason}`,
    );
  });

  test('JSON nested as deep as an entry is long is refused', () => {
    const { world } = proposed();
    expect(world.append(utf8('['.repeat(60_000)))).toBe('json.malformed');
    expect(world.append(utf8('['.repeat(30_000) + ']'.repeat(30_000)))).toBe('json.depth');
    expect(world.append(utf8('{"a":'.repeat(9_000) + '1' + '}'.repeat(9_000)))).toBe('json.depth');
  });

  test('a field named __proto__ is an unknown field', () => {
    const { world, proposal } = proposed();
    const text = fromUtf8(entryBytes(world.sign(world.approval('bob', proposal)))) ?? '';
    for (const first of ['{"coins"', '{"decision"']) {
      const odd = text.replace(first, `{"__proto__":{"a":1},${first.slice(1)}`);
      expect(odd).not.toBe(text);
      expect(world.append(utf8(odd))).toBe('log.entry.invalid');
    }
  });

  test('change is never searched for beyond the last index of all', () => {
    const made = proposed();
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    world.now += 60;
    world.round();
    const { gapLimit } = world.wallet.body;
    const change = proposal.statement.spend.outputs.find((output) => output.change !== undefined);
    if (change === undefined) throw new Error('the spend has change');
    change.change = ADDRESS_INDEX - gapLimit + 1;
    expect(changeReach(world.state, world.wallet)).toBe(ADDRESS_INDEX);
  });
});

describe('an entry that proves nothing stops no fold', () => {
  test('a forged approval that names a blob that nobody has is skipped', () => {
    const { world, proposal } = proposed();
    const statement = world.approval('bob', proposal, { partialSignatures: unknown });
    const forged = { ...world.sign(statement), signature: '00'.repeat(64) };
    expect(world.append(entryBytes(forged as never))).toBe('statement.signature');
    expect(world.say({ ...world.approval('bob', proposal) }, unknown)).toBe('log.entry.invalid');
  });

  test('a receipt of nobody that names a blob that nobody has is skipped', () => {
    const { world, proposal } = proposed();
    world.journal({ record: 'reserve', proposal: proposal.digest, amountSats: 1, feeSats: 1 });
    world.journal({ record: 'intent', proposal: proposal.digest });
    const receipt = { record: 'signed', proposal: proposal.digest, signatures: unknown } as const;
    const entry = world.receiptEntry(world.receipt(receipt));
    const forged = { ...entry, signature: '00'.repeat(64) };
    expect(world.append(entryBytes(forged as never))).toBe('receipt.unauthorised');
    expect(world.append(entryBytes(entry))).toBe('missing');
  });

  test('two signatures of one statement are one statement', () => {
    const { world, proposal } = proposed();
    const statement = world.approval('bob', proposal);
    expect(world.say(statement)).toBe('applied');
    const secret = world.members.get('bob')?.device.secretKey ?? new Uint8Array();
    const digest = fromHex(statementDigest(statement));
    const signature = toHex(signSchnorr(digest, secret, new Uint8Array(32).fill(7)));
    const again = { type: 'statement', statement, signature, coins: null } as const;
    expect(world.append(entryBytes(again))).toBe('statement.duplicate');
  });

  test('the same leaf has the same effect whether a blob source copies or not', () => {
    const { world } = proposed();
    const parent = new Transaction();
    parent.version = 2;
    parent.addInput(new Uint8Array(32).fill(9), 0);
    const vouts = Array.from({ length: 20 }, (_, vout) => vout);
    for (const _ of vouts) parent.addOutput(world.wallet.wallet.script(0, 0), 100_000n);
    parent.addOutput(new Uint8Array(900_000), 0n);
    const bytes = new Uint8Array(parent.toBuffer());
    world.blob(bytes);
    const held = vouts.map((vout) => ({ parent: bytes, branch: 0, index: 0, vout }) as const);
    const { statement, coins } = world.draft({
      pays: [[strangerAddress, million]],
      coins: held as never,
    });
    const leaf = entryBytes(world.sign(statement, coins));
    const copying = (sha256: string) => world.store.get(sha256)?.slice();
    expect(admit(world.state, leaf, { blobs: copying })).toMatchObject({ kind: 'apply' });
  });
});

describe('a "no" is never suppressed', () => {
  test('a withdrawal takes nobody his rejection', () => {
    const { world, proposal } = proposed();
    world.approve('bob', proposal);
    world.say(world.approval('bob', proposal, { decision: 'withdraw' }));
    expect(world.say(world.approval('bob', proposal, { decision: 'withdraw' }))).toBe(
      'approval.superseded',
    );
    expect(world.say(world.approval('bob', proposal, { decision: 'reject' }))).toBe('applied');
    expect(world.verdict(proposal).refusal?.code).toBe('proposal.rejected');
  });

  test('a withdrawal that is logged before its approval voids it', () => {
    const { world, proposal } = proposed();
    const yes = world.approval('bob', proposal);
    const no = world.approval('bob', proposal, {
      decision: 'withdraw',
      previous: statementDigest(yes),
    });
    expect(world.say(no)).toBe('applied');
    expect(world.say(yes)).toBe('approval.superseded');
    const stray = world.approval('officer', proposal, { decision: 'withdraw', previous: unknown });
    expect(world.say(stray)).toBe('approval.unknown');
  });
});

describe('a cool-down withholds permission and nothing else', () => {
  const perCustomer = policyOf('hot-1')
    .replace(
      'limits:',
      'limits:\n  - { name: customer, amount: 0.015 BTC, per: 7d, of: destination }',
    )
    .replace(
      'rules:',
      'rules:\n  - { name: bad, when: { destinations: { any: [tag:bad] } }, deny: true }',
    );

  function cooling() {
    const world = new World({ policy: perCustomer });
    const charter = world.state.charter?.document.body;
    const entry = world.state.destinations?.document.body.entries[0];
    if (charter === undefined || entry === undefined) throw new Error('documents in force');
    charter.coolDowns = { deviceSeconds: 0, destinationSeconds: 86_400 };
    world.start();
    world.round();
    return { world, entry };
  }

  test('a limit of one destination counts what went there before it cooled', () => {
    const { world } = cooling();
    const first = world.propose({ pays: [[listedAddress, million]] });
    approveAll({ world, proposal: first });
    world.round();
    const second = world.propose({ pays: [[listedAddress, million - 1]] });
    approveAll({ world, proposal: second });
    world.round();
    expect(world.verdict(second).refusal?.code).toBe('policy.limit.exceeded');
    world.now += 86_400;
    expect(world.verdict(second).refusal?.code).toBe('policy.limit.exceeded');
  });

  test('a denying tag works at once', () => {
    const { world } = cooling();
    const proposal = world.propose({ pays: [[listedAddress, million]] });
    expect(world.verdict(proposal).refusal?.code).toBe('policy.quorum.missing');
    change(world, 'destinations', ['governor-1'], ({ entries }) => ({
      entries: entries.map((one) => ({ ...one, tags: ['bad'] })),
    }));
    world.round();
    expect(world.verdict(proposal).refusal?.code).toBe('policy.denied');
    world.now += 86_400;
    world.round();
    const later = world.propose({ pays: [[listedAddress, million]] });
    expect(world.verdict(later).refusal?.code).toBe('policy.denied');
  });
});

describe('receipts that reach the log late', () => {
  test('are judged by what their signer had read, and a start in between delays again', () => {
    const made = proposed();
    const { world, proposal } = made;
    const { state, ledger } = world;
    const late: Uint8Array[] = [];
    const write = (record: Parameters<World['receipt']>[0]) => {
      const receipt = world.receipt(record);
      applyReceipt(ledger, receipt);
      late.push(entryBytes(world.receiptEntry(receipt)));
    };
    const round = () => {
      for (const action of decide({
        state,
        ledger,
        wallet: 'hot-1',
        now: world.now,
        word: nobodysWord,
      })) {
        if (action.record !== 'sign') {
          write(action);
          continue;
        }
        write({ record: 'intent', proposal: proposal.digest });
        const signatures = world.cosign(proposal, world.hot);
        write({ record: 'signed', proposal: proposal.digest, signatures });
      }
    };
    approveAll(made);
    round();
    world.now += 59;
    const wallet = { walletDigest: world.wallet.record.digest };
    const firstAddress = world.wallet.wallet.address(0, 0);
    const hot = new AccountSigner(world.hot.xprv, 'regtest');
    const keyProof = hot.proveKey(world.genesis, wallet.walletDigest, firstAddress);
    write({ record: 'started', ...wallet, firstAddress, keyProof });
    world.now += 59;
    round();
    expect(ledger.signed.size).toBe(0);
    world.now += 1;
    round();
    expect(ledger.signed.size).toBe(1);
    // The signature exists, but the log does not know yet: the rejection stands there, too late.
    expect(world.say(world.approval('carol', proposal, { decision: 'reject' }))).toBe('applied');
    expect(late.map((leaf) => world.append(leaf))).toEqual(late.map(() => 'applied'));
    expect(findings(world)).toEqual([]);
    expect(world.verdict(proposal).outcome).toBe('signed');
  });
});

describe('a hostile signer', () => {
  test('cannot make the replay stumble over a proposal that its receipt had not read', () => {
    const { world, proposal } = proposed();
    const log = {
      size: proposal.index,
      root: toHex(world.state.tree.rootAt(proposal.index)),
    };
    const early = {
      record: 'reserve',
      proposal: proposal.digest,
      amountSats: 1,
      feeSats: 1,
      log,
    } as const;
    expect(world.post(world.receipt(early))).toBe('receipt.invalid');
    expect(findings(world)).toEqual([[world.leaves.length - 1, 'receipt.invalid']]);
  });

  test('cannot give the budget of a possible signature back', () => {
    const made = proposed();
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    world.now += 60;
    world.journal({ record: 'intent', proposal: proposal.digest });
    const release = { record: 'release', proposal: proposal.digest } as const;
    const receipt = world.receipt({ ...release, code: 'policy.sign.expired' });
    expect(checkReceipt(world.ledger, receipt).ok).toBe(false);
    expect(world.post(receipt)).toBe('receipt.invalid');
  });

  test('is found when it releases a full quorum, or reserves another amount', () => {
    const made = proposed();
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    world.journal({ record: 'release', proposal: proposal.digest, code: 'policy.delay.waiting' });
    const wrong = world.leaves.length - 1;
    expect(findings(world)).toEqual([[wrong, 'package.replay.mismatch']]);
    const { digest } = proposal;
    world.journal({ record: 'reserve', proposal: digest, amountSats: 1, feeSats: 1_000 });
    expect(findings(world)).toEqual([
      [wrong, 'package.replay.mismatch'],
      [wrong + 1, 'package.replay.mismatch'],
    ]);
  });

  test('cannot refuse with a word that is no code', () => {
    const { world, proposal } = proposed();
    const refusal = { record: 'refusal', proposal: proposal.digest } as const;
    for (const code of ['toString', 'constructor', 'no.such.code'])
      expect(receiptSchema.safeParse({ ...world.receipt(refusal), code }).success).toBe(false);
  });
});
