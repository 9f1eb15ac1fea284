import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../../../src/core/base/bytes.ts';
import type { RefusalCode } from '../../../../src/core/base/codes.ts';
import { sha256 } from '../../../../src/core/base/digest.ts';
import type { WalletBody } from '../../../../src/core/governance/document.ts';
import { checkOutside, holdersOutside } from '../../../../src/core/governance/outside.ts';
import { renderPaths, walletPaths } from '../../../../src/core/governance/wallet-paths.ts';
import { replay } from '../../../../src/core/log/replay.ts';
import type { ProposalRecord } from '../../../../src/core/log/state.ts';
import { finalise } from '../../../../src/core/psbt/finalise.ts';
import { parseWallet } from '../../../../src/core/wallet/wallet.ts';
import { accountKeyOf } from '../../../../src/keys/account-key.ts';
import { parsePartialSignatures } from '../../../../src/core/psbt/signatures.ts';
import { accountOf, codeOf, multi, passed, walletOf, withChecksum } from '../../../support/psbt.ts';
import type { WorldOptions } from '../../../support/world.ts';
import { approveAll, policyOf, proposed, World } from '../../../support/world.ts';

const key = (name: string): string => accountOf(name).expression;
const hot = accountOf('hot');

describe('a wallet document', () => {
  const check = (
    descriptor: string,
    outside: readonly (readonly string[])[],
    birth = 0,
  ): string => {
    const named = outside.map((names) => names.map(key));
    const body = { hotKey: hot.xpub, birth, outside: named } as unknown as WalletBody;
    return codeOf(checkOutside(walletOf(descriptor), body));
  };
  const recovery = (lock: string): string =>
    withChecksum(`wsh(or_d(multi(2,${key('hot')},${key('a')}),and_v(v:pkh(${key('b')}),${lock})))`);

  test('names exactly the least key sets that spend without the hot key, in any order', () => {
    const three = multi('sortedmulti', 2, ['hot', 'a', 'b']);
    expect(check(three, [['a', 'b']])).toBe('passed');
    expect(check(three, [['b', 'a']])).toBe('passed');
    expect(check(three, [])).toBe('wallet.hotkey');
    expect(check(three, [['a']])).toBe('wallet.outside.missing');
    expect(
      check(three, [
        ['a', 'b'],
        ['hot', 'a'],
      ]),
    ).toBe('wallet.outside.excess');
    expect(
      check(three, [
        ['a', 'b'],
        ['b', 'a'],
      ]),
    ).toBe('wallet.outside.excess');
    expect(check(three, [['a', 'b', 'hot']])).toBe('wallet.outside.missing');
    const four = multi('multi', 2, ['hot', 'a', 'b', 'c']);
    expect(
      check(four, [
        ['a', 'b'],
        ['a', 'c'],
      ]),
    ).toBe('wallet.outside.missing');
    expect(
      check(four, [
        ['a', 'b'],
        ['a', 'c'],
        ['c', 'b'],
      ]),
    ).toBe('passed');
  });

  test('names none where every path that needs no waiting holds the hot key', () => {
    expect(check(multi('multi', 2, ['hot', 'a']), [])).toBe('passed');
    expect(check(multi('multi', 2, ['hot', 'a']), [['a']])).toBe('wallet.outside.excess');
    expect(check(recovery('older(144)'), [])).toBe('passed');
    expect(check(recovery('older(144)'), [['b']])).toBe('wallet.outside.excess');
  });

  test('counts a height that was past when the wallet began as no lock at all', () => {
    expect(check(recovery('after(900144)'), [], 900_000)).toBe('passed');
    expect(check(recovery('after(900143)'), [], 900_000)).toBe('wallet.hotkey');
    expect(check(recovery('after(900143)'), [['b']], 900_000)).toBe('passed');
  });

  test('no birth, however low, makes a past height of the main chain a lock', () => {
    const [own, other] = ['own', 'other'].map((name) =>
      accountKeyOf(sha256(utf8(name)), 'wsh', 'mainnet'),
    );
    const of = (height: number): string => {
      const path = `and_v(v:pkh(${other?.expression ?? ''}/<0;1>/*),after(${String(height)}))`;
      const descriptor = withChecksum(`wsh(or_d(pk(${own?.expression ?? ''}/<0;1>/*),${path}))`);
      const body = { hotKey: own?.xpub, birth: 0, outside: [] } as unknown as WalletBody;
      return codeOf(checkOutside(passed(parseWallet(descriptor, 'mainnet')), body));
    };
    expect(of(930_143)).toBe('wallet.hotkey');
    expect(of(930_144)).toBe('passed');
  });

  test('less than a day of waiting is none', () => {
    expect(check(recovery('older(143)'), [])).toBe('wallet.hotkey');
    expect(check(recovery('older(143)'), [['b']])).toBe('passed');
    const flag = 0x400000; // units of 512 seconds
    expect(check(recovery(`older(${String(flag + 168)})`), [])).toBe('wallet.hotkey');
    expect(check(recovery(`older(${String(flag + 169)})`), [])).toBe('passed');
    expect(check(recovery('after(1767225599)'), [])).toBe('wallet.hotkey');
    expect(check(recovery('after(1767225600)'), [])).toBe('passed');
  });

  test('is refused when the path that we sign by lacks the hot key', () => {
    const internal = withChecksum(`tr(${key('a')},pk(${key('hot')}))`);
    expect(check(internal, [['a']])).toBe('wallet.hotkey.idle');
    expect(check(withChecksum(`tr(${key('hot')},pk(${key('a')}))`), [['a']])).toBe('passed');
    expect(check(multi('multi', 1, ['a', 'b']), [['a'], ['b']])).toBe('wallet.hotkey.idle');
  });

  test('names 20 sets, not more', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const pairs = (of: readonly string[]): readonly string[][] =>
      of.flatMap((one, at) => of.slice(at + 1).map((other) => [one, other]));
    const six = names.slice(0, 6);
    expect(check(multi('multi', 2, ['hot', ...six]), pairs(six))).toBe('passed');
    expect(check(multi('multi', 3, ['hot', ...six]), [['a']])).toBe('wallet.outside.missing');
    const seven = names.slice(0, 7);
    expect(check(multi('multi', 2, ['hot', ...seven]), pairs(seven))).toBe('wallet.outside.bounds');
  });

  test('tells its members for the analysis, a key that nobody holds as found', () => {
    const holders = [{ member: 'alice', key: accountOf('a').xpub }];
    expect(holdersOutside({ outside: [[key('a'), key('b')]], holders })).toEqual([['alice']]);
  });
});

