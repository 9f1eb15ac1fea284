import { describe, expect, test } from '@jest/globals';
import { toBase64 } from '../../../../src/core/base/bytes.ts';
import {
  formatCheckpoint,
  parseCheckpoint,
  verifyCheckpoint,
} from '../../../../src/core/log/checkpoint.ts';
import { emptyRoot } from '../../../../src/core/log/merkle.ts';
import { logSigner, signedCheckpoint, signedText } from '../../../support/log-signer.ts';

const log = logSigner('log.example/7', 1);
const witness = logSigner('witness.example', 2);
const root = new Uint8Array(32).fill(7);
const head = { origin: log.name, size: 20_852_163, root };
const pinned = { origin: log.name, key: log.key };
const note = signedCheckpoint(head, log);

describe('checkpoints', () => {
  test('the text has three lines', () => {
    expect(formatCheckpoint(head)).toBe(`log.example/7\n20852163\n${toBase64(root)}\n`);
  });

  test('a checkpoint by the pinned key is verified', () => {
    expect(verifyCheckpoint(note, pinned)).toMatchObject({ ok: true, value: head });
  });

  test('lines of others are kept, whatever they say', () => {
    const cosigned = signedCheckpoint(head, witness, log, logSigner(log.name, 3));
    const verified = verifyCheckpoint(`${cosigned}— log.example/7 AAAAAAA=\n`, pinned);
    expect(verified).toMatchObject({ ok: true, value: head });
    if (verified.ok) expect(verified.value.note.signatures).toHaveLength(4);
  });

  test('extension lines are signed and unread', () => {
    const text = `${formatCheckpoint(head)}${'extension\n'.repeat(16)}`;
    expect(verifyCheckpoint(signedText(text, log), pinned)).toMatchObject({
      ok: true,
      value: head,
    });
    expect(verifyCheckpoint(signedText(`${text}x\n`, log), pinned)).toMatchObject({
      refusal: { code: 'log.checkpoint.invalid' },
    });
  });

  test('the empty log has a checkpoint with the root of nothing', () => {
    const empty = { ...head, size: 0, root: emptyRoot() };
    expect(verifyCheckpoint(signedCheckpoint(empty, log), pinned)).toMatchObject({
      ok: true,
      value: empty,
    });
    expect(verifyCheckpoint(signedCheckpoint({ ...empty, root }, log), pinned).ok).toBe(false);
  });

  test('another log is refused as such', () => {
    const other = logSigner('other.example', 1);
    expect(
      verifyCheckpoint(signedCheckpoint({ ...head, origin: other.name }, other), pinned),
    ).toEqual({
      ok: false,
      refusal: { code: 'log.checkpoint.origin', facts: { expected: log.name } },
    });
  });

  test.each([
    ['a changed size', note.replace('20852163', '20852164')],
    ['another root', note.replace(toBase64(root), toBase64(new Uint8Array(32)))],
    ['the signature of a witness alone', signedCheckpoint(head, witness)],
    [
      'the signature of another key in the name of the log',
      signedCheckpoint(head, logSigner(log.name, 3)),
    ],
    ['the signature twice', signedCheckpoint(head, log, log)],
    ['no note', 'log.example/7\n1\n'],
  ])('a checkpoint with %s is refused', (_, changed) => {
    expect(verifyCheckpoint(changed, pinned)).toMatchObject({
      ok: false,
      refusal: { code: 'log.checkpoint.invalid' },
    });
  });

  const encoded = toBase64(root);
  test.each([
    ['two lines', 'a\n1\n'],
    ['no final newline', `a\n1\n${encoded}`],
    ['no origin', `\n1\n${encoded}\n`],
    ['a leading zero', `a\n01\n${encoded}\n`],
    ['a sign', `a\n-1\n${encoded}\n`],
    ['a size of 2^53', `a\n9007199254740992\n${encoded}\n`],
    ['a size of 17 digits', `a\n10000000000000000\n${encoded}\n`],
    ['a size in other digits', `a\n١\n${encoded}\n`],
    ['a short root', `a\n1\n${toBase64(root.subarray(1))}\n`],
    ['a root in hex', `a\n1\n${'07'.repeat(32)}\n`],
    ['an empty extension line', `a\n1\n${encoded}\n\nx\n`],
  ])('a text with %s is refused though it be signed', (_, text) => {
    expect(parseCheckpoint(text)).toMatchObject({ refusal: { code: 'log.checkpoint.invalid' } });
  });

  test('the largest size is 2^53 - 1', () => {
    expect(parseCheckpoint(`a\n9007199254740991\n${encoded}\n`)).toMatchObject({
      ok: true,
      value: { size: Number.MAX_SAFE_INTEGER },
    });
  });
});
