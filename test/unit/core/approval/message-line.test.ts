import { describe, expect, test } from '@jest/globals';
import { keyProofLine, messageLine } from '../../../../src/core/approval/message-line.ts';
import type { ProposalStatement, Statement } from '../../../../src/core/approval/statement.ts';
import { parseStatement, statementDigest } from '../../../../src/core/approval/statement.ts';
import { canonicalBytes } from '../../../../src/core/base/canonical.ts';
import { MESSAGE_LINE_LENGTH } from '../../../../src/core/base/limits.ts';
import type { ProposalRecord, State } from '../../../../src/core/log/state.ts';
import { documentStatement, freezeStatement } from '../../../support/governing.ts';
import { codeOf, passed } from '../../../support/psbt.ts';
import { listedAddress, strangerAddress, World } from '../../../support/world.ts';

const world = new World();
world.start();
world.round();
const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });

const idOf = (digest: string): string => Buffer.from(digest, 'hex').toString('base64url');
const lineOf = (statement: Statement, state: State = world.state): string =>
  passed(messageLine(state, statement)).replace(idOf(statementDigest(statement)), 'ID');

/** The log with the proposal said otherwise. */
function where(change: Partial<ProposalStatement>, of: ProposalRecord = proposal): State {
  const changed = { ...of, statement: { ...of.statement, ...change } };
  return { ...world.state, proposals: new Map([[of.digest, changed]]) };
}
const approve = world.approval('carol', proposal);

describe('the line of an approval', () => {
  test('names decision, wallet, payment, fee and the whole digest of the statement', () => {
    const line = passed(messageLine(world.state, approve));
    expect(line).toBe(
      `Countersign v1 approve hot-1 pay ${strangerAddress} 0.01000000 fee 0.00001000 id ${idOf(statementDigest(approve))}`,
    );
    expect(line.slice(line.lastIndexOf(' ') + 1)).toHaveLength(43);
    for (const decision of ['reject', 'withdraw'] as const)
      expect(lineOf({ ...approve, decision })).toBe(
        `Countersign v1 ${decision} hot-1 pay ${strangerAddress} 0.01000000 fee 0.00001000 id ID`,
      );
  });

  test('is another for whatever the statement says', () => {
    const line = passed(messageLine(world.state, approve));
    for (const change of [
      { device: 'other' },
      { expiresAt: '2026-12-01T00:00:00Z' },
      { reasonDigest: '00'.repeat(32) },
      { log: { ...approve.log, size: approve.log.size - 1 } },
    ])
      expect(passed(messageLine(world.state, { ...approve, ...change }))).not.toBe(line);
  });

  test('names every payment in the order of the transaction, to the satoshi, and no change', () => {
    const two = world.propose({
      pays: [
        [listedAddress, 1_234_567],
        [listedAddress, 600],
      ],
      fee: 999,
    });
    expect(lineOf(world.approval('carol', two))).toBe(
      `Countersign v1 approve hot-1 pay ${listedAddress} 0.01234567; ${listedAddress} 0.00000600 fee 0.00000999 id ID`,
    );
  });

  test('shows the most that the envelope of the fee allows', () => {
    const envelope = { feeSatsMax: 25_000, replacementsMax: 3, until: '2026-11-03T00:00:00Z' };
    expect(lineOf(approve, where({ envelope }))).toContain(' fee 0.00001000 max 0.00025000 id ID');
  });

  test('shows the fee of the bump whose coins are signed', () => {
    const spend = { ...proposal.view.spend, feeSats: 3_000 };
    const version = {
      ...{ version: 1, index: proposal.index + 1, spendDigest: '33'.repeat(32), cosignatures: [] },
      ...{ transaction: proposal.transaction, txid: proposal.txid, coins: proposal.coins },
      view: { ...proposal.view, spend },
    };
    const envelope = { feeSatsMax: 25_000, replacementsMax: 3, until: '2026-11-03T00:00:00Z' };
    const state = where({ envelope }, { ...proposal, versions: [version] });
    const bumped = lineOf({ ...approve, spend: version.spendDigest }, state);
    expect(bumped).toContain(` 0.01000000 fee 0.00003000 max 0.00025000 id ID`);
    expect(lineOf(approve, state)).toContain(' fee 0.00001000 max 0.00025000 id ID');
  });

  test('says first that payments are repeated', () => {
    expect(lineOf(approve, where({ repeats: '00'.repeat(32) }))).toContain(
      ` hot-1 pay again ${strangerAddress} 0.01000000 fee `,
    );
  });

  test('says of a spend that pays nobody what it is', () => {
    const outputs = proposal.statement.spend.outputs.filter(({ change }) => change !== undefined);
    const spend = { ...proposal.statement.spend, outputs };
    expect(lineOf(approve, where({ spend }))).toBe(
      'Countersign v1 approve hot-1 pay nothing fee 0.00001000 id ID',
    );
    expect(lineOf(approve, where({ spend, kind: 'cancel' }))).toBe(
      'Countersign v1 approve hot-1 cancel fee 0.00001000 id ID',
    );
    expect(lineOf(approve, where({ kind: 'cancel' }))).toContain(
      ` cancel ${strangerAddress} 0.01000000 fee `,
    );
  });

  test('names the script of an output without an address', () => {
    const outputs = [{ script: '6a0568656c6c6f', sats: 0 }];
    const spend = { ...proposal.statement.spend, outputs };
    expect(lineOf(approve, where({ spend }))).toContain(
      ' pay script 6a0568656c6c6f 0.00000000 fee ',
    );
  });

  test('has 240 characters at most', () => {
    const { wallet } = proposal.statement;
    const shortest = passed(messageLine(world.state, approve)).length - wallet.id.length;
    const named = (length: number) => where({ wallet: { ...wallet, id: 'w'.repeat(length) } });
    const room = MESSAGE_LINE_LENGTH - shortest;
    expect(MESSAGE_LINE_LENGTH).toBe(240);
    expect(passed(messageLine(named(room), approve))).toHaveLength(240);
    expect(codeOf(messageLine(named(room + 1), approve))).toBe('approval.message.toolong');
    const many = world.propose({ pays: Array.from({ length: 4 }, () => [listedAddress, 700]) });
    expect(codeOf(messageLine(world.state, world.approval('carol', many)))).toBe(
      'approval.message.toolong',
    );
  });

  test('is of a proposal that the log holds', () => {
    const unknown = { ...approve, proposal: '00'.repeat(32) };
    expect(codeOf(messageLine(world.state, unknown))).toBe('proposal.unknown');
  });
});

