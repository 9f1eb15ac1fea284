import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { toBase64, toHex } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { formatTime } from '../../../src/core/base/time.ts';
import { blobAddress } from '../../../src/core/base/digest.ts';
import type { Receipt } from '../../../src/core/log/receipt.ts';
import { receiptDigest } from '../../../src/core/log/receipt.ts';
import { openMessage } from '../../../src/core/sentinel/messages.ts';
import { receiptKeyOf } from '../../../src/signer/receipt-key.ts';
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

type Record = Parameters<SentinelPlace['world']['receipt']>[0];

/** A chain of receipts from position 0 on. */
function chain(...records: readonly Record[]): readonly Receipt[] {
  const { world } = place;
  const made: Receipt[] = [];
  for (const record of records) {
    const before = made.at(-1);
    const previous = before === undefined ? null : receiptDigest(before);
    made.push(world.receipt({ ...record, position: made.length, previous }));
  }
  return made;
}

function posted(receipt: Receipt, key = place.world.receiptKey, blobs: readonly Uint8Array[] = []) {
  const text = Buffer.from(canonicalBytes(receipt)).toString('utf8');
  const { signature } = key.sign(receipt);
  return { receipt: text, signature, blobs: blobs.map(toBase64) };
}

function codes(...receipts: readonly ReturnType<typeof posted>[]): readonly string[] {
  const taken = place.sentinel.receipts({ receipts: [...receipts] });
  return taken.ok ? taken.value.map(codeOf) : [codeOf(taken)];
}

const object = '12'.repeat(32);
const sight: Record = { record: 'sight', kind: 'approval', object };
const refusal = (code: 'log.fork' | 'proposal.rejected'): Record => ({
  ...{ record: 'refusal', proposal: object, code },
});

describe('receipts of a signer', () => {
  test('are kept in their order, the same again too, and their head is told in the answer', () => {
    const [first, second] = chain(sight, sight);
    if (first === undefined || second === undefined) throw new Error('two were made');
    expect(codes(posted(first), posted(second))).toEqual(['ok', 'ok']);
    expect(codes(posted(second))).toEqual(['ok']);
    expect(place.answer().journal).toEqual({ position: 2, previous: receiptDigest(second) });
    expect([...place.sentinel.journals.receipts('hot-1')].map((kept) => kept.receipt)).toEqual([
      first,
      second,
    ]);
    place.restart();
    place.read();
    expect(place.answer().journal.position).toBe(2);
  });

  test('with a gap or another past are refused with the position that is expected', () => {
    const [first, second] = chain(sight, sight);
    if (first === undefined || second === undefined) throw new Error('two were made');
    expect(codes(posted(second))).toEqual(['receipt.position']);
    expect(codes(posted(first))).toEqual(['ok']);
    const other = place.world.receipt({ ...sight, position: 1, previous: '00'.repeat(32) });
    expect(codes(posted(other))).toEqual(['receipt.position']);
  });

  test('of one position twice are an alarm, with both as evidence', () => {
    const [first] = chain(sight);
    const [other] = chain({ ...sight, object: '13'.repeat(32) });
    if (first === undefined || other === undefined) throw new Error('two were made');
    expect(codes(posted(first), posted(other))).toEqual(['ok', 'receipt.second']);
    codes(posted(other));
    expect(place.kinds()).toEqual(['signers']);
    expect(place.file.database.prepare('SELECT kind FROM evidence').all()).toEqual([
      { kind: 'receipts' },
    ]);
    expect(place.answer().journal.previous).toBe(receiptDigest(first));
  });

  test('by another key, of another organisation or spoiled are not kept', () => {
    const [first] = chain(sight);
    if (first === undefined) throw new Error('one was made');
    const stranger = receiptKeyOf(new Uint8Array(32).fill(9));
    expect(codes(posted(first, stranger))).toEqual(['receipt.unauthorised']);
    const own = { ...first, signer: stranger.publicKey };
    expect(codes(posted(own, stranger))).toEqual(['receipt.unauthorised']);
    expect(codes(posted({ ...first, org: '00'.repeat(32) }))).toEqual(['statement.organisation']);
    expect(codes({ ...posted(first), receipt: '{}' })).toEqual(['schema.mismatch']);
    expect(place.answer().journal.position).toBe(0);
  });

  test('of a signature come with it, and tell people; of a refusal, where people should know', () => {
    const signatures = canonicalBytes([]);
    const signed: Record = {
      record: 'signed',
      proposal: object,
      signatures: blobAddress(signatures),
    };
    const all = chain(refusal('proposal.rejected'), refusal('log.fork'), signed);
    const [rejected, forked, last] = all;
    if (rejected === undefined || forked === undefined || last === undefined)
      throw new Error('three were made');
    expect(codes(posted(rejected), posted(forked), posted(last))).toEqual([
      'ok',
      'ok',
      'log.blob.missing',
    ]);
    const wrong = posted(last, place.world.receiptKey, [new Uint8Array(3)]);
    expect(codes(wrong)).toEqual(['log.blob.missing']);
    expect(codes(posted(last, place.world.receiptKey, [signatures]))).toEqual(['ok']);
    expect(place.kinds()).toEqual(['refused', 'signed']);
    expect(place.file.log.blob(blobAddress(signatures))).toEqual(signatures);
  });

  test('wait while the log was not read', () => {
    place.restart();
    const [first] = chain(sight);
    if (first === undefined) throw new Error('one was made');
    expect(codes(posted(first))).toEqual(['sentinel.unready']);
  });
});

