import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a node may take to answer after its start. */
const READY_MILLISECONDS = 60_000;
const CALL_MILLISECONDS = 30_000;

/** The path of bitcoind: COUNTERSIGN_BITCOIND, else the PATH; undefined where there is none. */
export function findBitcoind(
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const named = environment['COUNTERSIGN_BITCOIND'];
  if (named !== undefined && named !== '') return named;
  return (environment['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'bitcoind'))
    .find((path) => existsSync(path));
}

/** A Bitcoin node on regtest with a wallet that pays: loopback only, in a folder of its own, ended by who started it. */
export class RegtestNode {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #port: number;

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#child = child;
    this.#folder = folder;
    this.#port = port;
  }

  /** Starts the program in a folder that is made where missing, and mines the first coins. */
  static async start(program: string, folder: string): Promise<RegtestNode> {
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    const child = spawn(
      program,
      [
        '-regtest',
        `-datadir=${folder}`,
        '-server=1',
        '-listen=0',
        '-rpcbind=127.0.0.1',
        '-rpcallowip=127.0.0.1',
        `-rpcport=${String(port)}`,
        '-fallbackfee=0.00002',
        '-printtoconsole=0',
      ],
      { stdio: 'ignore' },
    );
    const node = new RegtestNode(child, folder, port);
    try {
      await node.#ready();
      const wallets = await node.call<readonly string[]>('listwallets', []);
      if (!wallets.includes('miner')) await node.call('createwallet', ['miner']);
      await node.mine(101);
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.#port)}`;
  }

  get cookieFile(): string {
    return join(this.#folder, 'regtest', '.cookie');
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async mine(blocks: number): Promise<void> {
    const address = await this.call<string>('getnewaddress', []);
    await this.call('generatetoaddress', [blocks, address]);
  }

  /** Pays an address and confirms it. Returns the txid. */
  async pay(address: string, btc: string): Promise<string> {
    const txid = await this.call<string>('sendtoaddress', [address, btc]);
    await this.mine(1);
    return txid;
  }

  /** One JSON-RPC call. Throws with the node's own message. */
  async call<T>(method: string, params: readonly unknown[]): Promise<T> {
    const cookie = readFileSync(this.cookieFile, 'utf8').trim();
    const answer = await fetch(this.url, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(cookie).toString('base64')}` },
      body: JSON.stringify({ jsonrpc: '1.0', id: 'demo', method, params }),
      signal: AbortSignal.timeout(CALL_MILLISECONDS),
    });
    const { result, error } = (await answer.json()) as {
      result: T;
      error: { readonly message: string } | null;
    };
    if (error !== null) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGTERM');
    await gone;
  }

  async #ready(): Promise<void> {
    const until = Date.now() + READY_MILLISECONDS;
    for (;;) {
      if (this.#child.exitCode !== null)
        throw new Error(`bitcoind ended with ${String(this.#child.exitCode)}`);
      try {
        await this.call('getblockchaininfo', []);
        return;
      } catch (error) {
        if (Date.now() > until) throw error;
        await sleep(100);
      }
    }
  }
}

/** A port of the loopback that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      server.close(() => {
        resolve(port);
      });
    });
  });
}
