import { Transaction } from 'bitcoinjs-lib';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Sats } from '../../src/core/base/sats.ts';
import { sats } from '../../src/core/base/sats.ts';
import { addressOfScript } from '../../src/core/wallet/network.ts';
import { Bitcoind } from '../../src/chain/bitcoind.ts';
import { RpcClient } from '../../src/chain/rpc.ts';
import type { ChainUnderTest } from './chain-contract.ts';
import { TestKey, spend, txidOf } from './test-key.ts';

/** How long a node may take to answer first. */
const START_MILLISECONDS = 30_000;
const MATURITY = 100;

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A real node, and what a test does to its process. */
export interface BitcoinNode extends ChainUnderTest {
  /** How a client of its own reaches it. */
  readonly options: { readonly url: string; readonly cookieFile: string };
  /** Ends the process without warning, as a power cut does. */
  kill(): Promise<void>;
  /** Starts it again over the same folder, at the same address, with more options. Returns once it answers. */
  again(...more: readonly string[]): Promise<void>;
}

/** A real node on regtest: own folder, loopback only, pruning on, without wallet and index. Ended by its pid. */
export async function startBitcoinNode(
  program: string,
  ...more: readonly string[]
): Promise<BitcoinNode> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bitcoind-'));
  const port = await freePort();
  const start = (...extra: readonly string[]): ChildProcess =>
    spawn(program, [...argumentsOf(folder, port), ...more, ...extra], { stdio: 'ignore' });
  const options = {
    url: `http://127.0.0.1:${port}`,
    cookieFile: join(folder, 'regtest', '.cookie'),
  };
  let child = start();
  const rpc = new RpcClient(options);
  const stop = async (): Promise<void> => {
    rpc.close();
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answering(rpc, child);
    const miner = new Miner(rpc);
    await miner.mine(MATURITY + 1);
    const view = new Bitcoind({ ...options, network: 'regtest' });
    return {
      view,
      options,
      mine: (blocks) => miner.mine(blocks),
      fund: (script, amount) => miner.fund(script, amount),
      reorganise: (depth) => miner.reorganise(depth),
      async kill() {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      },
      async again(...extra) {
        child = start(...extra);
        await answering(rpc, child);
      },
      async stop() {
        await view.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function argumentsOf(folder: string, port: number): readonly string[] {
  return [
    '-regtest',
    `-datadir=${folder}`,
    `-rpcport=${port}`,
    '-rpcbind=127.0.0.1',
    '-rpcallowip=127.0.0.1',
    '-listen=0',
    '-connect=0',
    '-dnsseed=0',
    '-disablewallet=1',
    '-txindex=0',
    '-prune=550',
    '-printtoconsole=0',
    '-acceptnonstdtxn=0',
  ];
}

async function answering(rpc: RpcClient, child: ChildProcess): Promise<void> {
  const before = Date.now();
  for (;;) {
    try {
      await rpc.call('getblockcount');
      return;
    } catch (error) {
      if (child.exitCode !== null || Date.now() - before > START_MILLISECONDS) throw error;
      await pause(100);
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(killer);
}

const block = z.object({
  hash: z.string(),
  height: z.int(),
  tx: z.array(z.object({ hex: z.string() })),
});

/** Mines to a key of its own, because the node has no wallet, and gives its coins away. */
class Miner {
  readonly #rpc: RpcClient;
  readonly #key = new TestKey('miner');
  readonly #spent = new Set<string>();

  constructor(rpc: RpcClient) {
    this.#rpc = rpc;
  }

  async mine(blocks: number): Promise<void> {
    await this.#call('generatetoaddress', [blocks, this.#address()]);
  }

  async fund(script: Uint8Array, amount: Sats): Promise<{ txid: string; vout: number }> {
    const coin = await this.#matureCoin();
    const raw = spend(
      [{ coin, key: this.#key }],
      [
        { script, sats: amount },
        { script: this.#key.script, sats: sats(coin.sats - amount - 1_000n) },
      ],
    );
    await this.#call('sendrawtransaction', [Buffer.from(raw).toString('hex')]);
    return { txid: txidOf(raw), vout: 0 };
  }

  async reorganise(depth: number): Promise<void> {
    const height = z.int().parse(await this.#call('getblockcount', []));
    const first = await this.#call('getblockhash', [height - depth + 1]);
    await this.#call('invalidateblock', [first]);
    for (let i = 0; i <= depth; i++) await this.#call('generateblock', [this.#address(), []]);
  }

  async #matureCoin() {
    const tip = z.int().parse(await this.#call('getblockcount', []));
    for (let height = 1; height <= tip + 1 - MATURITY; height++) {
      const hash = await this.#call('getblockhash', [height]);
      const [coinbase] = block.parse(await this.#call('getblock', [hash, 2])).tx;
      const transaction = Transaction.fromHex(coinbase?.hex ?? '');
      const txid = transaction.getId();
      const value = transaction.outs[0]?.value ?? 0n;
      if (this.#spent.has(txid) || value < 100_000_000n) continue;
      this.#spent.add(txid);
      return { txid, vout: 0, sats: sats(value) };
    }
    throw new Error('the miner has no mature coin');
  }

  #address(): string {
    const address = addressOfScript(this.#key.script, 'regtest');
    if (address === null) throw new Error('no address');
    return address;
  }

  async #call(method: string, params: readonly unknown[]): Promise<unknown> {
    const answer = await this.#rpc.call(method, params);
    if (!answer.ok) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  }
}
