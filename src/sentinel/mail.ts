import { createTransport } from 'nodemailer';
import type { Alarm } from './alarms.ts';
import type { MailSettings } from './channel-settings.ts';
import type { Channel } from './channels.ts';

const TIMEOUT_MS = 20_000;

/** Alarms by mail (SMTP): over TLS with a certificate that verifies, or to a loopback address. */
export function mailChannel(settings: MailSettings, sentinel: string): Channel {
  const { host, port, security, from, to, user, password, ca } = settings;
  const transport = createTransport({
    ...{ host, port },
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { minVersion: 'TLSv1.2', ...(ca === null ? {} : { ca }) },
    ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
    ...{ connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  return {
    name: 'mail',
    send: async (alarm) => {
      const [subject = '', ...rest] = alarm.text.split('\n');
      await transport.sendMail({
        ...{ from, to: [...to] },
        subject: `[${sentinel}] ${subject}`,
        text: `${[subject, ...rest, '', aboutOf(alarm)].join('\n')}\n`,
        // The same when it is sent again: whoever has it twice sees that it is one.
        messageId: `<alarm-${String(alarm.id)}.${String(alarm.at)}@${sentinel}.countersign>`,
        headers: { 'auto-submitted': 'auto-generated' },
      });
    },
    close: () => {
      transport.close();
    },
  };
}

function aboutOf({ id, kind, facts }: Alarm): string {
  return `Alarm ${String(id)}, ${kind}: ${JSON.stringify(facts)}`;
}
