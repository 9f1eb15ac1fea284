import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBase64, fromHex, toBase64, toHex } from '../../../src/core/base/bytes.ts';
import { toPsbt } from '../../../src/core/psbt/build.ts';
import { inputType } from '../../../src/core/psbt/fields.ts';
import { signInputs } from '../../../src/core/psbt/signatures.ts';
import { keyIndexOfXpub } from '../../../src/core/wallet/wallet.ts';
import { AccountSigner } from '../../../src/keys/account-key.ts';
import type { FakeDraft } from '../../support/fake-server.ts';
import { forge } from '../../support/forged-entry.ts';
import { editPsbt, fieldOf } from '../../support/psbt.ts';
import { listedAddress, strangerAddress, World } from '../../support/world.ts';
import { Bench } from './bench.ts';

let world: World;
let bench: Bench;

beforeEach(async () => {
  world = new World();
  world.start();
  world.round();
  bench = await Bench.open(world, ['operator', 'alice', 'bob', 'carol', 'officer']);
});
afterEach(() => bench.close());

const propose = (...more: readonly string[]) =>
  bench.json(
    ...['propose', '--wallet', 'hot-1', '--purpose', 'rent', '--to', 'exchange=0.001 BTC'],
    ...more,
  );

describe('propose', () => {
  test('shows every payment in full, change and fee, signs after "yes", and finds it in the log', async () => {
    const typed = await propose('--to', `${strangerAddress}=20000 sat`, '--reference', 'inv-1');
    expect(typed).toMatchObject({ status: 0, json: { ok: true, delivered: true } });
    expect(typed.said).toContain('0.00100000 BTC to bcrt 1qw5 08d6');
    expect(typed.said).toContain('in the address book as exchange of exchange');
    expect(typed.said).toContain(`NOT in the address book: ${strangerAddress}`);
    expect(typed.said).toContain('change 0.00050000 BTC back to this wallet');
    expect(typed.said).toContain('Fee 0.00001000 BTC');
    const proposal = world.proposal(String(typed.json['proposal']));
    expect(proposal.statement).toMatchObject({ reference: 'inv-1', initiator: 'operator' });
    expect(proposal.statement.log.size).toBe(proposal.index);
  });

  test.each([
    ['another word', 'y'],
    ['the end of the input', null],
  ])('signs nothing on %s', async (_name, answer) => {
    bench.answer = answer;
    const typed = await propose();
    expect(typed).toMatchObject({
      status: 2,
      json: { ok: false, refusal: { code: 'statement.declined' } },
    });
    expect(world.state.proposals.size).toBe(0);
    expect(bench.server.requests).toContain('DELETE /v1/drafts/draft-1');
  });

  test('asks nobody with --yes, but shows all the same', async () => {
    bench.answer = null;
    const typed = await propose('--yes');
    expect(typed.status).toBe(0);
    expect(typed.said).toContain('Pays 0.00100000 BTC in 1 payment:');
  });

  test('takes payments from a batch file', async () => {
    const lines = ['address,amount', `${listedAddress},10000 sat`, '', `${strangerAddress},0.5BTC`];
    writeFileSync(join(bench.home, 'pay.csv'), lines.join('\r\n'));
    const words = ['propose', '--wallet', 'hot-1', '--purpose', 'pay', '--batch', 'pay.csv'];
    const typed = await bench.json(...words, '--yes');
    expect(typed.json).toMatchObject({
      spend: {
        payments: [
          { address: listedAddress, sats: 10_000 },
          { address: strangerAddress, sats: 50_000_000 },
        ],
      },
    });
  });

  const lies: Readonly<Record<string, (draft: FakeDraft) => FakeDraft>> = {
    'pays somebody else': () => fakeOf([[strangerAddress, 100_000]]),
    'pays one satoshi more': () => fakeOf([[listedAddress, 100_001]]),
    'adds a payment': () =>
      fakeOf([
        [listedAddress, 100_000],
        [strangerAddress, 1_000],
      ]),
    'pays twice': () =>
      fakeOf([
        [listedAddress, 100_000],
        [listedAddress, 100_000],
      ]),
    'names another previous transaction': (draft) => ({
      ...draft,
      coins: draft.coins.map((coin) => ({ ...coin, parent: 'ab'.repeat(32) })),
    }),
  };
  test.each(Object.entries(lies))('refuses a draft that %s', async (_name, lie) => {
    bench.server.tamperDraft = lie;
    const typed = await propose('--yes');
    expect(typed).toMatchObject({ status: 2, json: { refusal: { code: 'draft.mismatch' } } });
    expect(world.state.proposals.size).toBe(0);
  });

  function fakeOf(pays: readonly (readonly [string, number])[], fee = 1_000): FakeDraft {
    const { statement, coins } = world.draft({ pays, fee });
    const hex = (name: string) => toHex(world.store.get(name) ?? new Uint8Array());
    const claims = JSON.parse(Buffer.from(hex(coins), 'hex').toString()) as FakeDraft['coins'];
    return {
      draft: 'draft-1',
      transaction: hex(statement.spend.transaction),
      coins: claims.map((claim) => ({ ...claim, transaction: hex(claim.parent) })),
    };
  }

  test('refuses a draft that burns more fee than was asked for', async () => {
    bench.server.tamperDraft = () => fakeOf([[listedAddress, 100_000]], 40_000);
    const typed = await propose('--fee-rate', '2', '--yes');
    expect(typed.json).toMatchObject({ refusal: { code: 'draft.mismatch' } });
  });

  test('refuses a draft whose coin is not of the wallet', async () => {
    bench.server.tamperDraft = (draft) => ({
      ...draft,
      coins: draft.coins.map((coin) => ({ ...coin, index: coin.index + 1 })),
    });
    const typed = await propose('--yes');
    expect(typed.json).toMatchObject({ refusal: { code: 'psbt.input.foreign' } });
  });

  test('shows why the server chose this fee rate and these coins, as its word', async () => {
    const leftOut = { frozen: 2, uneconomic: 0, dust: 3 };
    const chosen = { algorithm: 'single-random-draw', wasteSats: -120, partialAddresses: 1 };
    const way = { ...chosen, inputs: 1, feeSats: 1_000, changeSats: 50_000 };
    const fee = { rate: 30, why: 'capped', estimate: 44, blocks: 6 };
    const selection = { ...chosen, longTermFeeRate: 10, considered: [way, way], leftOut };
    bench.server.tamperDraft = (draft) => ({ ...draft, fee, selection });
    const typed = await propose('--yes');
    expect(typed.json).toMatchObject({ told: { fee, selection } });
    expect(typed.said).toContain('The server says: 30 sat/vB, the most that the policy allows');
    expect(typed.said).toContain('estimates 44 for 6 blocks');
    expect(typed.said).toContain('chosen by a random draw: waste -120 sat at 10 sat/vB');
    expect(typed.said).toContain('addresses spent in part: 1.');
    expect(typed.said).toContain('coins left out: 2 frozen, 3 of dust.');
  });

  describe('--consolidate', () => {
    const merge = (...more: readonly string[]) =>
      bench.json('propose', '--wallet', 'hot-1', '--purpose', 'p', '--consolidate', ...more);

    test('merges coins without a payment, and shows what it saves', async () => {
      const leftOut = { frozen: 0, uneconomic: 0, dust: 0 };
      const consolidation = { savingSats: 4_200, longTermFeeRate: 10, addresses: 7, leftOut };
      bench.server.tamperDraft = (draft) => ({ ...draft, consolidation });
      const typed = await merge('--coins', '7', '--below', '0.001 BTC', '--yes');
      expect(typed.json).toMatchObject({ ok: true, spend: { payments: [] } });
      expect(typed.said).toContain(
        'merging saves 0.00004200 BTC when coins are spent at 10 sat/vB',
      );
      expect(typed.said).toContain('see belong together: 7.');
    });

    test('refuses a draft that pays somebody, or costs more than the ceiling', async () => {
      bench.server.tamperDraft = () => fakeOf([[strangerAddress, 20_000]]);
      expect((await merge('--yes')).json).toMatchObject({ refusal: { code: 'draft.mismatch' } });
      bench.server.tamperDraft = () => fakeOf([], 1_000);
      const dear = await merge('--ceiling', '2', '--yes');
      expect(dear.json).toMatchObject({ refusal: { code: 'draft.mismatch' } });
      expect((await merge('--ceiling', '20', '--yes')).status).toBe(0);
    });

    test('pays nobody, and alone knows its options', async () => {
      expect((await propose('--consolidate')).status).toBe(64);
      for (const option of ['--ceiling', '--coins', '--below'])
        expect((await propose(option, '5')).status).toBe(64);
      const refused = await merge('--below', 'much');
      expect(refused.json).toMatchObject({ refusal: { code: 'amount.invalid' } });
    });
  });

  test('proposes the transaction of a PSBT, that one and no other', async () => {
    const coin = world.coin(200_000);
    const read = world.draft({ pays: [[listedAddress, 100_000]], coins: [coin] });
    const hex = toHex(world.store.get(read.statement.spend.transaction) ?? new Uint8Array());
    const proposal = world.propose({ pays: [[listedAddress, 100_000]], coins: [coin] });
    const psbt = toPsbt({
      wallet: world.wallet.wallet,
      transaction: proposal.transaction,
      coins: proposal.coins,
    });
    writeFileSync(join(bench.home, 'spend.psbt'), psbt);
    const words = ['propose', '--wallet', 'hot-1', '--purpose', 'pay', '--psbt', 'spend.psbt'];
    const other = await bench.json(...words, '--yes');
    expect(other.json).toMatchObject({ refusal: { code: 'draft.mismatch' } });
    const claims = JSON.parse(
      Buffer.from(world.store.get(read.coins) ?? new Uint8Array()).toString(),
    ) as FakeDraft['coins'];
    bench.server.tamperDraft = () => ({
      draft: 'draft-1',
      transaction: hex,
      coins: claims.map((claim) => ({
        ...claim,
        transaction: toHex(world.store.get(claim.parent) ?? new Uint8Array()),
      })),
    });
    expect((await bench.json(...words, '--yes')).json).toMatchObject({ ok: true });
  });

  test('refuses a wallet and an address that are not there', async () => {
    const wallet = await bench.json(
      'propose',
      '--wallet',
      'x',
      '--purpose',
      'p',
      '--to',
      'a=1 sat',
    );
    expect(wallet.json).toMatchObject({ refusal: { code: 'wallet.unknown' } });
    const address = await propose('--to', 'nobody=1000 sat');
    expect(address.json).toMatchObject({ refusal: { code: 'address.invalid' } });
  });
});

