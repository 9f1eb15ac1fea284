import { resolve } from 'node:path';
import type { Network } from '../core/wallet/network.ts';
import { readConfig } from '../server/config.ts';
import { checkDemonstrationNetwork } from './demonstration.ts';
import type { Home } from './home.ts';
import { homeAt, organisationFiles } from './home.ts';

const PORT_MOST = 65_535;

type Environment = Readonly<Record<string, string | undefined>>;

/** What `npm start` runs, from the environment. */
export interface StartConfiguration {
  readonly home: Home;
  readonly network: Network;
  /** Where the server will answer. */
  readonly server: string;
  /** Where the sentinel will listen on the loopback address; 0: any port that is free. */
  readonly sentinelPort: number;
  /** A PostgreSQL of the caller, or null for the embedded one. */
  readonly databaseUrl: string | null;
  /** Of the server process, but for what is known only after the start. */
  readonly serverEnvironment: Environment;
}

type Read =
  | { readonly ok: true; readonly value: StartConfiguration }
  | { readonly ok: false; readonly line: string };

/**
 * The configuration, or one line that says what is wrong with it, before anything is started. The server's own
 * variables are checked by the server's own reader.
 */
export function readStartConfiguration(environment: Environment): Read {
  const given: Environment = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  if (given['GENESIS'] !== undefined)
    return wrong('GENESIS: npm start runs the demonstration; start dist/src/server/main.js alone');
  const home = homeAt(resolve(given['COUNTERSIGN_HOME'] ?? '.countersign'));
  const chain = given['CHAIN'] ?? (given['BITCOIN_RPC_URL'] === undefined ? 'sandbox' : 'bitcoind');
  const network = given['NETWORK'] ?? (chain === 'sandbox' ? 'sandbox' : 'regtest');
  const composed: Environment = {
    ...given,
    CHAIN: chain,
    NETWORK: network,
    FOUNDING: `${home.organisation}/${organisationFiles.founding}`,
    LOG_KEY_FILE: `${home.organisation}/${organisationFiles.logKey}`,
  };
  // Known only later; the server's reader asks for their form alone.
  const unknown = { GENESIS: '0'.repeat(64), DATABASE_URL: 'postgres://127.0.0.1/unknown' };
  const read = readConfig({ ...unknown, ...composed });
  if (!read.ok) return wrong(read.line);
  const { value } = read;
  if (value.port === 0) return wrong('PORT: 0 gives an address that nobody knows');
  const sentinelPort = Number(given['SENTINEL_PORT'] ?? 0);
  if (!Number.isInteger(sentinelPort) || sentinelPort < 0 || sentinelPort > PORT_MOST)
    return wrong(`SENTINEL_PORT: a number from 0 to ${String(PORT_MOST)}`);
  const allowed = checkDemonstrationNetwork(value.network);
  if (!allowed.ok) return wrong(`NETWORK: ${allowed.refusal.code}: sandbox or regtest only`);
  return {
    ok: true,
    value: {
      home,
      network: value.network,
      server: value.publicUrl ?? `http://${hostOf(value.host)}:${value.port}`,
      sentinelPort,
      databaseUrl: given['DATABASE_URL'] ?? null,
      serverEnvironment: composed,
    },
  };
}

/** Who listens everywhere is reached here at the loopback address. */
function hostOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function wrong(line: string): Read {
  return { ok: false, line };
}
