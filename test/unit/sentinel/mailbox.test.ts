import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { copyFileSync } from 'node:fs';
import { toHex } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { formatTime } from '../../../src/core/base/time.ts';
import type { Statement } from '../../../src/core/approval/statement.ts';
import { statementDigest } from '../../../src/core/approval/statement.ts';
import { SENTINEL } from '../../../src/core/governance/charter.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import { openMessage } from '../../../src/core/sentinel/messages.ts';
import { codeOf, SentinelPlace } from '../../support/sentinel-place.ts';
import { listedAddress } from '../../support/world.ts';

let place: SentinelPlace;

beforeEach(() => {
  place = new SentinelPlace();
  place.read();
});
afterEach(() => {
  place.remove();
});

/** What a device hands in. */
function said(statement: Statement): { statement: string; signature: string } {
  const entry = place.world.sign(statement);
  const text = Buffer.from(canonicalBytes(statement)).toString('utf8');
  return { statement: text, signature: entry.type === 'statement' ? entry.signature : '' };
}

function freezing(member = 'officer', over: object = {}) {
  return {
    type: 'freeze' as const,
    ...place.world.common(member),
    wallet: 'hot-1',
    action: 'freeze' as const,
    lifts: [],
    reasonDigest: '00'.repeat(32),
    ...over,
  };
}

const propose = (): ProposalRecord => place.world.propose({ pays: [[listedAddress, 10_000_000]] });
const taken = (statement: Statement) => codeOf(place.sentinel.statement(said(statement)));

describe('a "no"', () => {
  test('is acknowledged by the key of the charter, with its digest and when it came', () => {
    const statement = freezing();
    const answered = place.sentinel.statement(said(statement));
    const opened = answered.ok
      ? openMessage('taken', answered.value, toHex(place.keys.key))
      : answered;
    expect(opened).toEqual({
      ok: true,
      value: {
        ...{ org: place.world.genesis, sentinel: 'watch-1' },
        ...{ statement: statementDigest(statement), at: formatTime(place.world.now) },
      },
    });
  });

  test('is handed to signers in the order in which it came, numbered from 1, and told to people', () => {
    const proposal = propose();
    const no = place.world.approval('alice', proposal, { decision: 'reject' });
    expect([taken(freezing()), taken(no)]).toEqual(['ok', 'ok']);
    const answer = place.answer();
    expect(answer.mailbox.map(({ number, statement }) => [number, statement.type])).toEqual([
      [1, 'freeze'],
      [2, 'approval'],
    ]);
    expect(answer.last).toBe(2);
    expect(place.answer(place.polls({ after: 1 })).mailbox.map(({ number }) => number)).toEqual([
      2,
    ]);
    expect(place.kinds()).toEqual(['freeze', 'no']);
    expect(place.raised[0]?.text).toContain('FREEZE wallet hot-1 as officer, device cli.');
  });

  test('that comes twice is one item, and acknowledged with its first time', () => {
    const statement = freezing();
    const first = place.sentinel.statement(said(statement));
    place.world.now += 60;
    expect(place.sentinel.statement(said(statement))).toEqual(first);
    expect(place.answer().last).toBe(1);
  });

  test('that the log holds already is taken all the same, if it is really signed', () => {
    const statement = freezing();
    const posted = said(statement);
    place.world.append(entryBytes(place.world.sign(statement)));
    const forged = { ...posted, signature: said(freezing('officer', { wallet: '*' })).signature };
    expect(codeOf(place.sentinel.statement(forged))).toBe('statement.signature');
    expect(codeOf(place.sentinel.statement(posted))).toBe('ok');
  });

  test('about a proposal that was not read here is taken on signature and identity', () => {
    const proposal = propose();
    const unknown = place.world.approval('alice', proposal, {
      ...{ decision: 'reject', proposal: '12'.repeat(32) },
    });
    expect(taken(unknown)).toBe('ok');
    const forged = { ...said(unknown), signature: said(freezing()).signature };
    expect(codeOf(place.sentinel.statement(forged))).toBe('ok'); // it is here: the digest says what it is
    const other = { ...unknown, proposal: '13'.repeat(32) };
    expect(codeOf(place.sentinel.statement({ ...said(other), signature: forged.signature }))).toBe(
      'statement.signature',
    );
  });

  test('by nobody of the organisation, by another role, or of another organisation is refused', () => {
    expect(taken(freezing('carol'))).toBe('member.role');
    const stranger = { ...freezing(), member: 'mallory' };
    const text = Buffer.from(canonicalBytes(stranger)).toString('utf8');
    const { signature } = said(freezing());
    expect(codeOf(place.sentinel.statement({ statement: text, signature }))).toBe('member.unknown');
    expect(taken(freezing('officer', { org: '00'.repeat(32) }))).toBe('statement.organisation');
  });

  test('is a "no": a yes has its place elsewhere, and bytes have one form', () => {
    const proposal = propose();
    expect(taken(place.world.approval('alice', proposal))).toBe('sentinel.statement.yes');
    expect(taken(freezing('governor-1', { action: 'unfreeze' }))).toBe('sentinel.statement.yes');
    const { statement, signature } = said(freezing());
    const loose = { statement: ` ${statement}`, signature };
    expect(codeOf(place.sentinel.statement(loose))).toBe('json.noncanonical');
  });

  test('waits while the log was not read', () => {
    place.restart();
    expect(taken(freezing())).toBe('sentinel.unready');
  });

  test('survives a restart', () => {
    taken(freezing());
    place.restart();
    place.read();
    expect(place.answer().mailbox).toHaveLength(1);
  });

  test('of one device is taken a thousand times a day, and no more', () => {
    const insert = place.file.database.prepare(
      'INSERT INTO statements (digest, statement, signature, device, at) VALUES (?, ?, ?, ?, ?)',
    );
    for (let i = 0; i < 999; i++)
      insert.run(String(i).padStart(64, '0'), '{}', '', 'officer/cli', place.world.now);
    expect(taken(freezing())).toBe('ok');
    expect(taken(freezing('officer', { wallet: '*' }))).toBe('sentinel.mailbox.full');
    place.world.now += 86_400;
    expect(taken(freezing('officer', { wallet: '*' }))).toBe('ok');
  });
});

