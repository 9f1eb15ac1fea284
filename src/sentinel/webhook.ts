import { createHmac } from 'node:crypto';
import { formatTime } from '../core/base/time.ts';
import type { Channel } from './channels.ts';
import type { WebhookSettings } from './channel-settings.ts';

const TIMEOUT_MS = 20_000;

/** What the header `x-countersign-signature` says: when it was sent, and HMAC-SHA256 over that time, a dot and the body. */
export function webhookSignature(secret: string, seconds: number, body: string): string {
  const mac = createHmac('sha256', secret)
    .update(`${String(seconds)}.${body}`)
    .digest('hex');
  return `t=${String(seconds)},v1=${mac}`;
}

/** Alarms by `POST` of JSON, signed so that the receiver knows whose they are. Any 2xx is a delivery. */
export function webhookChannel({ url, secret }: WebhookSettings, sentinel: string): Channel {
  return {
    name: 'webhook',
    send: async ({ id, at, kind, text, facts }) => {
      const body = JSON.stringify({ sentinel, id, at: formatTime(at), kind, text, facts });
      const seconds = Math.floor(Date.now() / 1_000);
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-countersign-signature': webhookSignature(secret, seconds, body),
        },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`status ${String(response.status)}`);
    },
    close: () => undefined,
  };
}
