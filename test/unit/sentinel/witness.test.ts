import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { toBase64, toHex, utf8, fromHex } from '../../../src/core/base/bytes.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import { cosignatureOf, cosignatureToSign } from '../../../src/core/log/cosignature.ts';
import { verifyEd25519 } from '../../../src/core/log/ed25519.ts';
import { parseNote } from '../../../src/core/log/note.ts';
import { parseTime } from '../../../src/core/base/time.ts';
import type { Poll } from '../../../src/core/sentinel/messages.ts';
import { answerAddCheckpoint } from '../../../src/sentinel/witness-note.ts';
import { codeOf, SentinelPlace } from '../../support/sentinel-place.ts';

let place: SentinelPlace;

beforeEach(() => {
  place = new SentinelPlace();
});
afterEach(() => {
  place.remove();
});

const size = () => place.world.state.tree.size;
const base64Note = (note: string) => toBase64(utf8(note));
/** One more entry in the log: whatever it says. */
const grow = () => {
  place.world.append(utf8('an entry without effect'));
};

function extending(old: number, over: Partial<Poll> = {}) {
  return place.polls({ old, proof: place.proof(old, size()).map(toHex), ...over });
}

describe('a poll', () => {
  test('is answered only once the log was read: before, no key is known', () => {
    expect(codeOf(place.sentinel.poll(place.polls()))).toBe('sentinel.unready');
  });

  test('gets the time, the head, and a cosignature over exactly that checkpoint and time', () => {
    place.read();
    const answer = place.answer();
    expect(answer.log).toEqual({ size: size(), root: toHex(place.world.state.tree.root()) });
    const note = parseNote(place.note());
    const signed = cosignatureToSign(note.ok ? note.value.text : '', parseTime(answer.at) ?? 0);
    expect(verifyEd25519(place.keys.key, signed, fromHex(answer.cosignature ?? ''))).toBe(true);
    expect(answer).toMatchObject({ nonce: 'ab'.repeat(32), wallet: 'hot-1', last: 0, mailbox: [] });
  });

  test('by another key than that of the wallet, or for another wallet, sentinel or organisation, is refused', () => {
    place.read();
    const stranger = place.polls({}, sha256(utf8('a stranger')));
    expect(codeOf(place.sentinel.poll(stranger))).toBe('sentinel.signature');
    expect(codeOf(place.sentinel.poll(place.polls({ wallet: 'hot-2' })))).toBe(
      'sentinel.signature',
    );
    expect(codeOf(place.sentinel.poll(place.polls({ sentinel: 'watch-2' })))).toBe(
      'sentinel.addressee',
    );
    expect(codeOf(place.sentinel.poll(place.polls({ org: '00'.repeat(32) })))).toBe(
      'sentinel.addressee',
    );
    const { text, signature } = place.polls();
    const edited = { text: text.replace('"after":0', '"after":1'), signature };
    expect(codeOf(place.sentinel.poll(edited))).toBe('sentinel.signature');
  });

  test('leads the head on by its proof, though the server shows this sentinel nothing new', () => {
    place.read();
    const old = size();
    grow();
    const answer = place.answer(extending(old));
    expect(answer.cosignature).not.toBeNull();
    expect(answer.log.size).toBe(old + 1);
    expect(place.sentinel.witness.head().size).toBe(old + 1);
  });

  test('without a proof from the head gets no cosignature but the head', () => {
    place.read();
    const old = size();
    grow();
    const answer = place.answer(extending(old - 1));
    expect(answer.cosignature).toBeNull();
    expect(answer.log.size).toBe(old);
    expect(place.kinds()).toEqual([]);
  });

  test('about an older checkpoint gets no cosignature: a witness never goes back', () => {
    place.read();
    const older = place.polls({ checkpoint: base64Note(place.note(size() - 1)) });
    expect(place.answer(older).cosignature).toBeNull();
    expect(place.kinds()).toEqual([]);
  });

  test('about a checkpoint that the log did not sign is refused', () => {
    place.read();
    const note = place.note().replace('world.example/log\n', 'other.example/log\n');
    const poll = place.polls({ checkpoint: base64Note(note) });
    expect(codeOf(place.sentinel.poll(poll))).toBe('log.checkpoint.origin');
    const unsigned = place.polls({
      checkpoint: base64Note(place.note().slice(0, -12) + 'AAAAAAAAAAA=\n'),
    });
    expect(codeOf(place.sentinel.poll(unsigned))).toBe('log.checkpoint.invalid');
  });
});