describe('a notice', () => {
  const told = (objects: readonly string[]) => {
    const answered = place.sentinel.notice(place.notices(objects));
    if (!answered.ok) throw new Error(answered.refusal.code);
    return answered.value.map((message) => {
      const opened = openMessage('told', message, toHex(place.keys.key));
      if (!opened.ok) throw new Error(opened.refusal.code);
      return opened.value;
    });
  };

  test('is acknowledged object by object, after people are told who approves what', () => {
    const { world } = place;
    const proposal = world.propose({ pays: [[listedAddress, 10_000_000]] });
    world.approve('alice', proposal);
    const [approval] = world.proposal(proposal.digest).approvals;
    const digest = approval?.digest ?? '';
    const at = formatTime(world.now);
    const from = { org: world.genesis, sentinel: 'watch-1', wallet: 'hot-1' };
    expect(told([digest])).toEqual([{ ...from, object: digest, at }]);
    const [alarm] = place.raised;
    expect(alarm?.kind).toBe('sight');
    expect(alarm?.text).toContain('alice, device cli, approves:');
    expect(alarm?.text).toContain('0.10000000 BTC to bcrt');
    expect(alarm?.text).toContain('reject or freeze');
  });

  test('of an approval that the log does not hold says so', () => {
    expect(told([object])).toHaveLength(1);
    expect(place.raised[0]?.text).toContain('does not hold it');
  });

  test('tells each object once, for ever, and repeats its acknowledgement', () => {
    const first = told([object]);
    place.world.now += 60;
    place.restart();
    place.read();
    expect(told([object])).toEqual(first);
    expect(told([object, '14'.repeat(32)])[1]?.at).toBe(formatTime(place.world.now));
    expect(place.kinds()).toEqual(['sight', 'sight']);
  });

  test('by anybody but the signer of the wallet tells nobody', () => {
    const { text } = place.notices([object]);
    const forged = { text, signature: '00'.repeat(64) };
    expect(codeOf(place.sentinel.notice(forged))).toBe('sentinel.signature');
    expect(place.sentinel.hasUnread(forged)).toBe(false);
    expect(place.sentinel.hasUnread(place.notices([object]))).toBe(true);
    expect(place.kinds()).toEqual([]);
  });
});
