import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Instance } from './demo/instance.ts';
import type { Narrator } from './demo/narrator.ts';
import { jsonNarrator, plainNarrator } from './demo/narrator.ts';
import { findBitcoind, freePort, RegtestNode } from './demo/regtest-node.ts';
import type { Coins } from './demo/story.ts';
import { genesisOf, tellStory } from './demo/story.ts';
import { Terminal } from './demo/terminal.ts';
import { DEMONSTRATION_PASSPHRASE } from './demonstration.ts';

const help = `npm run demo [-- --json] [--chain sandbox|bitcoind] [--out FILE]

Runs the main job against a fresh instance and narrates it: propose, approve, refuse, wait, sign, broadcast,
confirm, export, verify. Nothing of an instance that you run yourself is touched.

  --json            one JSON object a line; the last is {"step":"done",…}
  --chain bitcoind  on a Bitcoin node of its own (regtest) from COUNTERSIGN_BITCOIND or the PATH
  --out FILE        where the evidence goes (default: countersign-evidence.jsonl in a new temporary folder)`;

interface Options {
  readonly chain: 'sandbox' | 'bitcoind';
  readonly out: string | undefined;
  readonly narrator: Narrator;
}

/** What was asked for, or the exit status. */
function readOptions(args: readonly string[]): Options | number {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean' },
        chain: { type: 'string', default: 'sandbox' },
        out: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    if (values.help === true) {
      console.log(help);
      return 0;
    }
    const { chain } = values;
    if (chain !== 'sandbox' && chain !== 'bitcoind') throw new Error(`no chain "${chain}"`);
    const print = (line: string): void => {
      console.log(line);
    };
    const narrator = values.json === true ? jsonNarrator(print) : plainNarrator(print);
    return { chain, out: values.out, narrator };
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    console.error(help);
    return 64;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'number') return options;
  const folder = mkdtempSync(join(tmpdir(), 'countersign-demo-'));
  chmodSync(folder, 0o755); // PostgreSQL, run as root, works as another user below it
  const ends: (() => Promise<void>)[] = [];
  const end = async (): Promise<void> => {
    for (const one of ends.splice(0).reverse()) await one();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      void end().finally(() => process.exit(130));
    });
  try {
    const ending = await perform(options, folder, ends);
    await end();
    rmSync(join(folder, 'home'), { recursive: true, force: true });
    rmSync(join(folder, 'node'), { recursive: true, force: true });
    options.narrator.tell('done', { ...ending }, [
      '',
      `Done. Transactions: ${ending.txids.join(', ')}`,
      `The evidence is ${ending.bundle}; its genesis is ${ending.genesis}.`,
    ]);
    return ending.verified ? 0 : 1;
  } catch (error) {
    await end();
    console.error(error instanceof Error ? error.message : String(error));
    console.error(`What the service printed lies in ${join(folder, 'service.log')}`);
    return 1;
  }
}

async function perform(
  { chain, out, narrator }: Options,
  folder: string,
  ends: (() => Promise<void>)[],
): Promise<Awaited<ReturnType<typeof tellStory>>> {
  const home = join(folder, 'home');
  mkdirSync(home, { mode: 0o755 });
  const node = chain === 'bitcoind' ? await startNode(join(folder, 'node')) : null;
  if (node !== null) ends.push(() => node.stop());
  const environment: Record<string, string> =
    node === null
      ? { CHAIN: 'sandbox' }
      : {
          CHAIN: 'bitcoind',
          NETWORK: 'regtest',
          BITCOIN_RPC_URL: node.url,
          BITCOIN_RPC_COOKIE: node.cookieFile,
        };
  narrator.chapter(
    'A fresh instance starts',
    'Database, server, and one signer process a wallet, with an organisation founded just now.',
  );
  const began = performance.now();
  const log = join(folder, 'service.log');
  const instance = await Instance.start({ home, port: await freePort(), environment, log });
  ends.push(() => instance.stop());
  const readyMs = Math.round(performance.now() - began);
  const genesis = genesisOf(home);
  narrator.tell('started', { chain, url: instance.url, genesis, readyMs }, [
    `ready in ${String(readyMs)} ms at ${instance.url}`,
    `organisation ${genesis}`,
  ]);
  const terminal = new Terminal(join(home, 'cli'), DEMONSTRATION_PASSPHRASE, instance.url);
  const bundle = resolve(out ?? join(folder, 'countersign-evidence.jsonl'));
  const coins = node === null ? sandboxCoins(terminal) : nodeCoins(node);
  return tellStory({ home, genesis, terminal, coins, narrator, bundle });
}

async function startNode(folder: string): Promise<RegtestNode> {
  const program = findBitcoind(process.env);
  if (program === undefined)
    throw new Error('there is no bitcoind: name one by COUNTERSIGN_BITCOIND or put it on the PATH');
  return RegtestNode.start(program, folder);
}

function sandboxCoins(terminal: Terminal): Coins {
  return {
    fund: async (wallet, _address, btc) => {
      await terminal.call('operator', [
        ...['sandbox', 'fund', '--wallet', wallet, '--amount', `${btc} BTC`],
      ]);
      await terminal.call('operator', ['sandbox', 'mine', '--blocks', '1']);
    },
    mine: async (blocks) => {
      await terminal.call('operator', ['sandbox', 'mine', '--blocks', String(blocks)]);
    },
  };
}

function nodeCoins(node: RegtestNode): Coins {
  return {
    fund: async (_wallet, address, btc) => {
      await node.pay(address, btc);
    },
    mine: (blocks) => node.mine(blocks),
  };
}

process.exitCode = await main(process.argv.slice(2));
