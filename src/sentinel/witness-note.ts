import { fromBase64, fromUtf8 } from '../core/base/bytes.ts';
import { WITNESS_PROOF_LINES } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { parseCheckpoint } from '../core/log/checkpoint.ts';
import { cosignatureLine } from '../core/log/cosignature.ts';
import { HASH_BYTES } from '../core/log/merkle.ts';
import { parseNote } from '../core/log/note.ts';
import type { Reply } from './http-server.ts';
import type { Head, Seen, Shown } from './witness.ts';

/** The HTTP form of a witness: C2SP tlog-witness, `POST /add-checkpoint`. */

type Request = Omit<Shown, 'by'>;

/** The size that the proof begins at, the proof, an empty line, the note; undefined when it is not of that form. */
export function parseAddCheckpoint(body: Uint8Array): Request | undefined {
  const text = fromUtf8(body);
  const blank = text?.indexOf('\n\n') ?? -1;
  if (text === undefined || blank < 0) return undefined;
  const [first = '', ...lines] = text.slice(0, blank).split('\n');
  const [, size] = /^old (0|[1-9][0-9]{0,15})$/.exec(first) ?? [];
  const old = Number(size ?? NaN);
  if (!Number.isSafeInteger(old) || lines.length > WITNESS_PROOF_LINES) return undefined;
  const proof: Uint8Array[] = [];
  for (const line of lines) {
    const hash = fromBase64(line);
    if (hash?.length !== HASH_BYTES) return undefined;
    proof.push(hash);
  }
  return { old, proof, note: text.slice(blank + 2) };
}

export interface WitnessTools {
  readonly name: string;
  readonly key: Uint8Array;
  readonly head: () => Head;
  readonly consider: (shown: Request) => Result<Seen>;
}

/** The answer, with the statuses of the specification. */
export function answerAddCheckpoint(body: Uint8Array, witness: WitnessTools): Reply {
  const request = parseAddCheckpoint(body);
  if (request === undefined) return plain(400, 'malformed');
  const note = parseNote(request.note);
  const head = note.ok ? parseCheckpoint(note.value.text) : note;
  if (!head.ok || request.old > head.value.size) return plain(400, 'malformed');
  const { size } = witness.head();
  const seen = witness.consider(request);
  if (!seen.ok) return refused(seen.refusal.code);
  const { value } = seen;
  // The head may have moved by this very request: it is held against the one before.
  if (value.is === 'cosigned' && request.old === size && note.ok)
    return plain(200, cosignatureLine(witness, value.at, value.signature));
  switch (value.is) {
    case 'cosigned':
    case 'older':
    case 'unproven':
    case 'forked':
      return {
        status: 409,
        type: 'text/x.tlog.size',
        body: `${String(witness.head().size)}\n`,
      };
    case 'refuted':
      return plain(422, 'the proof does not lead there');
  }
}

function refused(code: string): Reply {
  if (code === 'log.checkpoint.origin') return plain(404, 'not this log');
  if (code === 'sentinel.unready') return plain(503, 'not read yet');
  return plain(403, 'not signed by the log');
}

function plain(status: number, text: string): Reply {
  const body = text.endsWith('\n') ? text : `${text}\n`;
  return { status, type: 'text/plain; charset=utf-8', body };
}
