import { describe, expect, test } from '@jest/globals';
import type { Statement } from '../../../../src/core/approval/statement.ts';
import { statementDigest } from '../../../../src/core/approval/statement.ts';
import { verifyDeviceSignature } from '../../../../src/core/approval/verify.ts';
import { checkCharter } from '../../../../src/core/governance/charter.ts';
import { delaysSince, sentinelsNeeded } from '../../../../src/core/governance/in-force.ts';
import { admitHeard, wasHeard } from '../../../../src/core/log/heard.ts';
import { checkReceipt } from '../../../../src/core/log/ledger.ts';
import type { Said } from '../../../../src/core/sentinel/messages.ts';
import { watchOf } from '../../../../src/core/sentinel/witnesses.ts';
import {
  change,
  documentStatement,
  governors,
  newest,
  pass,
  standing,
} from '../../../support/governing.ts';
import { MemorySentinel } from '../../../support/memory-sentinel.ts';
import { listedAddress, proposed, World } from '../../../support/world.ts';

const sentinel = new MemorySentinel('watch-1');

function said(world: World, statement: Statement): Said {
  const entry = world.sign(statement);
  if (entry.type !== 'statement') throw new Error('a statement');
  return { statement: entry.statement, signature: entry.signature } as Said;
}

function freeze(world: World, member: string, wallet: string): Said {
  return said(world, {
    type: 'freeze',
    ...world.common(member),
    wallet,
    action: 'freeze',
    lifts: [],
    reasonDigest: '00'.repeat(32),
  });
}

function hear(world: World, what: Said, wallet = 'hot-1'): string {
  const tools = {
    blobs: (sha256: string) => world.store.get(sha256),
    verify: verifyDeviceSignature,
  };
  const heard = admitHeard(world.state, wallet, what, tools);
  return heard.ok ? 'ok' : heard.refusal.code;
}

describe('a "no" from outside the log', () => {
  test('is taken by the signer whose wallet it concerns, and by no other', () => {
    const world = new World({ second: true });
    world.start();
    world.round();
    const proposal = world.propose({ pays: [[listedAddress, 1_000_000]] });
    const rejection = said(
      world,
      world.approval('carol', proposal, { decision: 'reject', previous: null }),
    );
    expect(hear(world, rejection)).toBe('ok');
    expect(hear(world, rejection, 'hot-2')).toBe('sentinel.unconcerned');
    expect(hear(world, freeze(world, 'officer', '*'), 'hot-2')).toBe('ok');
    expect(hear(world, freeze(world, 'officer', 'hot-2'), 'hot-2')).toBe('ok');
    expect(hear(world, freeze(world, 'officer', 'hot-2'))).toBe('sentinel.unconcerned');
  });

  test('is no approval, is of who may say it, and is nothing new where the log holds it', () => {
    const { world, proposal } = proposed();
    expect(hear(world, said(world, world.approval('alice', proposal)))).toBe(
      'sentinel.unconcerned',
    );
    expect(hear(world, freeze(world, 'operator', 'hot-1'))).toBe('member.role');
    const known = freeze(world, 'officer', 'hot-1');
    expect(wasHeard(world.state, world.ledger, known)).toBe(false);
    expect(world.say(known.statement)).toBe('applied');
    expect(hear(world, known)).toBe('statement.duplicate');
    expect(wasHeard(world.state, world.ledger, known)).toBe(true);
  });

  test('vetoes a version whose delay runs, and tells the fold by its receipt', () => {
    const world = new World({ delaySeconds: 600 });
    world.start();
    pass(world, 600);
    const looser = change(world, 'policy', governors, (body) => ({ ...body, limits: [] }));
    world.round();
    pass(world, 300);
    const veto = said(world, documentStatement(world, 'governor-2', looser, 'veto'));
    expect(hear(world, veto)).toBe('ok');
    world.journal({ record: 'heard', sentinel: 'watch-1', ...veto });
    expect(world.ledger.heard.has(statementDigest(veto.statement))).toBe(true);
    expect(standing(world, looser)).toBe('vetoed');
    pass(world, 600);
    world.round();
    expect(world.ledger.forced.policy).toHaveLength(1);
    // What the log holds twice counts once.
    expect(world.say(veto.statement)).toBe('statement.duplicate');
  });
});

test('a receipt that hears a yes is none, in the journal and in the log', () => {
  const { world, proposal } = proposed();
  const { statement, signature } = said(world, world.approval('alice', proposal));
  const receipt = world.receipt({ record: 'heard', sentinel: 'watch-1', statement, signature });
  const checked = checkReceipt(world.ledger, receipt);
  expect(checked.ok ? 'ok' : checked.refusal.code).toBe('receipt.invalid');
  expect(world.post(receipt)).toBe('receipt.invalid');
  expect(world.proposal(proposal.digest).approvals).toEqual([]);
});

describe('delays and starts of the signer', () => {
  test('begin anew without a sentinel, and run on since the first charter that needs one', () => {
    const world = new World({ sentinels: [sentinel.charterEntry], delaySeconds: 0 });
    expect(delaysSince(world.state, world.ledger)).toBeNull();
    world.start();
    world.round();
    expect(sentinelsNeeded(world.state, world.ledger)).toBe(0);
    pass(world, 100);
    world.start();
    expect(delaysSince(world.state, world.ledger)).toBe(world.now);
    const started = world.now;
    pass(world, 100);
    change(world, 'charter', governors, (body) => ({ ...body, sentinelsNeeded: 1 }));
    world.round();
    const since = world.now;
    expect(sentinelsNeeded(world.state, world.ledger)).toBe(1);
    expect(watchOf(world.state, world.ledger).sentinels).toEqual([sentinel.charterEntry]);
    // The process that ran before the charter came in force runs on.
    expect(delaysSince(world.state, world.ledger)).toBe(started);
    pass(world, 100);
    world.start();
    expect(delaysSince(world.state, world.ledger)).toBe(since);
  });
});

describe('a charter', () => {
  const body = newest(new World({ sentinels: [sentinel.charterEntry] }), 'charter').body;
  const other = new MemorySentinel('watch-2').charterEntry;
  const code = (over: Partial<typeof body>): string => {
    const checked = checkCharter({ ...body, ...over });
    return checked.ok ? 'ok' : checked.refusal.code;
  };

  test('asks for no more sentinels than it names', () => {
    expect(code({ sentinelsNeeded: 1 })).toBe('ok');
    expect(code({ sentinelsNeeded: 2 })).toBe('charter.invalid');
  });

  test('names each once, with keys of its own', () => {
    expect(code({ sentinels: [sentinel.charterEntry, other] })).toBe('ok');
    expect(code({ sentinels: [sentinel.charterEntry, { ...other, id: 'watch-1' }] })).toBe(
      'charter.invalid',
    );
    expect(code({ sentinels: [{ ...other, key: '00'.repeat(32) }] })).toBe('charter.invalid');
    expect(
      code({ sentinels: [sentinel.charterEntry, { ...other, key: sentinel.charterEntry.key }] }),
    ).toBe('charter.key.reused');
    const device = body.members[0]?.devices[0]?.key ?? '';
    expect(code({ sentinels: [{ ...other, freezeKey: device }] })).toBe('charter.key.reused');
  });

  test('has no member of the name that they sign under', () => {
    const [first, ...rest] = body.members;
    if (first === undefined) throw new Error('there are members');
    expect(code({ members: [{ ...first, id: 'sentinel' }, ...rest] })).toBe('charter.invalid');
  });
});
