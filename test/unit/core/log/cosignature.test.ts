import { describe, expect, test } from '@jest/globals';
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { formatCheckpoint } from '../../../../src/core/log/checkpoint.ts';
import {
  cosignatureLine,
  cosignatureOf,
  cosignatureToSign,
  witnessKeyId,
} from '../../../../src/core/log/cosignature.ts';
import { parseNote } from '../../../../src/core/log/note.ts';

/** Keys, hashes and signatures by node:crypto, bytes by hand from C2SP tlog-cosignature. */
const secret = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${'07'.repeat(32)}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
});
const publicKey = createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-32);
const witness = { name: 'log.example/watch-1', key: new Uint8Array(publicKey) };
const text = formatCheckpoint({ origin: 'log.example', size: 5, root: fromHex('ab'.repeat(32)) });
const at = 1_763_800_000;

function byHand(time: number, over = text): Buffer {
  return sign(null, Buffer.from(`cosignature/v1\ntime ${String(time)}\n${over}`), secret);
}

function noteWith(...lines: readonly string[]) {
  const note = parseNote(`${text}\n${lines.join('')}`);
  if (!note.ok) throw new Error(note.refusal.code);
  return note.value;
}

describe('a cosignature', () => {
  test('is over a header with the time, then the checkpoint', () => {
    expect(Buffer.from(cosignatureToSign(text, at)).toString()).toBe(
      `cosignature/v1\ntime ${String(at)}\nlog.example\n5\n${Buffer.from('ab'.repeat(32), 'hex').toString('base64')}\n`,
    );
  });

  test('stands in a line of key id, eight bytes of time and the signature', () => {
    const id = createHash('sha256')
      .update(`${witness.name}\n`)
      .update(Buffer.from([4]))
      .update(publicKey)
      .digest()
      .subarray(0, 4);
    expect(toHex(witnessKeyId(witness))).toBe(id.toString('hex'));
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(at));
    const expected = Buffer.concat([id, time, byHand(at)]).toString('base64');
    expect(cosignatureLine(witness, at, byHand(at))).toBe(`\u2014 ${witness.name} ${expected}\n`);
  });

  test('is found and verified, the newest of several', () => {
    const note = noteWith(
      cosignatureLine(witness, at, byHand(at)),
      cosignatureLine(witness, at + 9, byHand(at + 9)),
      cosignatureLine(witness, at + 5, byHand(at + 5)),
    );
    expect(cosignatureOf(note, witness)?.at).toBe(at + 9);
  });

  test.each([
    ['another time', cosignatureLine(witness, at + 1, byHand(at))],
    ['another checkpoint', cosignatureLine(witness, at, byHand(at, `${text}x\n`))],
    ['another name', cosignatureLine({ ...witness, name: 'log.example/watch-2' }, at, byHand(at))],
    [
      'a changed signature',
      cosignatureLine(
        witness,
        at,
        byHand(at).map((b, i) => (i === 3 ? b ^ 1 : b)),
      ),
    ],
  ])('does not verify for %s, and hides no other', (_, line) => {
    expect(cosignatureOf(noteWith(line), witness)).toBeNull();
    const both = noteWith(line, cosignatureLine(witness, at - 100, byHand(at - 100)));
    expect(cosignatureOf(both, witness)?.at).toBe(at - 100);
  });
});
