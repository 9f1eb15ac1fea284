import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerOptions } from 'smtp-server';
import type { Channel, ChannelEvent } from '../../../src/sentinel/channels.ts';
import { channelsOf, deliver } from '../../../src/sentinel/channels.ts';
import { readChannelSettings } from '../../../src/sentinel/channel-settings.ts';
import { webhookSignature } from '../../../src/sentinel/webhook.ts';
import { localhostCertificate } from '../../support/localhost-certificate.ts';
import { SentinelPlace } from '../../support/sentinel-place.ts';

let place: SentinelPlace;
let smtp: SMTPServer | null = null;
let hook: Server | null = null;
let ending: AbortController;
let running: Promise<unknown>;
let events: ChannelEvent[];
/** What the SMTP server was given, and what the webhook. */
let mails: string[];
let posts: { readonly signature: string; readonly body: string }[];

beforeEach(() => {
  place = new SentinelPlace();
  ending = new AbortController();
  running = Promise.resolve();
  [events, mails, posts] = [[], [], []];
});
afterEach(async () => {
  ending.abort();
  await running;
  await new Promise<void>((done) => (smtp === null ? done() : smtp.close(done)));
  hook?.closeAllConnections();
  hook?.close();
  [smtp, hook] = [null, null];
  place.remove();
});

async function until(what: string, probe: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!probe()) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
    await pause(20);
  }
}