describe('a fork', () => {
  test('of one size is never cosigned, told once and kept with both notes', () => {
    place.read();
    const other = place.fork(3, size());
    const poll = place.polls({ checkpoint: base64Note(place.note(size(), other)) });
    expect(place.answer(poll).cosignature).toBeNull();
    place.answer(poll);
    expect(place.kinds()).toEqual(['fork']);
    const rows = place.file.database.prepare('SELECT ours, theirs FROM evidence').all();
    expect(rows).toEqual([{ ours: place.note(), theirs: place.note(size(), other) }]);
    expect(place.answer().cosignature).not.toBeNull();
  });

  test('that is shorter than the head is one, where the log itself tells', () => {
    place.read();
    const other = place.fork(3, size() - 2);
    const poll = place.polls({ checkpoint: base64Note(place.note(size() - 2, other)) });
    expect(place.answer(poll).cosignature).toBeNull();
    expect(place.kinds()).toEqual(['fork']);
  });

  test('whose proof does not lead on is not cosigned, and told when a signer shows it', () => {
    place.read();
    const old = size();
    const other = place.fork(3, old + 2);
    const proof = place.proof(old, old + 2, other).map(toHex);
    const poll = place.polls({ old, proof, checkpoint: base64Note(place.note(old + 2, other)) });
    const answer = place.answer(poll);
    expect(answer.cosignature).toBeNull();
    expect(answer.log.size).toBe(old);
    expect(place.kinds()).toEqual(['fork']);
  });

  test('that the server shows is found when it is followed, and the witnessed log stays', () => {
    place.read();
    const old = size();
    grow();
    place.answer(extending(old));
    const head = place.sentinel.witness.head();
    const other = place.fork(3, old + 3);
    const forked = { ...place.world.state, tree: other };
    expect(codeOf(place.sentinel.read(forked, place.note(old + 3, other)))).toBe('log.fork');
    expect(place.sentinel.witness.head()).toEqual(head);
    expect(place.kinds()).toEqual(['fork']);
  });
});

describe('a state that was rolled back', () => {
  test('cosigns nothing twice after a restart, and says that it is an older copy when a signer knows more', () => {
    place.read();
    const old = size();
    place.restart();
    place.read();
    expect(place.sentinel.witness.head().size).toBe(old);
    grow();
    const answer = place.answer(extending(old + 1, { old: old + 1, proof: [] }));
    expect(answer.cosignature).toBeNull();
    expect(place.kinds()).toEqual(['rolledback']);
  });

  test('refuses to be rewritten', () => {
    place.read();
    const { database } = place.file;
    expect(() => database.exec('UPDATE heads SET size = 1')).toThrow('append-only');
    expect(() => database.exec('DELETE FROM heads')).toThrow('append-only');
    expect(() =>
      database.exec(`INSERT INTO heads VALUES (1, '${'0'.repeat(64)}', 'note', 0)`),
    ).toThrow('never goes back');
  });
});

describe('add-checkpoint of C2SP', () => {
  const request = (old: number, proof: readonly Uint8Array[], note: string) =>
    utf8([`old ${String(old)}`, ...proof.map(toBase64), '', note].join('\n'));
  const add = (body: Uint8Array) =>
    answerAddCheckpoint(body, {
      ...{ name: 'watch-1', key: place.keys.key },
      head: () => place.sentinel.witness.head(),
      consider: (shown) => place.sentinel.addCheckpoint(shown),
    });

  test('answers with a line that stock clients verify', () => {
    place.read();
    const old = size();
    grow();
    const answer = add(request(old, place.proof(old, old + 1), place.note()));
    expect(answer.status).toBe(200);
    const note = parseNote(place.note() + answer.body);
    const found = note.ok
      ? cosignatureOf(note.value, { name: 'watch-1', key: place.keys.key })
      : null;
    expect(found?.at).toBe(place.world.now);
  });

  test('refuses what is malformed by 400', () => {
    place.read();
    expect(add(utf8('')).status).toBe(400);
    expect(add(utf8(`old x\n\n${place.note()}`)).status).toBe(400);
    expect(add(utf8(`old 01\n\n${place.note()}`)).status).toBe(400);
    expect(add(utf8(`old 0\nAAAA\n\n${place.note()}`)).status).toBe(400);
    expect(add(request(size() + 1, [], place.note())).status).toBe(400);
    const lines = (count: number) => Array.from({ length: count }, () => new Uint8Array(32));
    expect(add(request(size() - 1, lines(64), place.note())).status).toBe(400);
    expect(add(request(size() - 1, lines(63), place.note())).status).toBe(409);
  });

  test('knows no other log by 404, and no other key by 403', () => {
    place.read();
    const other = place.note().replaceAll('world.example/log', 'other.example/log');
    expect(add(request(0, [], other)).status).toBe(404);
    const edited = place.note().replace(`\n${String(size())}\n`, `\n${String(size() + 1)}\n`);
    expect(add(request(size(), [], edited)).status).toBe(403);
  });

  test('answers 409 with its size where the proof begins elsewhere, or the root of that size is another', () => {
    place.read();
    const old = size();
    const conflict = { status: 409, type: 'text/x.tlog.size', body: `${String(old)}\n` };
    expect(add(request(old - 1, place.proof(old - 1, old), place.note()))).toEqual(conflict);
    expect(place.kinds()).toEqual([]);
    expect(add(request(old, [], place.note(old, place.fork(3, old))))).toEqual(conflict);
    expect(place.kinds()).toEqual(['fork']);
  });

  test('answers 422 to a proof that does not lead there, and tells nobody: anybody can send one', () => {
    place.read();
    const old = size();
    grow();
    expect(add(request(old, [new Uint8Array(32)], place.note())).status).toBe(422);
    expect(place.kinds()).toEqual([]);
  });
});