const twoOfThree: NonNullable<WorldOptions['wallet']> = (keys) => ({
  body: `wsh(sortedmulti(2,${keys.hot},${keys.alice},${keys.bob}))`,
  outside: [[keys.alice, keys.bob]],
});
const withRecovery: NonNullable<WorldOptions['wallet']> = (keys) => ({
  body: `wsh(or_d(multi(2,${keys.hot},${keys.alice}),and_v(v:pkh(${keys.bob}),older(144))))`,
  outside: [],
});

type Keys = Parameters<NonNullable<WorldOptions['wallet']>>[0];
const nums = '50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0';
const bare = { partialSignatures: null };

/** The proposal approved by all without signatures. */
function approved(): { readonly world: World; readonly proposal: ProposalRecord } {
  const made = proposed(new World({ wallet: twoOfThree }));
  for (const member of ['alice', 'bob', 'carol'])
    expect(made.world.say(made.world.approval(member, made.proposal, bare))).toBe('applied');
  return made;
}

function pending({ world, proposal }: ReturnType<typeof approved>): RefusalCode | undefined {
  return world.verdict(proposal).refusal?.code;
}

describe('cosigners who could spend without the hot key', () => {
  test('sign only after the signer has said that nothing else is missing', () => {
    const made = approved();
    const { world, proposal } = made;
    expect(world.approve('alice', proposal)).toBe('approval.signatures.early');
    world.round();
    expect(pending(made)).toBe('policy.delay.waiting');
    expect(world.approve('alice', proposal)).toBe('approval.signatures.early');
    world.now += 60;
    expect(pending(made)).toBe('psbt.signatures.missing');
    expect(world.approve('alice', proposal)).toBe('approval.signatures.early');
    expect(world.round()).toEqual([
      { record: 'refusal', proposal: proposal.digest, code: 'psbt.signatures.missing' },
    ]);
    expect(world.round()).toEqual([]);
    expect(world.approve('alice', proposal)).toBe('applied');
    expect(world.round().map(({ record }) => record)).toEqual(['sight', 'sign']);
    expect(world.verdict(proposal).outcome).toBe('signed');
  });

  test('leave a log that replays without a finding, and a transaction', () => {
    const { world, proposal } = approved();
    world.round();
    world.now += 60;
    world.round();
    world.approve('bob', proposal);
    world.round();
    const leaf = (index: number) => world.leaves[index] ?? new Uint8Array();
    const blobs = (sha256: string) => world.store.get(sha256);
    const found = replay(world.genesis, world.leaves.length, leaf, { blobs });
    if ('code' in found) throw new Error(found.code);
    expect(found.findings).toEqual([]);
    const sets = world
      .proposal(proposal.digest)
      .approvals.flatMap(({ partialSignatures }) =>
        partialSignatures === null ? [] : [partialSignatures],
      );
    expect(sets).toHaveLength(1);
    const blob = world.ledger.signed.get(proposal.digest)?.signatures ?? '';
    const signer = passed(parsePartialSignatures(world.store.get(blob) ?? new Uint8Array()));
    const of = (found: typeof sets): string =>
      codeOf(finalise(world.wallet.wallet, proposal, found));
    expect(of(sets)).toBe('psbt.signatures.missing');
    expect(of([...sets, signer])).toBe('passed');
  });

  test('make assertions about themselves false', () => {
    const claim = 'assert: [{ compromised: 2, movesAtMost: 0 BTC }]\n';
    const policy = `${policyOf('hot-1').replace('selfSats: 100000', 'selfSats: 0')}${claim}`;
    expect(() => new World({ policy })).not.toThrow();
    expect(() => new World({ policy, wallet: twoOfThree })).toThrow('policy.assertion.failed');
  });
});

