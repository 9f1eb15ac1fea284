import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { sessionKeySchema } from '../client/proof-key.ts';
import type { Session } from '../client/session.ts';
import { utf8 } from '../core/base/bytes.ts';
import { hex32 } from '../core/base/schema.ts';
import type { Seconds } from '../core/base/time.ts';
import { replaceFile } from '../keys/file.ts';
import { jsonOf } from './files.ts';
import type { Profile } from './profile.ts';

/**
 * A session's key between two calls, mode 600, until it expires: it can read and send what a device signed, and
 * sign nothing itself. So the passphrase is asked for when something is signed, not at every look.
 */
const fileSchema = z.strictObject({
  server: z.string(),
  genesis: hex32,
  key: sessionKeySchema,
  expiresAt: z.int(),
});

/** Shorter than this a session is opened anew, so that it does not end in the middle of a call. */
const MARGIN_SECONDS = 60;

function pathOf({ home, member }: Profile): string {
  return join(home, 'sessions', `${member}.json`);
}

/** The kept session of this member at this server, or null. */
export function keptSession(profile: Profile, now: Seconds): Session | null {
  const path = pathOf(profile);
  if (!existsSync(path)) return null;
  const parsed = fileSchema.safeParse(jsonOf(readFileSync(path, 'utf8')));
  if (!parsed.success) return null;
  const { server, genesis, key, expiresAt } = parsed.data;
  if (server !== profile.server || genesis !== profile.genesis) return null;
  return expiresAt - MARGIN_SECONDS > now ? { key, expiresAt } : null;
}

export function keepSession(profile: Profile, { key, expiresAt }: Session): void {
  const { server, genesis } = profile;
  replaceFile(pathOf(profile), utf8(JSON.stringify({ server, genesis, key, expiresAt })));
}

export function dropSession(profile: Profile): void {
  rmSync(pathOf(profile), { force: true });
}
