import { Http, HttpFault } from '../client/http.ts';
import { SentinelApi } from '../client/sentinel-api.ts';
import type { SignedStatement } from '../client/statements.ts';
import { explainCode } from '../core/base/codes.ts';
import type { Refusal, Result } from '../core/base/result.ts';
import { refuse } from '../core/base/result.ts';
import type { State } from '../core/log/state.ts';
import type { SignedMessage, Taken } from '../core/sentinel/messages.ts';
import { openMessage } from '../core/sentinel/messages.ts';
import type { Output } from './command.ts';
import type { Desk } from './desk.ts';

/** How long a sentinel may take: a "no" waits for nobody who is away. */
const SENTINEL_MS = 10_000;

/** What became of a "no" at one place. */
type Told<T> =
  | { readonly is: 'done'; readonly value: T }
  | { readonly is: 'refused'; readonly refusal: Refusal }
  | { readonly is: 'away'; readonly fault: unknown };

interface Acknowledged {
  readonly url: string;
  readonly told: Told<{ readonly message: SignedMessage; readonly taken: Taken }>;
}

/** A "no" on its way: what the server said, whether the log holds it, and who acknowledged it. */
export interface Delivery<T> {
  readonly server: Told<T>;
  /** Size of the checkpoint, verified here, under which the log holds it; null: it was not shown. */
  readonly checkpoint: number | null;
  readonly sentinels: readonly Acknowledged[];
}

/**
 * Sends a "no" to the server and to every sentinel of the profile at the same time (design 3, "Proof of delivery"). A sentinel's word
 * counts when it is signed by the key that the charter names, as this device knows it.
 */
export async function sayNo<T>(
  desk: Desk,
  { state, signed }: { readonly state: State; readonly signed: SignedStatement },
  post: () => Promise<Result<T>>,
): Promise<Delivery<T>> {
  const toServer = async () => {
    const server = await told(post);
    const isAway = server.is === 'away';
    return { server, checkpoint: isAway ? null : await desk.checkpointOf(signed.digest) };
  };
  const [log, sentinels] = await Promise.all([
    toServer(),
    Promise.all(
      desk.profile.sentinels.map(async (url): Promise<Acknowledged> => {
        return { url, told: await told(() => tellSentinel(url, state, signed)) };
      }),
    ),
  ]);
  return { ...log, sentinels };
}

async function told<T>(work: () => Promise<Result<T>>): Promise<Told<T>> {
  try {
    const done = await work();
    return done.ok ? { is: 'done', value: done.value } : { is: 'refused', refusal: done.refusal };
  } catch (fault) {
    return { is: 'away', fault };
  }
}

/** Codes: the sentinel's; `sentinel.signature` where no sentinel of the charter signed the answer, or it is about something else. */
async function tellSentinel(
  url: string,
  state: State,
  { statement, signature, digest }: SignedStatement,
): Promise<Result<{ readonly message: SignedMessage; readonly taken: Taken }>> {
  const api = new SentinelApi(new Http({ server: url, key: null, timeoutMs: SENTINEL_MS }));
  const answered = await api.statement(statement, signature);
  if (!answered.ok) return answered;
  for (const { id, key } of state.charter?.document.body.sentinels ?? []) {
    const opened = openMessage('taken', answered.value, key);
    if (!opened.ok) continue;
    const { org, sentinel, statement: about } = opened.value;
    if (org === state.genesis && sentinel === id && about === digest)
      return { ok: true, value: { message: answered.value, taken: opened.value } };
  }
  return refuse('sentinel.signature', { url });
}

/** Where it was delivered to, in words; with a refusal where it was delivered nowhere. */
export function deliveryOf<T>({ server, checkpoint, sentinels }: Delivery<T>): Required<Output> {
  const acknowledged = sentinels.flatMap(({ told: found }) =>
    found.is === 'done' ? [found.value] : [],
  );
  const delivered = checkpoint !== null || acknowledged.length > 0;
  const lines = [
    ...(checkpoint === null
      ? [`Not shown by the log: ${serverWords(server)}`]
      : [`Delivered: inclusion under checkpoint ${String(checkpoint)}, verified here.`]),
    ...sentinels.map(({ url, told: found }) =>
      found.is === 'done'
        ? `Delivered: acknowledged by sentinel ${found.value.taken.sentinel} at ${found.value.taken.at}.`
        : `Not acknowledged by the sentinel at ${url}: ${reasonOf(found)}`,
    ),
  ];
  return {
    json: {
      delivered,
      checkpoint,
      acknowledgements: acknowledged.map(({ message, taken }) => ({ ...taken, ...message })),
    },
    lines: delivered
      ? lines
      : ['NOT DELIVERED: nobody has proven that your "no" counts.', ...lines],
    refusals: delivered
      ? []
      : [{ code: 'statement.undelivered', facts: { sentinels: sentinels.length } }],
  };
}

/** What a server that took nothing said, where nobody else has it either: then that is the answer. */
export function failureOf<T>({ server, sentinels }: Delivery<T>): Result<never> | null {
  if (server.is === 'done' || sentinels.some(({ told: found }) => found.is === 'done')) return null;
  if (server.is === 'refused') return { ok: false, refusal: server.refusal };
  throw server.fault;
}

function serverWords<T>(server: Told<T>): string {
  return server.is === 'done' ? 'the server says that it has it.' : reasonOf(server);
}

function reasonOf(found: Exclude<Told<unknown>, { is: 'done' }>): string {
  if (found.is === 'refused') {
    const { code } = found.refusal;
    return `${code}: ${explainCode(code).meaning}`;
  }
  const { fault } = found;
  if (fault instanceof HttpFault) return fault.message;
  return fault instanceof Error ? fault.message : String(fault);
}
