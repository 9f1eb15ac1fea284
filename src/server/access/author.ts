import type { Statement } from '../../core/approval/statement.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { SENTINEL } from '../../core/governance/charter.ts';
import type { MemberCaller, SentinelCaller } from './caller.ts';

/** Everybody hands in statements of his own only: whoever steals one finds no session to send it by. Code `session.member`. */
export function checkAuthor(
  statement: Statement,
  caller: MemberCaller | SentinelCaller,
): Result<null> {
  const { member, device } = statement;
  if (caller.kind === 'sentinel')
    return member === SENTINEL && device === caller.sentinel
      ? ok(null)
      : refuse('session.member', { statement: member, session: SENTINEL });
  if (member === caller.member) return ok(null);
  return refuse('session.member', { statement: member, session: caller.member });
}
