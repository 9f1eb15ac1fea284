import { SESSION_SECONDS } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import { parseTime } from '../core/base/time.ts';
import { Api } from './api.ts';
import { Http } from './http.ts';
import type { SessionKey } from './proof-key.ts';
import { es256ProofKey, newSessionKey, thumbprint } from './proof-key.ts';
import type { Device, LogPosition } from './statements.ts';
import { frameOf, signStatement } from './statements.ts';

/** A session may live fifteen minutes by the server's clock, which need not be ours. */
const SKEW_SECONDS = 60;

/** An open session: its key proves each request until it expires. */
export interface Session {
  readonly key: SessionKey;
  readonly expiresAt: Seconds;
}

export interface SessionInput {
  readonly server: string;
  readonly org: string;
  readonly device: Device;
  readonly log: LogPosition;
  readonly now: Seconds;
}

/** The API with a session's key. */
export function apiOf(server: string, key: SessionKey): Api {
  return new Api(new Http({ server, key: es256ProofKey(key) }));
}

/** Opens a session by a statement of the device over a fresh key. Codes: the server's. Throws on faults. */
export async function openSession(input: SessionInput): Promise<Result<Session>> {
  const { server, org, device, log, now } = input;
  const key = newSessionKey();
  const statement = {
    type: 'session' as const,
    ...frameOf({
      org,
      device,
      log,
      previous: null,
      now,
      validSeconds: SESSION_SECONDS - SKEW_SECONDS,
    }),
    key: thumbprint(es256ProofKey(key)),
  };
  const signed = signStatement(statement, device.secretKey);
  const opened = await apiOf(server, key).openSession(signed);
  if (!opened.ok) return opened;
  const granted = parseTime(opened.value.expiresAt) ?? now;
  return ok({ key, expiresAt: Math.min(granted, now + SESSION_SECONDS) });
}
