import { describe, expect, test } from '@jest/globals';
import { fromBase64, fromHex, toBase64, toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { verifyEd25519 } from '../../../../src/core/log/ed25519.ts';
import {
  assembleNote,
  isKeyName,
  keyId,
  noteToSign,
  parseNote,
  parseVerifierKey,
  verifierKey,
} from '../../../../src/core/log/note.ts';
import { logSigner, signedText } from '../../../support/log-signer.ts';

const log = logSigner('log.example/7', 1);
const malformed = { ok: false, refusal: { code: 'log.checkpoint.invalid' } };

// The published example of golang.org/x/mod/sumdb/note.
const peter = {
  vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  note:
    'If you think cryptography is the answer to your problem,\n' +
    "then you don't know what your problem is.\n" +
    '\n' +
    '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
};

describe('verifier keys', () => {
  test('the example of the Go package is read and written again', () => {
    const parsed = parseVerifierKey(peter.vkey);
    expect(parsed).toMatchObject({ ok: true, value: { name: 'PeterNeumann' } });
    if (parsed.ok) {
      expect(verifierKey(parsed.value.name, parsed.value.key)).toBe(peter.vkey);
      expect(toHex(keyId(parsed.value.name, parsed.value.key))).toBe('c74f20a3');
    }
  });

  test.each([
    ['another name', peter.vkey.replace('Peter', 'Petra')],
    ['another id', peter.vkey.replace('c74f', 'c74e')],
    ['an upper-case id', peter.vkey.replace('c74f20a3', 'C74F20A3')],
    ['a changed key', peter.vkey.replace('LDE4', 'LDE5')],
    ['no name', peter.vkey.replace('PeterNeumann', '')],
    ['a space in the name', verifierKey('a', log.key).replace('a+', 'a +')],
    ['bytes after it', `${peter.vkey}\n`],
    ['another algorithm', `x+00000000+${toBase64(new Uint8Array(33).fill(2))}`],
    ['nothing', ''],
  ])('a verifier key with %s is refused', (_, line) => {
    expect(parseVerifierKey(line)).toMatchObject({
      ok: false,
      refusal: { code: 'log.key.invalid' },
    });
  });

  test('a key of small order is refused though its line is well formed', () => {
    const neutral = fromHex(`01${'00'.repeat(31)}`);
    expect(parseVerifierKey(verifierKey('x', neutral))).toMatchObject({
      refusal: { code: 'log.key.invalid' },
    });
  });

  test('names are without white space and plus', () => {
    expect(isKeyName('log.example/7')).toBe(true);
    for (const name of ['', 'a b', 'a+b', 'a\u00a0b', 'a\u0085b', 'a\nb', 'a\u2003b', '\ud800'])
      expect(isKeyName(name)).toBe(false);
  });
});

describe('signed notes', () => {
  test('the example of the Go package is taken apart', () => {
    const parsed = parseNote(peter.note);
    expect(parsed).toMatchObject({ ok: true, value: { signatures: [{ name: 'PeterNeumann' }] } });
    const key = parseVerifierKey(peter.vkey);
    const signature = parsed.ok ? parsed.value.signatures[0]?.signature : undefined;
    if (!parsed.ok || !key.ok || signature === undefined) throw new Error('refused');
    expect(verifyEd25519(key.value.key, noteToSign(parsed.value.text), signature)).toBe(true);
  });

  test('what is assembled is taken apart again, every signer with its line', () => {
    const witness = logSigner('witness.example', 2);
    const text = 'line\n\nafter an empty line\n';
    const note = signedText(text, log, witness);
    const parsed = parseNote(note);
    expect(parsed).toEqual({
      ok: true,
      value: {
        text,
        signatures: [log, witness].map(({ name, key, sign }) => ({
          name,
          keyId: keyId(name, key),
          signature: sign(noteToSign(text)),
        })),
      },
    });
  });

  const good = signedText('text\n', log);
  const line = good.slice(good.indexOf('—'));
  const signature = line.split(' ')[2]?.trim() ?? '';

  test.each([
    ['an empty text', ''],
    ['no signature', 'text\n\n'],
    ['no blank line', `text\n${line}`],
    ['no final newline', good.slice(0, -1)],
    ['an empty line at the end', `${good}\n`],
    ['a carriage return', good.replace('text\n', 'text\r\n')],
    ['a lone surrogate', good.replace('text', 'te\ud800xt')],
    ['a hyphen for the dash', good.replace('—', '-')],
    ['no name', good.replace(log.name, '')],
    ['a plus in the name', good.replace(log.name, 'a+b')],
    ['three words in a line', good.replace(log.name, 'a b')],
    ['a signature of the key id alone', good.replace(signature, 'AAAAAA==')],
    ['unpadded base64', good.replace(signature, signature.slice(0, -1))],
    ['base64 with bits left over', good.replace(signature, 'AAAAAAB=')],
    ['text after the signatures', `${good}more\n`],
    ['33 signatures', `text\n\n${line.repeat(33)}`],
    ['too many bytes', `${'x'.repeat(131_072)}\n\n${line}`],
    ['too many bytes of UTF-8', `${'é'.repeat(65_536)}\n\n${line}`],
  ])('a note with %s is refused', (_, note) => {
    expect(parseNote(note)).toMatchObject(malformed);
  });

  test('32 signatures, 16 of them large, are within bounds', () => {
    const large = `— pq.example ${toBase64(new Uint8Array(5_000))}\n`;
    expect(parseNote(`text\n\n${line.repeat(32)}`).ok).toBe(true);
    expect(parseNote(`text\n\n${large.repeat(16)}${line}`).ok).toBe(true);
  });

  test('assembling what could not be parsed again is a bug', () => {
    const signer = { ...log, signature: new Uint8Array(64) };
    expect(() => assembleNote('no newline', signer)).toThrow('bug');
    expect(() => assembleNote('text\n')).toThrow('bug');
    expect(() => assembleNote('text\n', { ...signer, name: 'a b' })).toThrow('bug');
    expect(() => noteToSign('a\tb\n')).toThrow('bug');
  });

  test('the signed bytes are the text with its final newline', () => {
    expect(noteToSign('text\n')).toEqual(utf8('text\n'));
    expect(fromBase64(signature)?.length).toBe(68);
  });
});
