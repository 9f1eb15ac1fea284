import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyPath } from '../cli/profile.ts';
import { apiOf, openSession } from '../client/session.ts';
import { emptyLog } from '../client/statements.ts';
import { fromHex } from '../core/base/bytes.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import { openKeyFile } from '../keys/key-file.ts';
import { DEMONSTRATION_PASSPHRASE } from './demonstration.ts';
import type { Home } from './home.ts';
import type { OrganisationSummary } from './organisation.ts';

/** What each wallet of a fresh sandbox begins with. */
const FUNDS_SATS = 500_000_000;

/**
 * Gives the wallets of a fresh sandbox their first coins, once, as the operator would. Killed half-way it gives
 * them again: sandbox coins cost nothing. Codes: those of the key file and of the server.
 */
export async function fundSandbox(
  home: Home,
  server: string,
  { genesis, wallets }: OrganisationSummary,
): Promise<Result<null>> {
  const marker = join(home.organisation, 'sandbox-funded');
  if (existsSync(marker)) return ok(null);
  const member = 'operator';
  const unlock = { passphrase: DEMONSTRATION_PASSPHRASE, associated: '' };
  const opened = await openKeyFile(keyPath(home.cli, member), 'device', unlock);
  if (!opened.ok) return opened;
  const { device, secretKey } = opened.value;
  const session = await openSession({
    server,
    org: genesis,
    device: { member, device, secretKey: fromHex(secretKey) },
    log: emptyLog,
    now: Math.floor(Date.now() / 1000),
  });
  if (!session.ok) return session;
  const api = apiOf(server, session.value.key);
  for (const wallet of wallets) {
    const funded = await api.fundSandbox(wallet, FUNDS_SATS);
    if (!funded.ok) return funded;
  }
  const mined = await api.mineSandbox(1);
  if (!mined.ok) return mined;
  writeFileSync(marker, '');
  return ok(null);
}
