import type { z } from 'zod';
import { fromUtf8, toHex } from '../core/base/bytes.ts';
import {
  NOTE_BYTES,
  NOTICE_BYTES,
  POLL_BYTES,
  RECEIPTS_BYTES,
  STATEMENT_BYTES,
} from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { parseWith } from '../core/base/schema.ts';
import { verifierKey } from '../core/log/note.ts';
import { messageBody, receiptsBody, statementBody } from './bodies.ts';
import type { Reply, Route } from './http-server.ts';
import { problem } from './http-server.ts';
import type { Sentinel } from './sentinel.ts';
import type { SentinelKeys } from './sentinel-keys.ts';
import type { StateFile } from './state-file.ts';
import { answerAddCheckpoint } from './witness-note.ts';

export interface Served {
  readonly sentinel: Sentinel;
  readonly file: StateFile;
  readonly keys: SentinelKeys;
  /** How the log is followed, for the status. */
  readonly following: () => Readonly<Record<string, unknown>>;
  /** Looks at the log now; ends soon, whether the server answers or not. */
  readonly refresh: () => Promise<void>;
}

/** The HTTP API of a sentinel. Everything that comes in proves itself, so that no address needs a session. */
export function sentinelRoutes(served: Served): readonly Route[] {
  const { sentinel } = served;
  return [
    post('/v1/poll', POLL_BYTES, messageBody, (message) => sentinel.poll(message)),
    post('/v1/notice', NOTICE_BYTES, messageBody, async (message) => {
      // Signer and sentinel follow the log each by itself: people are to read what was approved.
      if (sentinel.hasUnread(message)) await served.refresh();
      const told = sentinel.notice(message);
      return told.ok ? ok({ told: told.value }) : told;
    }),
    post('/v1/statements', STATEMENT_BYTES, statementBody, (said) => sentinel.statement(said)),
    post('/v1/receipts', RECEIPTS_BYTES, receiptsBody, (posted) => takeReceipts(sentinel, posted)),
    {
      method: 'POST',
      path: '/add-checkpoint',
      mostBytes: 2 * NOTE_BYTES,
      answer: (body) =>
        answerAddCheckpoint(body, {
          name: served.file.identity.id,
          key: served.keys.key,
          head: () => sentinel.witness.head(),
          consider: (shown) => sentinel.addCheckpoint(shown),
        }),
    },
    get('/v1/status', () => statusOf(served)),
    get('/healthz', () => ({ ok: true })),
  ];
}

function takeReceipts(
  sentinel: Sentinel,
  posted: z.infer<typeof receiptsBody>,
): Result<{ readonly receipts: readonly object[] }> {
  const taken = sentinel.receipts(posted);
  if (!taken.ok) return taken;
  const [first] = taken.value;
  // As the server answers: the signer tells its operator, and goes on where some of them passed.
  if (first?.ok === false && !taken.value.some((one) => one.ok)) return first;
  return ok({
    receipts: taken.value.map((one) =>
      one.ok ? { position: one.value.receipt.position } : { ...one.refusal },
    ),
  });
}

/** Open to everybody: nothing of it is secret, and nothing is to be believed of it. */
function statusOf({ sentinel, file, keys, following }: Served): object {
  const { id, genesis, freezeKey } = file.identity;
  const { size, root } = sentinel.witness.head();
  const state = sentinel.state();
  return {
    ...{ id, genesis, key: toHex(keys.key), freezeKey },
    verifier: verifierKey(id, keys.key),
    head: { size, root },
    followed: { size: state?.tree.size ?? 0, ...following() },
    mailbox: sentinel.mailbox.last(),
    journals: Object.fromEntries(
      sentinel.journals
        .wallets()
        .map((wallet) => [wallet, sentinel.journals.head(wallet).position]),
    ),
    alarms: sentinel.alarms.count(),
  };
}

function get(path: string, answer: () => object): Route {
  return { method: 'GET', path, mostBytes: 0, answer: () => json(answer()) };
}

function post<T>(
  path: string,
  mostBytes: number,
  schema: z.ZodType<T>,
  answer: (body: T) => Result<object> | Promise<Result<object>>,
): Route {
  return {
    ...{ method: 'POST', path, mostBytes },
    answer: async (bytes) => {
      const body = parseBody(bytes, schema);
      const done = body.ok ? await answer(body.value) : body;
      return done.ok ? json(done.value) : problem(done);
    },
  };
}

/** Codes: `json.malformed`, `schema.mismatch`. */
function parseBody<T>(bytes: Uint8Array, schema: z.ZodType<T>): Result<T> {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes) ?? '');
  } catch {
    return refuse('json.malformed');
  }
  return parseWith(schema, value);
}

function json(value: object): Reply {
  return { status: 200, type: 'application/json; charset=utf-8', body: JSON.stringify(value) };
}