describe('a mailbox that was rolled back', () => {
  test('hands everything out again beyond what a signer has read, and says what has happened', () => {
    const older = `${place.path}.older`;
    taken(freezing());
    place.restart(() => {
      copyFileSync(place.path, older);
    });
    place.read();
    taken(freezing('officer', { wallet: '*' }));
    expect(place.answer().last).toBe(2);
    place.restart(() => {
      copyFileSync(older, place.path);
    });
    place.read();
    const lost = freezing('officer', { wallet: '*', reasonDigest: '11'.repeat(32) });
    expect(taken(lost)).toBe('ok'); // bears number 2, which the signer believes to have read
    place.raised.length = 0;
    const answer = place.answer(place.polls({ after: 3 }));
    expect(answer.mailbox.map(({ number }) => number)).toEqual([4, 5]);
    expect(statementDigest(answer.mailbox[1]?.statement ?? lost)).toBe(statementDigest(lost));
    expect(place.kinds()).toEqual(['rolledback']);
  });

  test('believes no signer that claims to have read far more than was ever there', () => {
    expect(codeOf(place.sentinel.poll(place.polls({ after: 10_001 })))).toBe(
      'sentinel.mailbox.ahead',
    );
    expect(place.answer(place.polls({ after: 10_000 })).last).toBe(0);
  });
});

describe('the freeze of a sentinel itself', () => {
  test('is signed by its freeze-only key, lies in its mailbox, and is admitted by the log', () => {
    const digest = place.sentinel.freeze('hot-1', 'a spend that no receipt explains');
    const [item] = place.answer().mailbox;
    expect(item?.statement).toMatchObject({ member: SENTINEL, device: 'watch-1', wallet: 'hot-1' });
    if (item?.statement.type !== 'freeze') throw new Error('it is a freeze');
    const entry = { type: 'statement', ...item, coins: null } as const;
    const { statement, signature, coins, type } = entry;
    expect(place.world.append(entryBytes({ type, statement, signature, coins }))).toBe('applied');
    expect(place.world.state.freezes.map((freeze) => freeze.digest)).toEqual([digest]);
    expect(place.kinds()).toEqual(['freeze']);
  });

  test('for the same reason within a day is one freeze', () => {
    const first = place.sentinel.freeze('*', 'a reason');
    expect(place.sentinel.freeze('*', 'a reason')).toBe(first);
    expect(place.sentinel.freeze('hot-1', 'a reason')).not.toBe(first);
    place.world.now += 86_401;
    expect(place.sentinel.freeze('*', 'a reason')).not.toBe(first);
  });
});