describe('the line of other statements', () => {
  const charter = world.state.charter?.document;
  if (charter === undefined) throw new Error('a charter is in force');
  const digest = idOf(world.state.charter?.digest ?? '');

  test('names a document by kind, id, version and digest', () => {
    const said = (decision: 'approve' | 'veto' | 'confirm') =>
      lineOf(documentStatement(world, 'carol', charter, decision));
    const rest = `charter charter version 1 digest ${digest} id ID`;
    expect(said('approve')).toBe(`Countersign v1 sign ${rest}`);
    expect(said('veto')).toBe(`Countersign v1 veto ${rest}`);
    expect(said('confirm')).toBe(`Countersign v1 confirm ${rest}`);
    const first = { ...documentStatement(world, 'carol', charter), firstAddress: listedAddress };
    expect(lineOf(first)).toContain(` version 1 first ${listedAddress} digest `);
    const unknown = { ...first, document: '00'.repeat(32) };
    expect(codeOf(messageLine(world.state, unknown))).toBe('document.unknown');
  });

  test('takes no text for an address', () => {
    const first = { ...documentStatement(world, 'carol', charter), firstAddress: listedAddress };
    expect(codeOf(parseStatement(canonicalBytes(first)))).toBe('passed');
    for (const firstAddress of ['two words', 'line\nbreak', 'ünlaut', ''])
      expect(codeOf(parseStatement(canonicalBytes({ ...first, firstAddress })))).not.toBe('passed');
  });

  test('names a freeze by its wallet, and how many an unfreeze lifts', () => {
    const of = (over: Parameters<typeof freezeStatement>[2]) =>
      lineOf(freezeStatement(world, 'officer', over));
    expect(of({})).toBe('Countersign v1 freeze hot-1 id ID');
    expect(of({ wallet: '*' })).toBe('Countersign v1 freeze * id ID');
    expect(of({ action: 'unfreeze', lifts: ['00'.repeat(32), '11'.repeat(32)] })).toBe(
      'Countersign v1 unfreeze hot-1 lifts 2 id ID',
    );
  });

  test('is not made for proposals and sessions', () => {
    expect(codeOf(messageLine(world.state, proposal.statement))).toBe('device.kind.statement');
    const session: Statement = { type: 'session', ...world.common('carol'), key: 'A'.repeat(43) };
    expect(codeOf(messageLine(world.state, session))).toBe('device.kind.statement');
  });

  test('fits for the longest names of documents, not for those with an address besides', () => {
    const id = 'w'.repeat(64);
    const document = { ...charter, kind: 'destinations' as const, id, version: 1_000_000 };
    const statement = documentStatement(world, 'carol', charter);
    const record = world.state.documents.get(statement.document);
    if (record === undefined) throw new Error('the charter stands in the log');
    const documents = new Map([
      [statement.document, { ...record, document: document as unknown as typeof charter }],
    ]);
    const state = { ...world.state, documents };
    expect(passed(messageLine(state, statement)).length).toBeLessThanOrEqual(240);
    const first = { ...statement, firstAddress: strangerAddress };
    expect(codeOf(messageLine(state, first))).toBe('approval.message.toolong');
  });

  test('names the wallet whose key is proven', () => {
    const proof = 'ab'.repeat(32);
    expect(passed(keyProofLine('hot-1', listedAddress, proof))).toBe(
      `Countersign v1 hold hot-1 first ${listedAddress} id ${idOf(proof)}`,
    );
  });
});
