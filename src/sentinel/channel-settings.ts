import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { isLoopback } from './loopback.ts';

/** Where people are told: the file `alarm.json`. Secrets lie in files of their own, beside it or where it says. */

const address = z
  .string()
  .max(254)
  .regex(/^[^\s<>,]+@[^\s<>,]+$/);

const mailSchema = z
  .strictObject({
    host: z.string().min(1).max(253),
    port: z.int().min(1).max(65_535),
    /** TLS from the first byte, by STARTTLS, or none: to a loopback address alone. */
    security: z.enum(['tls', 'starttls', 'none']),
    from: address,
    to: z.array(address).min(1).max(20),
    user: z.string().min(1).max(254).nullable().default(null),
    passwordFile: z.string().min(1).nullable().default(null),
    /** Certificates that are trusted, in PEM, where they are not those of the system. */
    caFile: z.string().min(1).nullable().default(null),
  })
  .refine(({ security, host }) => security !== 'none' || isLoopback(host), {
    message: 'mail without TLS goes to a loopback address alone',
  })
  .refine(({ user, passwordFile }) => (user === null) === (passwordFile === null), {
    message: 'user and passwordFile belong together',
  });

const webhookSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).refine((url) => {
    const { protocol, hostname } = new URL(url);
    return protocol === 'https:' || isLoopback(hostname);
  }, 'a webhook without TLS goes to a loopback address alone'),
  /** The secret that signs what is sent: 16 characters or more. */
  secretFile: z.string().min(1),
});

const settingsSchema = z.strictObject({
  mail: mailSchema.nullable().default(null),
  webhook: webhookSchema.nullable().default(null),
});

export interface MailSettings extends Pick<
  z.infer<typeof mailSchema>,
  'host' | 'port' | 'security' | 'from' | 'to' | 'user'
> {
  readonly password: string | null;
  readonly ca: string | null;
}
export interface WebhookSettings {
  readonly url: string;
  readonly secret: string;
}
export interface ChannelSettings {
  readonly mail: MailSettings | null;
  readonly webhook: WebhookSettings | null;
}

const SECRET_LEAST = 16;

/** The settings with their secrets. Throws an error that says what is wrong with which file. */
export function readChannelSettings(path: string): ChannelSettings {
  const parsed = settingsSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
  const { mail, webhook } = parsed.data;
  const text = (name: string): string =>
    readFileSync(resolve(dirname(path), name), 'utf8').replace(/\r?\n$/, '');
  const textOr = (name: string | null): string | null => (name === null ? null : text(name));
  return {
    mail:
      mail === null
        ? null
        : { ...mail, password: textOr(mail.passwordFile), ca: textOr(mail.caFile) },
    webhook:
      webhook === null ? null : { url: webhook.url, secret: secretOf(text, webhook.secretFile) },
  };
}

function secretOf(text: (name: string) => string, name: string): string {
  const secret = text(name);
  if (secret.length < SECRET_LEAST)
    throw new Error(`${name}: a secret has ${String(SECRET_LEAST)} characters or more`);
  return secret;
}