describe('approve, reject, withdraw, freeze', () => {
  test('an approver reads the bytes, signs, and a cosigner signs the coins in the same step', async () => {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    const alice = await bench.json('approve', proposal.name, '--as', 'alice');
    expect(alice).toMatchObject({ status: 0, json: { delivered: true, decision: 'approve' } });
    expect(alice.said).toContain('0.00010000 BTC to bcrt 1qw5 08d6');
    expect(alice.said).toContain('signs every coin');
    const bob = await bench.json('approve', proposal.digest.slice(0, 12), '--as', 'bob');
    expect(bob.status).toBe(0);
    const approvals = world.proposal(proposal.digest).approvals;
    expect(approvals.map(({ member }) => member)).toEqual(['alice', 'bob']);
    expect(approvals[0]?.partialSignatures).toHaveLength(1);
    expect(approvals[1]?.partialSignatures).toBeNull();
  });

  test('a cosigner whose key is in a wallet device hands in the PSBT that it signed', async () => {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    const shown = await bench.json('proposals', 'show', proposal.name);
    const unsigned = fromBase64(String(shown.json['psbt'])) ?? new Uint8Array();
    const { sign } = new AccountSigner(world.cosigner.xprv, 'regtest');
    const keyIndex = keyIndexOfXpub(world.wallet.wallet, world.cosigner.xpub) ?? -1;
    const signatures = signInputs(world.wallet.wallet, proposal, { keyIndex, sign });
    const signed = editPsbt(unsigned, (maps) => {
      for (const [input, { key, signature }] of signatures.entries())
        maps[1 + input]?.push(
          fieldOf(inputType.partialSignature, fromHex(signature), fromHex(key)),
        );
    });
    writeFileSync(join(bench.home, 'unsigned.psbt'), unsigned);
    writeFileSync(join(bench.home, 'signed.psbt'), toBase64(signed));
    const words = ['approve', proposal.name, '--as', 'alice', '--psbt'];
    expect((await bench.json(...words, 'unsigned.psbt')).json).toMatchObject({
      refusal: { code: 'psbt.signature.incomplete' },
    });
    expect((await bench.json(...words, 'signed.psbt')).json).toMatchObject({ ok: true });
    const [approval] = world.proposal(proposal.digest).approvals;
    expect(approval?.partialSignatures).toEqual(signatures);
  });

  test('the initiator cannot approve, and sees code, meaning and action', async () => {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    const typed = await bench.type('approve', proposal.digest, '--yes');
    expect(typed.status).toBe(2);
    expect(typed.said).toContain('approval.initiator: The initiator cannot approve');
    expect(typed.said).toContain('Ask another member.');
  });

  test('a rejection needs a reason and ends the proposal', async () => {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    expect((await bench.type('reject', proposal.digest, '--as', 'bob')).status).toBe(64);
    const typed = await bench.json('reject', proposal.digest, '--as', 'bob', '--reason', 'no');
    expect(typed.json).toMatchObject({ decision: 'reject', stage: 'refused' });
    expect(world.proposal(proposal.digest).ended).toMatchObject({ code: 'proposal.rejected' });
  });

  test('an approver withdraws after having approved', async () => {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    await bench.json('approve', proposal.digest, '--as', 'bob');
    const typed = await bench.json('withdraw', proposal.digest, '--as', 'bob');
    expect(typed.status).toBe(0);
    expect(world.proposal(proposal.digest).approvals).toEqual([]);
  });

  test('an officer freezes every wallet', async () => {
    const typed = await bench.json(
      'freeze',
      '--wallet',
      '*',
      '--reason',
      'alarm',
      '--as',
      'officer',
    );
    expect(typed.json).toMatchObject({ ok: true, wallet: '*', delivered: true });
    const listed = await bench.json('wallets', 'list', '--as', 'officer');
    expect(listed.json).toMatchObject({ wallets: [{ id: 'hot-1', standing: 'frozen' }] });
  });

  test('an unknown proposal is refused', async () => {
    const typed = await bench.json('approve', 'no-such-four-words', '--as', 'bob');
    expect(typed.json).toMatchObject({ refusal: { code: 'proposal.unknown' } });
  });
});

