import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { SENTINELS } from '../core/base/limits.ts';
import { hex32, label } from '../core/base/schema.ts';
import { replaceFile } from '../keys/file.ts';
import type { Call } from './command.ts';
import { Fault, UsageError } from './command.ts';
import { jsonOf } from './files.ts';
import type { Io } from './io.ts';

/** Where the CLI keeps what it knows: profile.json, keys/, log/, sessions/. */
const profileSchema = z.strictObject({
  /** Origin of the server. */
  server: z.url({ protocol: /^https?$/ }),
  /** Digest of the genesis charter. */
  genesis: hex32,
  /** Who acts when --as is not given. */
  member: label,
  /** Where sentinels answer: every "no" goes there, too. Which keys they have the charter says. */
  sentinels: z
    .array(z.url({ protocol: /^https?$/ }))
    .max(SENTINELS)
    .default([]),
});
export type ProfileFile = z.infer<typeof profileSchema>;

/** Whom a call concerns: the profile with the options over it. */
export interface Profile extends ProfileFile {
  readonly home: string;
  readonly keyFile: string;
}

/**
 * COUNTERSIGN_HOME, else ./.countersign/cli where a profile lies, else ~/.countersign. An installation that `npm start` made
 * under COUNTERSIGN_HOME keeps the CLI's home in its folder cli.
 */
export function homeOf(io: Io): string {
  const named = io.env['COUNTERSIGN_HOME'];
  if (named !== undefined && named !== '') {
    const home = resolve(io.folder, named);
    const within = join(home, 'cli');
    return existsSync(join(within, 'profile.json')) ? within : home;
  }
  const here = join(io.folder, '.countersign', 'cli');
  return existsSync(join(here, 'profile.json')) ? here : join(homedir(), '.countersign');
}

/** Writes the profile of a home, for those who set one up. */
export function writeProfile(home: string, profile: z.input<typeof profileSchema>): void {
  const text = `${JSON.stringify(profileSchema.parse(profile), null, 2)}\n`;
  replaceFile(join(home, 'profile.json'), new TextEncoder().encode(text));
}

function readProfile(home: string): Partial<ProfileFile> {
  const path = join(home, 'profile.json');
  if (!existsSync(path)) return {};
  const parsed = profileSchema.safeParse(jsonOf(readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Fault(`${path} is no profile: ${z.prettifyError(parsed.error)}`);
}

/** The member and the key file alone: what is needed without any server. */
export function keyFileOf(call: Call): { readonly member: string; readonly keyFile: string } {
  const home = homeOf(call.io);
  const member = call.text('as') ?? readProfile(home).member;
  if (member === undefined) throw new UsageError('who? name the member by --as');
  if (!label.safeParse(member).success) throw new UsageError(`"${member}" is no id of a member`);
  const named = call.text('key');
  const keyFile = named === undefined ? keyPath(home, member) : resolve(call.io.folder, named);
  return { member, keyFile };
}

/** Where the key file of a member lies in a home. */
export function keyPath(home: string, member: string): string {
  return join(home, 'keys', `${member}.json`);
}

/** The profile with the call's options over it. Throws {@link UsageError} where something is missing. */
export function profileOf(call: Call): Profile {
  const home = homeOf(call.io);
  const kept = readProfile(home);
  const server = call.text('server') ?? kept.server ?? 'http://127.0.0.1:3000';
  const genesis = call.text('genesis') ?? kept.genesis;
  if (genesis === undefined)
    throw new UsageError(
      `which organisation? name its genesis by --genesis, or make ${home}/profile.json`,
    );
  const { member, keyFile } = keyFileOf(call);
  const named = call.texts('sentinel');
  const sentinels = named.length > 0 ? named : (kept.sentinels ?? []);
  const parsed = profileSchema.safeParse({ server, genesis, member, sentinels });
  if (!parsed.success) throw new UsageError(z.prettifyError(parsed.error));
  return { ...parsed.data, home, keyFile };
}
