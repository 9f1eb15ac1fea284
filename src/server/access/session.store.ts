import { Injectable } from '@nestjs/common';
import type { Seconds } from '../../core/base/time.ts';
import { formatTime } from '../../core/base/time.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';

/** Who proves his requests with a key, and until when. */
export interface Session {
  /** Thumbprint. */
  readonly key: string;
  readonly member: string;
  readonly device: string;
  /** Digest of the statement that opened it. */
  readonly statement: string;
  readonly expiresAt: Seconds;
}

/** Sessions in memory before the table is asked again. */
const KEPT = 10_000;

interface SessionRow {
  readonly key: string;
  readonly member: string;
  readonly device: string;
  readonly statement: string;
  readonly expires_at: Date;
}

/** Open sessions, shared by all server processes. */
@Injectable()
export class SessionStore {
  readonly #kept = new Map<string, Session>();

  constructor(private readonly work: UnitOfWork) {}

  /** Opens a session, or renews that of the same key and member. False when the statement opened one before. */
  async open(session: Session): Promise<boolean> {
    const opened = await this.work.plain.query(
      `INSERT INTO session (key, member, device, statement, expires_at)
       SELECT $1, $2, $3, $4, $5
       WHERE NOT EXISTS (SELECT FROM session WHERE statement = $4)
       ON CONFLICT (key) DO UPDATE SET statement = EXCLUDED.statement, expires_at = EXCLUDED.expires_at
         WHERE session.member = EXCLUDED.member AND session.device = EXCLUDED.device
       RETURNING key`,
      [
        session.key,
        session.member,
        session.device,
        session.statement,
        formatTime(session.expiresAt),
      ],
    );
    if (opened.length === 0) return false;
    this.#keep(session);
    return true;
  }

  /** Whether this process knows a living session of the key, without asking the table. */
  isKnown(key: string, now: Seconds): boolean {
    const known = this.#kept.get(key);
    return known !== undefined && known.expiresAt > now;
  }

  /** The session of a key, living or not, or undefined. */
  async find(key: string, now: Seconds): Promise<Session | undefined> {
    const known = this.#kept.get(key);
    if (known !== undefined && known.expiresAt > now) return known;
    const [row] = await this.work.plain.query<SessionRow>(
      'SELECT key, member, device, statement, expires_at FROM session WHERE key = $1',
      [key],
    );
    if (row === undefined) return undefined;
    const session = { ...row, expiresAt: Math.floor(row.expires_at.getTime() / 1000) };
    this.#keep(session);
    return session;
  }

  #keep(session: Session): void {
    this.#kept.delete(session.key);
    this.#kept.set(session.key, session);
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > KEPT && oldest.done !== true) this.#kept.delete(oldest.value);
  }
}
