import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ChainSettings } from '../chain/settings.ts';
import { openSource } from '../chain/settings.ts';
import { Api } from '../client/api.ts';
import { Http } from '../client/http.ts';
import { LogFollower } from '../client/log-follower.ts';
import { ed25519ProofKey } from '../client/proof-key.ts';
import { fromHex } from '../core/base/bytes.ts';
import type { Refusal, Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import type { Passphrases } from '../keys/passphrase.ts';
import type { Alarm } from './alarms.ts';
import { sentinelRoutes } from './api-routes.ts';
import type { ChannelEvent } from './channels.ts';
import { channelsOf, deliver } from './channels.ts';
import type { ChannelSettings } from './channel-settings.ts';
import { readChannelSettings } from './channel-settings.ts';
import { HandedReceipts } from './handed-receipts.ts';
import { HttpServer } from './http-server.ts';
import { unlockSentinel } from './initialise.ts';
import type { Looked } from './log-watch.ts';
import { LogWatch } from './log-watch.ts';
import type { LookoutStatus } from './lookout.ts';
import { Lookout } from './lookout.ts';
import { Sentinel } from './sentinel.ts';
import type { SentinelKeys } from './sentinel-keys.ts';
import { sentinelFolder, StateFile } from './state-file.ts';
import { WatchStore } from './watch-store.ts';

/** What happened, for the operator's eyes. An alarm is a line of this, too, whatever channels there are. */
export type RunEvent =
  | { readonly event: 'listening'; readonly host: string; readonly port: number }
  | ({ readonly event: 'alarm' } & Pick<Alarm, 'id' | 'kind' | 'text' | 'facts'>)
  | ChannelEvent
  | { readonly event: 'refused'; readonly refusal: Refusal }
  | { readonly event: 'away'; readonly fault: string }
  | { readonly event: 'follows' }
  /** What is looked at. `none`: nobody watches the wallets; `the server's own`: what it shows is its word. */
  | { readonly event: 'chain'; readonly source: string; readonly whose: ChainOwner }
  | { readonly event: 'fault'; readonly request: string; readonly fault: string };

type ChainOwner = 'none' | "the server's own" | 'our own';

export interface RunOptions {
  readonly folder: string;
  readonly server: string;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Null: no watchman runs. */
  readonly chain: ChainSettings | null;
  /** Null: nobody is told but the operator. */
  readonly alarm: ChannelSettings | null;
  readonly passphrase: Passphrases;
  readonly signal: AbortSignal;
  /** Called once, when it listens, with its port. */
  readonly ready: (port: number) => void;
  readonly tell: (event: RunEvent) => void;
}

/** Between two looks at the log. */
const FOLLOW_MS = 500;
const FOLLOW_MOST_MS = 5_000;

/** The settings of the channels: a named file, or that of the folder where there is one. Throws when it is wrong. */
export function settingsOf(folder: string, named: string | undefined): ChannelSettings | null {
  const usual = join(folder, 'alarm.json');
  const path = named ?? (existsSync(usual) ? usual : undefined);
  return path === undefined ? null : readChannelSettings(path);
}

/** Runs a sentinel until the signal. Codes: `sentinel.state.*`, `key.*`. Throws on a fault of its own disk, or a port in use. */
export async function runSentinel(options: RunOptions): Promise<Result<null>> {
  const opened = StateFile.open(sentinelFolder(options.folder).state);
  if (!opened.ok) return opened;
  const file = opened.value;
  try {
    const keys = await unlockSentinel(options.folder, file.identity, options.passphrase);
    return keys.ok ? await serve(file, keys.value, options) : keys;
  } finally {
    file.close();
  }
}

async function serve(
  file: StateFile,
  { keys, seed }: { readonly keys: SentinelKeys; readonly seed: string },
  options: RunOptions,
): Promise<Result<null>> {
  const { server, host, port, signal, tell } = options;
  const now = (): Seconds => Math.floor(Date.now() / 1_000);
  const sentinel = new Sentinel({
    ...{ file, keys, now },
    raised: ({ id, kind, text, facts }) => {
      tell({ event: 'alarm', id, kind, text, facts });
    },
  });
  const api = new Api(new Http({ server, key: ed25519ProofKey(fromHex(seed)), now }));
  const { genesis, id } = file.identity;
  const follower = new LogFollower({ genesis, reader: api.log(), store: file.log });
  const watch = new LogWatch({ sentinel, follower, api, now });
  await watch.restore();
  const lookout = lookoutOf({ file, sentinel, watch, now }, options);
  const routes = sentinelRoutes({
    sentinel,
    file,
    keys,
    following: () => following(watch, lookout),
    refresh: () => watch.refresh(),
  });
  const listening = await HttpServer.listen({
    ...{ routes, host, port },
    fault: (request, error) => {
      const fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
      tell({ event: 'fault', request, fault });
    },
  });
  tell({ event: 'listening', host, port: listening.port });
  options.ready(listening.port);
  const channels = options.alarm === null ? [] : channelsOf(options.alarm, id);
  try {
    await Promise.all([
      followLoop(watch, signal, tell),
      lookout?.run(signal),
      ...channels.map((channel) => deliver(channel, sentinel.alarms, signal, tell)),
    ]);
  } finally {
    await listening.close();
    await lookout?.close();
  }
  return ok(null);
}

interface LookoutOf {
  readonly file: StateFile;
  readonly sentinel: Sentinel;
  readonly watch: LogWatch;
  readonly now: () => Seconds;
}

/** The watchman on the chain of the settings, or null without one. */
function lookoutOf(
  { file, sentinel, watch, now }: LookoutOf,
  { folder, chain: settings, tell }: RunOptions,
): Lookout | null {
  if (settings === null) {
    tell({ event: 'chain', source: 'none', whose: 'none' });
    return null;
  }
  const chain = openSource(settings.source, settings.network);
  // Only a server has a sandbox: what it shows of it proves nothing against that server.
  const whose = settings.network === 'sandbox' ? "the server's own" : 'our own';
  tell({ event: 'chain', source: settings.source.kind, whose });
  const handed = new HandedReceipts(file.database);
  return new Lookout({
    ...{ chain, now, tipAgeSeconds: settings.tipAgeSeconds },
    store: WatchStore.open(sentinelFolder(folder).coins),
    log: () => {
      const state = sentinel.state();
      return state === null ? null : { state, readAt: watch.readAtMs ?? 0 };
    },
    intents: (state) => handed.intents(state),
    signatures: (state) => handed.signatures(state),
    alarm: (kind, text, facts) => {
      sentinel.alarm(kind, text, facts);
    },
    freeze: (wallet, reason) => {
      sentinel.freeze(wallet, reason);
    },
    elapsedMs: () => performance.now(),
  });
}

function following(
  watch: LogWatch,
  lookout: Lookout | null,
): { readonly chain: LookoutStatus | null } & ReturnType<LogWatch['following']> {
  return { ...watch.following(), chain: lookout?.status ?? null };
}

async function followLoop(
  watch: LogWatch,
  signal: AbortSignal,
  tell: RunOptions['tell'],
): Promise<void> {
  let wait = FOLLOW_MS;
  let last = '';
  while (!signal.aborted) {
    const event = eventOf(await watch.follow());
    const what = event.event === 'refused' ? event.refusal.code : event.event;
    // It repeats with every look: told when it begins, and when it has ended.
    if (what !== last) tell(event);
    last = what;
    wait = event.event === 'follows' ? FOLLOW_MS : Math.min(wait * 2, FOLLOW_MOST_MS);
    await pause(wait, undefined, { signal }).catch(() => undefined); // the signal ends the pause by an error
  }
}

type FollowEvent = Extract<RunEvent, { event: 'away' | 'follows' | 'refused' }>;

function eventOf(followed: Looked): FollowEvent {
  if ('fault' in followed) return { event: 'away', fault: followed.fault };
  return followed.ok ? { event: 'follows' } : { event: 'refused', refusal: followed.refusal };
}
