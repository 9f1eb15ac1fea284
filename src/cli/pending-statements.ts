import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { SaltedText } from '../client/statements.ts';
import type { Statement } from '../core/approval/statement.ts';
import { parseStatement, statementDigest } from '../core/approval/statement.ts';
import { fromBase64, fromUtf8, toBase64, utf8 } from '../core/base/bytes.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import { BLOB_BYTES, ENTRY_BYTES, TEXT_LENGTH } from '../core/base/limits.ts';
import type { Seconds } from '../core/base/time.ts';
import { parseTime } from '../core/base/time.ts';
import { replaceFile } from '../keys/file.ts';
import { jsonOf } from './files.ts';
import type { Profile } from './profile.ts';

/** What goes to the server beside a statement. */
export interface Beside {
  readonly reason: SaltedText | null;
  readonly blobs: readonly Uint8Array[];
}

/** A statement that a hardware wallet has yet to sign: what it signs must be, to the byte, what is sent. */
export interface PendingStatement extends Beside {
  readonly statement: Statement;
}

const fileSchema = z.strictObject({
  statement: z.string().max(ENTRY_BYTES),
  reason: z.strictObject({ salt: z.string(), text: z.string().max(TEXT_LENGTH) }).nullable(),
  /** In base64. */
  blobs: z.array(z.string().max(Math.ceil(BLOB_BYTES / 3) * 4)).max(1),
});

function folderOf({ home, genesis }: Profile): string {
  return join(home, 'pending', genesis);
}

/** Keeps a statement until its signature comes. */
export function keepPending(
  profile: Profile,
  { statement, reason, blobs }: PendingStatement,
): void {
  const text = fromUtf8(canonicalBytes(statement)) ?? '';
  const said = reason === null ? null : { salt: reason.salt, text: reason.text };
  const file = { statement: text, reason: said, blobs: blobs.map(toBase64) };
  const path = join(folderOf(profile), `${statementDigest(statement)}.json`);
  replaceFile(path, utf8(JSON.stringify(file)));
}

/** The statements that wait for a signature and are of the same matter. Those that expired are thrown away. */
export function pendingLike(
  profile: Profile,
  like: Statement,
  now: Seconds,
): readonly PendingStatement[] {
  const folder = folderOf(profile);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const found = readPending(join(folder, name));
    if (found === null) return [];
    const isOver = (parseTime(found.statement.expiresAt) ?? 0) <= now;
    if (isOver) rmSync(join(folder, name));
    return isOver || matterOf(found.statement) !== matterOf(like) ? [] : [found];
  });
}

function readPending(path: string): PendingStatement | null {
  const file = fileSchema.safeParse(jsonOf(readFileSync(path, 'utf8')));
  if (!file.success) return null;
  const statement = parseStatement(file.data.statement);
  if (!statement.ok) return null;
  const blobs = file.data.blobs.flatMap((text) => fromBase64(text) ?? []);
  return { statement: statement.value, reason: file.data.reason, blobs };
}

/** Who says what about which thing. */
function matterOf(statement: Statement): string {
  const { type, member, device } = statement;
  const about = ((): readonly string[] => {
    switch (statement.type) {
      case 'approval':
        return [statement.decision, statement.proposal, statement.spend];
      case 'document':
        return [statement.decision, statement.document];
      case 'freeze':
        return [statement.action, statement.wallet];
      case 'proposal':
      case 'session':
        return [];
    }
  })();
  return [type, member, device, ...about].join(' ');
}
