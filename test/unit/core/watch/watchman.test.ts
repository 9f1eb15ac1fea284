import { describe, expect, test } from '@jest/globals';
import { Transaction } from 'bitcoinjs-lib';
import { toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { sha256 } from '../../../../src/core/base/digest.ts';
import { formatTime } from '../../../../src/core/base/time.ts';
import { entryBytes } from '../../../../src/core/log/entry.ts';
import type { ProposalRecord } from '../../../../src/core/log/state.ts';
import { guardOf, unexplainedSpends } from '../../../../src/core/watch/watchman.ts';
import { World, approveAll, proposed } from '../../../support/world.ts';

const txid = 'ab'.repeat(32);

/** Spends coins to nowhere, with something like a signature. */
function theft(outpoints: readonly string[]): Uint8Array {
  const transaction = new Transaction();
  transaction.version = 2;
  for (const outpoint of outpoints) {
    const [parent = '', vout = ''] = outpoint.split(':');
    transaction.addInput(Buffer.from(parent, 'hex').reverse(), Number(vout));
  }
  transaction.addOutput(utf8('anywhere'), 1_000n);
  transaction.setWitness(0, [utf8('signature')]);
  return transaction.toBuffer();
}

/** The transaction of a proposal with something in the places of its signatures. */
function finished(proposal: ProposalRecord, scriptSig: boolean): Uint8Array {
  const transaction = Transaction.fromBuffer(proposal.transaction);
  for (const input of transaction.ins) {
    if (scriptSig) input.script = utf8('redeem');
    input.witness = [utf8('signature')];
  }
  return transaction.toBuffer();
}

function coinsOf(proposal: ProposalRecord, wallet = 'hot-1'): ReadonlyMap<string, string> {
  return new Map(
    proposal.statement.spend.inputs.map(({ outpoint }) => [outpoint, wallet] as const),
  );
}

describe('the watchman', () => {
  test('a spend of a watched coin that no receipt explains is an alert, in the mempool and in a block', () => {
    const { world } = proposed();
    const coins = new Map([
      [`${txid}:0`, 'hot-1'],
      [`${txid}:1`, 'hot-1'],
    ]);
    const raw = theft([`${txid}:1`, `${'cd'.repeat(32)}:0`, `${txid}:0`]);
    const found = {
      wallet: 'hot-1',
      txid: Transaction.fromBuffer(raw).getId(),
      outpoints: [`${txid}:1`, `${txid}:0`],
    };
    const guard = guardOf(world.state);
    expect(unexplainedSpends({ raw, block: null }, coins, guard)).toMatchObject([
      { ...found, height: null },
    ]);
    const block = { height: 7, time: world.now };
    expect(unexplainedSpends({ raw, block }, coins, guard)).toMatchObject([
      { ...found, height: 7 },
    ]);
  });

  test('who spends no watched coin is nobody’s business, and what is no transaction is told apart', () => {
    const guard = guardOf(proposed().world.state);
    expect(unexplainedSpends({ raw: theft([`${txid}:0`]), block: null }, new Map(), guard)).toEqual(
      [],
    );
    expect(unexplainedSpends({ raw: utf8('none'), block: null }, new Map(), guard)).toBeNull();
  });

  test('what a signer hands over beside the log explains, of its own wallet, proposal and version alone', () => {
    const { world, proposal } = proposed();
    const seen = { raw: finished(proposal, false), block: null };
    const alerts = (wallet: string, digest: string, version: number) => {
      const guard = guardOf(world.state, [{ wallet, proposal: digest, version }]);
      return unexplainedSpends(seen, coinsOf(proposal), guard)?.length;
    };
    expect(alerts('hot-1', proposal.digest, 0)).toBe(0);
    expect(alerts('hot-1', proposal.digest, 1)).toBe(1);
    expect(alerts('hot-2', proposal.digest, 0)).toBe(1);
    expect(alerts('hot-1', 'ab'.repeat(32), 0)).toBe(1);
  });

  test.each([false, true])(
    'a signed proposal explains its transaction alone, whatever its signatures (scriptSig: %s)',
    (scriptSig) => {
      const { world, proposal } = proposed();
      const seen = { raw: finished(proposal, scriptSig), block: null };
      const alerts = () => unexplainedSpends(seen, coinsOf(proposal), guardOf(world.state));
      // Approved by all, and still without a receipt.
      approveAll({ world, proposal });
      world.round();
      expect(alerts()).toHaveLength(1);
      world.now += 60;
      world.journal({ record: 'intent', proposal: proposal.digest });
      expect(alerts()).toEqual([]);
      const other = Transaction.fromBuffer(seen.raw);
      other.addOutput(utf8('more'), 1n);
      const changed = { raw: other.toBuffer(), block: null };
      expect(unexplainedSpends(changed, coinsOf(proposal), guardOf(world.state))).toHaveLength(1);
    },
  );

  test('the receipt of one wallet explains nothing of another', () => {
    const world = new World({ second: true });
    world.start(world.secondSigner);
    world.secondRound();
    const { proposal } = proposed(world);
    approveAll({ world, proposal });
    world.round();
    world.now += 60;
    world.round();
    const seen = { raw: finished(proposal, false), block: null };
    const coins = coinsOf(proposal, world.secondSigner.wallet);
    expect(unexplainedSpends(seen, coins, guardOf(world.state))).toHaveLength(1);
    expect(unexplainedSpends(seen, coinsOf(proposal), guardOf(world.state))).toEqual([]);
  });

  test('before its signer holds a wallet everything is history', () => {
    const world = new World();
    const seen = { raw: theft([`${txid}:0`]), block: null };
    const coins = new Map([[`${txid}:0`, 'hot-1']]);
    expect(unexplainedSpends(seen, coins, guardOf(world.state))).toEqual([]);
    const since = world.now;
    world.start();
    world.round();
    const at = (time: number | null) =>
      unexplainedSpends({ ...seen, block: { height: 7, time } }, coins, guardOf(world.state));
    expect(at(since - 7_201)).toEqual([]);
    expect(at(since - 7_200)).toHaveLength(1);
    expect(at(since - 7_199)).toHaveLength(1);
    expect(at(null)).toHaveLength(1);
  });
});

describe('an alert in the log', () => {
  function alerting() {
    const { world, proposal } = proposed();
    const transaction = toHex(sha256(theft([`${txid}:0`])));
    const fact = {
      ...{ fact: 'alert', at: formatTime(world.now), wallet: 'hot-1', txid, transaction },
      ...{ outpoints: [`${txid}:0`], height: null },
    };
    const say = (given: object = {}) =>
      world.append(entryBytes({ type: 'fact', fact: { ...fact, ...given } as never }));
    return { world, proposal, say };
  }

  test('stands once, and once more when a block holds the spend', () => {
    const { world, say } = alerting();
    expect(say()).toBe('applied');
    expect(say()).toBe('fact.duplicate');
    expect(say({ height: 9 })).toBe('applied');
    expect(say({ height: 9 })).toBe('fact.duplicate');
    expect(say()).toBe('fact.duplicate');
    expect([...world.state.alerts.values()]).toMatchObject([{ wallet: 'hot-1', txid, height: 9 }]);
  });

  test('names a wallet of the organisation and at least one coin', () => {
    const { say } = alerting();
    expect(say({ wallet: 'hot-9' })).toBe('wallet.unknown');
    expect(say({ outpoints: [] })).toBe('log.entry.invalid');
    expect(say({ outpoints: Array.from({ length: 251 }, (_, at) => `${txid}:${at}`) })).toBe(
      'log.entry.invalid',
    );
    expect(say({ outpoints: Array.from({ length: 250 }, (_, at) => `${txid}:${at}`) })).toBe(
      'applied',
    );
  });

  test('is refused where a receipt explains the spend', () => {
    const { world, proposal, say } = alerting();
    approveAll({ world, proposal });
    world.round();
    world.now += 60;
    world.round();
    const { transaction } = proposal.statement.spend;
    expect(say({ transaction })).toBe('fact.invalid');
  });
});
