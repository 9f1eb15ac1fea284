import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Api } from '../client/api.ts';
import { Http, HttpFault } from '../client/http.ts';
import { LogFollower } from '../client/log-follower.ts';
import { ed25519ProofKey } from '../client/proof-key.ts';
import { SentinelApi } from '../client/sentinel-api.ts';
import { toHex } from '../core/base/bytes.ts';
import type { RefusalCode } from '../core/base/codes.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import { signerFolder } from './folder.ts';
import { Journal } from './journal.ts';
import { receiptKeyOf } from './receipt-key.ts';
import { Sentinels } from './sentinels.ts';
import { signerClock } from './signer-clock.ts';
import type { SignerEvent } from './signer.ts';
import { Signer } from './signer.ts';
import type { Unlocked, Unlocking } from './unlock.ts';
import { unlockSigner } from './unlock.ts';

export interface RunOptions extends Unlocking {
  readonly server: string;
  /** Where the sentinels of the charter answer, by their id there. */
  readonly sentinels: ReadonlyMap<string, string>;
  /** Ends the loop between two ticks. */
  readonly signal: AbortSignal;
  /** Called once, after the start stands in the journal. */
  readonly ready: () => void;
  readonly tell: (event: RunEvent) => void;
}

export type RunEvent = SignerEvent | { readonly event: 'fault'; readonly fault: string };

/** Between two reads of the log; doubled after each fault in a row up to the most. */
const POLL_MS = 300;
const POLL_MOST_MS = 5_000;

/** A sentinel that takes longer is away: the others and the log go on. */
const SENTINEL_MS = 3_000;

/** What no waiting mends: the signer ends, and a person looks. Everything else is tried again. */
const fatal: ReadonlySet<RefusalCode> = new Set([
  'journal.rolledback',
  'log.fork',
  'log.rolledback',
  'document.stale',
  'document.genesis.mismatch',
]);

/**
 * Runs a signer until the signal. Outbound only: it listens nowhere. Codes: `journal.*`, `key.*`, `log.fork`,
 * `log.rolledback`, `document.stale`, `document.genesis.mismatch`. Throws on a fault of its own disk or a bug, never on one of the network.
 */
export async function runSigner(options: RunOptions): Promise<Result<null>> {
  const opened = Journal.open(signerFolder(options.folder).journal);
  if (!opened.ok) return opened;
  const journal = opened.value;
  try {
    const keys = await unlockSigner(journal, options);
    if (!keys.ok) return keys;
    try {
      return await loop(signerOf(journal, keys.value, options), options);
    } finally {
      keys.value.hotKey.close();
    }
  } finally {
    journal.close();
  }
}

function signerOf(
  journal: Journal,
  { seed, hotKey, custody }: Unlocked,
  options: RunOptions,
): Signer {
  const { server, tell } = options;
  const now = () => Math.floor(Date.now() / 1000);
  const api = new Api(new Http({ server, key: ed25519ProofKey(seed), now }));
  const { genesis } = journal.identity;
  const receiptKey = receiptKeyOf(seed);
  const apis = [...options.sentinels].map(
    ([id, url]) =>
      [
        id,
        new SentinelApi(new Http({ server: url, key: null, now, timeoutMs: SENTINEL_MS })),
      ] as const,
  );
  const steadyMs = () => performance.now();
  return new Signer({
    journal,
    receiptKey,
    account: hotKey,
    custody,
    follower: new LogFollower({ genesis, reader: api.log(), store: journal.log }),
    api,
    sentinels: new Sentinels({
      apis: new Map(apis),
      ...{ journal, sign: receiptKey.signDigest, steadyMs, tell },
      nonce: () => toHex(randomBytes(32)),
    }),
    clock: signerClock(() => Date.now(), steadyMs),
    tell,
  });
}

async function loop(signer: Signer, options: RunOptions): Promise<Result<null>> {
  const { signal, ready } = options;
  const teller = new ChangeTeller(options.tell);
  let wait = POLL_MS;
  let isReady = false;
  while (!signal.aborted) {
    const ticked = await tickOnce(signer, teller);
    if (ticked !== 'fault' && !ticked.ok && fatal.has(ticked.refusal.code)) return ticked;
    if (signer.hasStarted && !isReady) {
      isReady = true;
      ready();
    }
    const passed = ticked !== 'fault' && ticked.ok;
    wait = passed ? POLL_MS : Math.min(wait * 2, POLL_MOST_MS);
    await pause(wait, undefined, { signal }).catch(() => undefined); // the signal ends the pause by an error
  }
  return ok(null);
}

async function tickOnce(signer: Signer, teller: ChangeTeller): Promise<Result<null> | 'fault'> {
  try {
    const ticked = await signer.tick();
    if (ticked.ok) teller.passed();
    else teller.tell({ event: 'refused', refusal: ticked.refusal });
    return ticked;
  } catch (error) {
    if (!(error instanceof HttpFault)) throw error;
    teller.tell({ event: 'fault', fault: error.message });
    return 'fault';
  }
}

/** Faults and refusals repeat several times a second: each is told when it begins, and again after it had ended. */
class ChangeTeller {
  readonly #tell: RunOptions['tell'];
  #trouble = '';

  constructor(tell: RunOptions['tell']) {
    this.#tell = tell;
  }

  tell(event: Extract<RunEvent, { event: 'fault' | 'refused' }>): void {
    const trouble = event.event === 'fault' ? event.fault : event.refusal.code;
    if (trouble !== this.#trouble) this.#tell(event);
    this.#trouble = trouble;
  }

  passed(): void {
    this.#trouble = '';
  }
}