describe('looking', () => {
  test('lists and shows proposals from the fold, and no purpose that its digest does not prove', async () => {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    const listed = await bench.json('proposals', 'list');
    expect(listed.json).toMatchObject({
      proposals: [{ proposal: proposal.digest, stage: 'pending', amountSats: 10_000 }],
    });
    const shown = await bench.json('proposals', 'show', proposal.name);
    expect(shown.json).toMatchObject({ purpose: null, txid: proposal.txid });
    expect((await bench.type('proposals', 'show', proposal.name)).out).toContain(
      'policy.quorum.missing',
    );
    expect((await bench.json('proposals', 'broadcast', proposal.name)).json).toMatchObject({
      refusal: { code: 'policy.quorum.missing' },
    });
  });

  test('opens one session and keeps it, mode 600, until shortly before it expires', async () => {
    const sessions = () => bench.server.requests.filter((one) => one.includes('/sessions')).length;
    await bench.json('proposals', 'list');
    await bench.json('wallets', 'show', 'hot-1');
    expect(sessions()).toBe(1);
    const file = join(bench.home, 'sessions', 'operator.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    world.now += 14 * 60;
    await bench.json('proposals', 'list');
    expect(sessions()).toBe(2);
  });

  test('opens a session anew when the server ended the one that was kept', async () => {
    await bench.json('proposals', 'list');
    bench.server.refusal = { code: 'session.unknown', facts: {} };
    const refused = await bench.json('proposals', 'list');
    expect(refused.json).toMatchObject({ refusal: { code: 'session.unknown' } });
    bench.server.refusal = null;
    expect((await bench.json('proposals', 'list')).status).toBe(0);
  });

  test('refuses a log that forks from what is kept here', async () => {
    await bench.json('log', 'verify');
    const other = new World({ treasurers: ['alice', 'bob'] });
    other.append(new TextEncoder().encode('{"another":"history"}'));
    world.append(new TextEncoder().encode('{}'));
    bench.server.checkpoint = () => bench.server.note(other.state.tree);
    const typed = await bench.json('proposals', 'list');
    expect(typed.status).toBe(2);
    expect(typed.json).toMatchObject({ refusal: { code: 'log.fork' } });
  });

  test('says what to do when no server answers', async () => {
    const words = ['proposals', 'list', '--server', 'http://127.0.0.1:1'];
    const typed = await bench.type(...words);
    expect(typed.status).toBe(1);
    expect(typed.said).toContain('npm start');
  });
});

describe('evidence', () => {
  async function finished(): Promise<string> {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    for (const member of ['alice', 'bob', 'carol']) world.approve(member, proposal);
    world.round();
    world.now += 61;
    world.round();
    await bench.json('evidence', 'export', '--out', 'log.jsonl');
    return join(bench.home, 'log.jsonl');
  }

  test('is exported and verified without the server', async () => {
    const file = await finished();
    expect(existsSync(`${file}.part`)).toBe(false);
    await bench.server.stop();
    const typed = await bench.json('evidence', 'verify', file, '--genesis', world.genesis);
    expect(typed.json).toMatchObject({ ok: true, verified: true, entries: world.leaves.length });
    expect(Number(typed.json['receipts'])).toBeGreaterThan(5);
  });

  test('is verified with an entry without effect whose blobs nobody has', async () => {
    forge(world);
    const file = await finished();
    const typed = await bench.json('evidence', 'verify', file, '--genesis', world.genesis);
    expect(typed.json).toMatchObject({
      ok: true,
      skipped: [{ code: 'statement.signature' }],
    });
  });

  test('without a genesis digest is self-consistent, not authenticated', async () => {
    const file = await finished();
    const typed = await bench.type('evidence', 'verify', file);
    expect(typed.status).toBe(2);
    expect(typed.said).toContain('package.unauthenticated');
    expect(typed.said).toContain('self-consistent, not authenticated');
    const wrong = await bench.json('evidence', 'verify', file, '--genesis', 'ab'.repeat(32));
    expect(wrong.json).toMatchObject({ refusal: { code: 'document.genesis.mismatch' } });
  });

  const mutations: readonly (readonly [string, (lines: string[]) => unknown, string])[] = [
    ['a line without its end', (lines) => lines.push('{"type":'), 'package.invalid'],
    [
      'a deleted entry',
      (lines) =>
        lines.splice(
          lines.findIndex((line) => line.includes('"index":5,')),
          1,
        ),
      'package.invalid',
    ],
    ['a cut end', (lines) => lines.splice(lastEntry(lines), 1), 'log.proof.invalid'],
    ['no checkpoint', (lines) => lines.shift(), 'package.invalid'],
    ['a second checkpoint', (lines) => lines.push(lines[0] ?? ''), 'package.invalid'],
    [
      'a deleted blob',
      (lines) =>
        lines.splice(
          lines.findLastIndex((line) => line.includes('"type":"blob"')),
          1,
        ),
      'log.blob.missing',
    ],
    [
      'an edited entry',
      (lines) => {
        const at = lastEntry(lines);
        lines[at] = (lines[at] ?? '').replace(/"epoch":1/, '"epoch":2');
      },
      'log.proof.invalid',
    ],
  ];
  test.each(mutations)('with %s is refused', async (_name, mutate, code) => {
    const file = await finished();
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    mutate(lines);
    writeFileSync(file, `${lines.join('\n')}\n`);
    const typed = await bench.json('evidence', 'verify', file, '--genesis', world.genesis);
    expect(typed).toMatchObject({ status: 2, json: { refusal: { code } } });
  });

  test('log verify replays what was followed', async () => {
    await finished();
    const typed = await bench.json('log', 'verify');
    expect(typed.json).toMatchObject({ ok: true, size: world.leaves.length, skipped: [] });
  });

  test('log verify names the leaf that the server serves otherwise than this device verified it', async () => {
    await finished();
    expect((await bench.json('log', 'verify')).status).toBe(0);
    const [third = new Uint8Array(), fourth = new Uint8Array()] = world.leaves.slice(3);
    world.leaves.splice(3, 2, fourth, third);
    const typed = await bench.json('log', 'verify');
    expect(typed).toMatchObject({
      status: 2,
      json: { refusal: { code: 'log.fork', facts: { index: 3 } } },
    });
  });
});

function lastEntry(lines: readonly string[]): number {
  return lines.findLastIndex((line) => line.endsWith('"type":"entry"}'));
}
