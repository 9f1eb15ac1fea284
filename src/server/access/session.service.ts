import { Injectable } from '@nestjs/common';
import type { SessionStatement } from '../../core/approval/statement.ts';
import { SESSION_SECONDS } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { Seconds } from '../../core/base/time.ts';
import { parseTime } from '../../core/base/time.ts';
import { entryBytes } from '../../core/log/entry.ts';
import { Clock } from '../clock.ts';
import { SequencerService } from '../log/sequencer.service.ts';
import type { SignedText } from '../log/statement.service.ts';
import { StatementService } from '../log/statement.service.ts';
import type { Proof } from './proof.ts';
import { SessionStore } from './session.store.ts';

export interface Opened {
  readonly member: string;
  readonly expiresAt: Seconds;
}

/** Opens sessions: a statement of a device names the key that will prove requests, for a quarter of an hour. */
@Injectable()
export class SessionService {
  constructor(
    private readonly statements: StatementService,
    private readonly sequencer: SequencerService,
    private readonly sessions: SessionStore,
    private readonly clock: Clock,
  ) {}

  /**
   * For every device of the charter: one that has not confirmed its entry yet must read what it confirms, and who is
   * suspended may look, and say no (access.guard.ts). Codes: `statement.*`, `member.unknown`, `device.unknown`,
   * `log.fork`, `session.key`, `session.time`.
   */
  async open(given: SignedText, proof: Proof): Promise<Result<Opened>> {
    const said = await this.statements.readAhead(given, 'session');
    if (!said.ok) return said;
    const { statement, signature, sameLog } = said.value;
    if (!sameLog) return refuse('log.fork', { size: statement.log.size, root: statement.log.root });
    const timely = this.statements.checkTime(statement);
    if (!timely.ok) return timely;
    if (statement.key !== proof.thumbprint) return refuse('session.key');
    const until = grantedUntil(statement, this.clock.now());
    if (!until.ok) return until;
    const { member, device } = statement;
    const session = { key: proof.thumbprint, member, device, statement: said.value.digest };
    // The table refuses a statement that opened a session before; only then is the event logged.
    if (!(await this.sessions.open({ ...session, expiresAt: until.value })))
      return refuse('statement.duplicate', { statement: said.value.digest });
    const leaf = entryBytes({ type: 'statement', statement, signature, coins: null });
    const logged = await this.sequencer.submit({ kind: 'access', leaf, blobs: [], texts: [] });
    return logged.ok ? ok({ member, expiresAt: until.value }) : logged;
  }
}

function grantedUntil(statement: SessionStatement, now: Seconds): Result<Seconds> {
  const issued = parseTime(statement.issuedAt) ?? 0;
  const expires = parseTime(statement.expiresAt) ?? 0;
  if (expires - issued > SESSION_SECONDS)
    return refuse('session.time', { seconds: expires - issued, most: SESSION_SECONDS });
  return ok(Math.min(expires, now + SESSION_SECONDS));
}