async function startSmtp(options: SMTPServerOptions = {}, port = 0): Promise<number> {
  const server = new SMTPServer({
    ...localhostCertificate,
    authOptional: options.onAuth === undefined,
    onData: (stream, _session, done) => {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      stream.on('end', () => {
        mails.push(text);
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined); // a client that trusts no such certificate hangs up
  smtp = server;
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return (server.server.address() as AddressInfo).port;
}

/** A webhook that answers with these statuses in turn, the last one for ever. */
async function startHook(...statuses: readonly number[]): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
    request.on('end', () => {
      const status = statuses[Math.min(posts.length, statuses.length - 1)] ?? 200;
      posts.push({ signature: String(request.headers['x-countersign-signature']), body });
      response.writeHead(status).end();
    });
  });
  hook = server;
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`;
}

function settings(value: object): string {
  const path = join(place.folder, 'alarm.json');
  writeFileSync(path, JSON.stringify(value));
  writeFileSync(join(place.folder, 'password'), 'right\n');
  writeFileSync(join(place.folder, 'secret'), 'a secret of the hook\n');
  writeFileSync(join(place.folder, 'ca.pem'), localhostCertificate.cert);
  return path;
}

const mailTo = (port: number, more: object = {}) => ({
  mail: {
    ...{ host: '127.0.0.1', port, security: 'none' },
    ...{ from: 'watch@example.com', to: ['officer@example.com', 'ceo@example.com'] },
    ...more,
  },
});
const hookAt = (url: string) => ({ webhook: { url, secretFile: 'secret' } });

/** Delivers on the channels of a settings file. */
function run(path: string): void {
  const channels: readonly Channel[] = channelsOf(readChannelSettings(path), 'watch-1');
  const tell = (event: ChannelEvent) => events.push(event);
  running = Promise.all(
    channels.map((channel) => deliver(channel, place.sentinel.alarms, ending.signal, tell)),
  );
}

const raise = (text = 'A test\nwith a second line') => {
  place.sentinel.alarm('test', text, { text });
};
const count = (event: ChannelEvent['event']) => events.filter((one) => one.event === event).length;

describe('an alarm by mail', () => {
  test('reaches a real SMTP server, with its first line as the subject, to everybody', async () => {
    run(settings(mailTo(await startSmtp())));
    raise();
    await until('the mail', () => mails.length === 1);
    expect(mails[0]).toContain('Subject: [watch-1] A test');
    expect(mails[0]).toContain('To: officer@example.com, ceo@example.com');
    expect(mails[0]).toContain('with a second line');
  });

  test('goes by STARTTLS and by TLS where the certificate verifies, with name and password', async () => {
    const named: string[] = [];
    const onAuth: SMTPServerOptions['onAuth'] = ({ username, password }, _session, done) => {
      named.push(`${String(username)} ${String(password)}`);
      done(null, { user: 1 });
    };
    const login = { user: 'watch', passwordFile: 'password', caFile: 'ca.pem' };
    const port = await startSmtp({ onAuth });
    run(settings(mailTo(port, { security: 'starttls', ...login })));
    raise();
    await until('the mail', () => mails.length === 1);
    expect(named).toEqual(['watch right']);
    ending.abort();
    await running;
    await new Promise<void>((done) => smtp?.close(done));
    ending = new AbortController();
    const secure = await startSmtp({ onAuth, secure: true });
    run(settings(mailTo(secure, { security: 'tls', ...login })));
    raise('another');
    await until('the other mail', () => mails.length === 2);
  });

  test('is never sent past a certificate that does not verify, nor without TLS where it is asked for', async () => {
    const port = await startSmtp();
    run(settings(mailTo(port, { security: 'starttls' })));
    raise();
    await until('the failure', () => count('alarm-failed') === 1);
    ending.abort();
    await running;
    await new Promise<void>((done) => smtp?.close(done));
    ending = new AbortController();
    const bare = await startSmtp({ disabledCommands: ['STARTTLS'] });
    run(settings(mailTo(bare, { security: 'starttls', caFile: 'ca.pem' })));
    await until('the other failure', () => count('alarm-failed') === 2);
    expect(mails).toEqual([]);
  });

  test('waits on the disk for a server that is away, over a restart, and comes once', async () => {
    const port = await startSmtp();
    await new Promise<void>((done) => smtp?.close(done));
    const path = settings(mailTo(port));
    run(path);
    raise();
    await until('the failure', () => count('alarm-failed') === 1);
    ending.abort();
    await running;
    ending = new AbortController();
    place.restart();
    await startSmtp({}, port);
    run(path);
    await until('the mail', () => mails.length === 1);
    raise(); // the same kind and facts: the same alarm
    raise('and a second one');
    await until('the second mail', () => mails.length === 2);
    expect(mails[1]).toContain('and a second one');
    expect(count('alarm-sent')).toBe(2);
  });
});

describe('an alarm by webhook', () => {
  test('is JSON, signed so that its receiver knows whose it is', async () => {
    run(settings(hookAt(await startHook(204))));
    raise();
    await until('the post', () => posts.length === 1);
    const { signature = '', body = '' } = posts[0] ?? {};
    const seconds = Number(/^t=([0-9]+),v1=/.exec(signature)?.[1]);
    expect(signature).toBe(webhookSignature('a secret of the hook', seconds, body));
    expect(signature).not.toBe(webhookSignature('another secret', seconds, body));
    expect(JSON.parse(body)).toMatchObject({ sentinel: 'watch-1', kind: 'test', id: 1 });
  });

  test('is sent again after a failure, in order, and not after a success', async () => {
    run(settings(hookAt(await startHook(500, 200))));
    raise('first');
    raise('second');
    await until('all posts', () => posts.length === 3);
    const texts = posts.map(({ body }) => (JSON.parse(body) as { text: string }).text);
    expect(texts).toEqual(['first', 'first', 'second']);
    await pause(600);
    expect(posts).toHaveLength(3);
  });

  test('follows no redirection', async () => {
    run(settings(hookAt(await startHook(307))));
    raise();
    await until('the failure', () => count('alarm-failed') === 1);
    expect(count('alarm-sent')).toBe(0);
  });
});

describe('the settings', () => {
  const read = (value: object) => () => readChannelSettings(settings(value));

  test.each([
    ['mail without TLS to another machine', mailTo(25, { host: 'mail.example.com' })],
    ['a webhook without TLS to another machine', hookAt('http://hook.example.com/')],
    ['a user without a password', mailTo(25, { user: 'watch' })],
    ['nobody to write to', mailTo(25, { to: [] })],
    ['an address with a line break', mailTo(25, { to: ['a@example.com\r\nBcc: b@example.com'] })],
    ['a word that is not known', mailTo(25, { tls: false })],
    [
      'a secret that is too short',
      { webhook: { url: 'https://x.example', secretFile: 'password' } },
    ],
    ['a file that is not there', { webhook: { url: 'https://x.example', secretFile: 'gone' } }],
  ])('refuse %s', (_, value) => {
    expect(read(value)).toThrow();
  });

  test('take TLS to anywhere', () => {
    expect(read(mailTo(465, { host: 'mail.example.com', security: 'tls' }))).not.toThrow();
    expect(read(hookAt('https://hook.example.com/'))).not.toThrow();
  });
});
