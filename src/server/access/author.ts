import type { Statement } from '../../core/approval/statement.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { MemberCaller } from './caller.ts';

/** A member hands in statements of his own only: whoever steals one finds no session to send it by. Code `session.member`. */
export function checkAuthor(statement: Statement, caller: MemberCaller): Result<null> {
  if (statement.member === caller.member) return ok(null);
  return refuse('session.member', { statement: statement.member, session: caller.member });
}
