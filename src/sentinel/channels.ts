import { setTimeout as pause } from 'node:timers/promises';
import type { Alarm, Alarms } from './alarms.ts';
import type { ChannelSettings } from './channel-settings.ts';
import { mailChannel } from './mail.ts';
import { webhookChannel } from './webhook.ts';

/** A way to people. `send` throws when it cannot: it is tried again. */
export interface Channel {
  readonly name: string;
  readonly send: (alarm: Alarm) => Promise<void>;
  readonly close: () => void;
}

export type ChannelEvent =
  | { readonly event: 'alarm-failed'; readonly channel: string; readonly fault: string }
  | { readonly event: 'alarm-sent'; readonly channel: string; readonly alarm: number };

/** The channels that are configured. */
export function channelsOf(
  { mail, webhook }: ChannelSettings,
  sentinel: string,
): readonly Channel[] {
  return [
    ...(mail === null ? [] : [mailChannel(mail, sentinel)]),
    ...(webhook === null ? [] : [webhookChannel(webhook, sentinel)]),
  ];
}

/** Between two looks for something new; after a failure doubled up to the most. */
const LOOK_MS = 250;
const RETRY_MS = 1_000;
const RETRY_MOST_MS = 300_000;

/** Delivers on one channel, in order and again until it has worked, until the signal. What is delivered twice after a crash bears one id. */
export async function deliver(
  channel: Channel,
  alarms: Alarms,
  signal: AbortSignal,
  tell: (event: ChannelEvent) => void,
): Promise<void> {
  const isOver = () => signal.aborted;
  let failures = 0;
  while (!isOver()) {
    try {
      for (const alarm of alarms.undelivered(channel.name)) {
        if (isOver()) break;
        await channel.send(alarm);
        alarms.delivered(channel.name, alarm.id);
        tell({ event: 'alarm-sent', channel: channel.name, alarm: alarm.id });
        failures = 0;
      }
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      if (failures === 0) tell({ event: 'alarm-failed', channel: channel.name, fault });
      failures += 1;
    }
    const wait =
      failures === 0
        ? LOOK_MS
        : Math.min(RETRY_MS * 2 ** Math.min(failures - 1, 10), RETRY_MOST_MS);
    await pause(wait, undefined, { signal }).catch(() => undefined); // the signal ends the pause by an error
  }
  channel.close();
}