test('a recovery key signs no proposal, and its holder approves without signatures', () => {
  const { world, proposal } = proposed(new World({ wallet: withRecovery }));
  const signatures = world.cosign(proposal, world.bobs);
  const signed = world.approval('bob', proposal, { partialSignatures: signatures });
  expect(world.say(signed)).toBe('approval.signatures.unasked');
  for (const member of ['alice', 'bob', 'carol'])
    expect(world.approve(member, proposal)).toBe('applied');
  world.round();
  world.now += 60;
  world.round();
  expect(world.verdict(proposal).outcome).toBe('signed');
  expect(world.wallet.wallet.kind).toBe('wsh-miniscript');
});

test.each([
  ['pkh', (keys: Keys) => `pkh(${keys.hot})`],
  ['sh-wpkh', (keys: Keys) => `sh(wpkh(${keys.hot}))`],
  ['tr-key', (keys: Keys) => `tr(${keys.hot})`],
  ['sh-wsh-multi', (keys: Keys) => `sh(wsh(multi(2,${keys.alice},${keys.hot})))`],
  [
    'tr-script',
    ({ hot: signer, alice, bob }: Keys) =>
      `tr(${nums},{multi_a(2,${signer},${alice}),and_v(v:pk(${bob}),older(144))})`,
  ],
])('a spend from %s is proposed, approved and signed, and the log replays', (kind, body) => {
  const made = proposed(new World({ wallet: (keys) => ({ body: body(keys), outside: [] }) }));
  const { world, proposal } = made;
  approveAll(made);
  world.round();
  world.now += 60;
  world.round();
  expect(world.verdict(proposal).outcome).toBe('signed');
  expect(world.wallet.wallet.kind).toBe(kind);
  const leaf = (index: number) => world.leaves[index] ?? new Uint8Array();
  const blobs = (sha256: string) => world.store.get(sha256);
  expect(replay(world.genesis, world.leaves.length, leaf, { blobs })).toMatchObject({
    findings: [],
  });
});

test('people read who spends without the signer, and what opens to whom by waiting', () => {
  const text = (wallet: NonNullable<WorldOptions['wallet']>): readonly string[] =>
    renderPaths(new World({ wallet }).wallet);
  expect(text(twoOfThree)).toEqual(['Spend without the signer and its policy: alice with bob']);
  expect(text(withRecovery)).toEqual(['From 144 blocks after the coin was confirmed: bob']);
  const decaying: typeof withRecovery = ({ hot: signer, alice, bob }) => ({
    body: `wsh(thresh(3,pk(${signer}),s:pk(${alice}),s:pk(${bob}),sln:after(1800000000)))`,
    outside: [],
  });
  expect(walletPaths(new World({ wallet: decaying }).wallet)).toEqual({
    outside: [],
    recovery: [
      {
        after: ['2027-01-15T08:00:00Z'],
        by: [
          ['the signer', 'alice'],
          ['the signer', 'bob'],
          ['alice', 'bob'],
        ],
      },
    ],
  });
  expect(renderPaths(new World().wallet)).toEqual([]);
});
