import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Narrator } from './narrator.ts';
import type { Answer, Terminal } from './terminal.ts';

/** What the story needs of the chain: coins for a wallet, and blocks. */
export interface Coins {
  fund(wallet: string, address: string, btc: string): Promise<void>;
  mine(blocks: number): Promise<void>;
}

export interface Stage {
  readonly home: string;
  readonly genesis: string;
  readonly terminal: Terminal;
  readonly coins: Coins;
  readonly narrator: Narrator;
  /** Where the evidence goes. */
  readonly bundle: string;
}

export interface Ending {
  readonly txids: readonly string[];
  readonly genesis: string;
  readonly bundle: string;
  readonly verified: boolean;
}

/** How long the story waits for a signer, a block or a log entry. */
const PATIENCE_MILLISECONDS = 120_000;

/** The main job, told step by step. Throws when a step does not go as it must. */
export async function tellStory(stage: Stage): Promise<Ending> {
  await fundWallets(stage);
  const batch = await propose(stage, 'hot-1', ['exchange-a=0.75 BTC', 'customer-tanaka=0.25 BTC']);
  const small = await propose(stage, 'hot-2', ['hosting=0.01 BTC']);
  await approveBatch(stage, batch);
  await approveSmall(stage, small);
  stage.narrator.chapter(
    'The signers decide, the server broadcasts',
    'Each followed the log by itself, waited out its delay, and signed; nobody could have told it to.',
  );
  const txids = [await followToBlock(stage, batch), await followToBlock(stage, small)];
  return audit(stage, txids);
}

async function fundWallets({ terminal, coins, narrator }: Stage): Promise<void> {
  narrator.chapter(
    'Two wallets receive coins',
    'hot-1 needs the signer and alice for every coin; hot-2 is the signer alone, for small amounts.',
  );
  for (const [wallet, btc] of [
    ['hot-1', '2'],
    ['hot-2', '0.5'],
  ] as const) {
    const shown = await done(terminal.call('operator', ['wallets', 'show', wallet]));
    const address = textOf(shown, 'address');
    await coins.fund(wallet, address, btc);
    const balance = await until(async () => {
      const answer = await terminal.call('operator', ['wallets', 'show', wallet]);
      const sats = balanceOf(answer);
      return sats > 0 ? sats : null;
    });
    narrator.tell('funded', { wallet, address, sats: balance }, [
      `${wallet} received ${btc} BTC at ${address}`,
    ]);
  }
}

async function propose(stage: Stage, wallet: string, payments: readonly string[]): Promise<string> {
  const { terminal, narrator } = stage;
  narrator.chapter(
    payments.length > 1 ? 'The operator proposes a batch' : 'The operator proposes a payment',
    'The CLI asks the server for a draft, decodes the bytes itself, and signs what they do.',
  );
  const words = ['propose', '--wallet', wallet, '--purpose', 'demonstration', '--yes'];
  for (const payment of payments) words.push('--to', payment);
  const answer = await done(terminal.call('operator', words));
  const proposal = textOf(answer, 'proposal');
  narrator.tell('proposed', { wallet, proposal, name: answer.json['name'] }, [
    `$ ${answer.typed}`,
    ...read(answer),
  ]);
  return proposal;
}

async function approveBatch(stage: Stage, proposal: string): Promise<void> {
  const { terminal, narrator } = stage;
  narrator.chapter(
    'Nobody moves coins alone',
    'The policy of hot-1 asks two of treasury and one of compliance, then a delay.',
  );
  await refused(stage, 'operator', ['approve', proposal, '--yes'], 'approval.initiator');
  for (const member of ['alice', 'bob', 'carol']) {
    const answer = await done(terminal.call(member, ['approve', proposal, '--yes']));
    narrator.tell('approved', { proposal, member }, [`$ ${answer.typed}`, ...read(answer)]);
    if (member === 'bob')
      await refused(stage, 'bob', ['proposals', 'broadcast', proposal], 'policy.quorum.missing');
  }
  await until(async () => {
    const answer = await terminal.call('bob', ['proposals', 'broadcast', proposal]);
    const code = codeOf(answer);
    if (code === 'signer.pending') return null;
    if (code !== 'policy.delay.waiting') throw unexpected(answer);
    tellRefusal(stage, answer, code);
    return code;
  });
}

async function approveSmall({ terminal, narrator }: Stage, proposal: string): Promise<void> {
  narrator.chapter('A small payment needs one approval', 'The policy of hot-2 says so.');
  const answer = await done(terminal.call('bob', ['approve', proposal, '--yes']));
  narrator.tell('approved', { proposal, member: 'bob' }, [`$ ${answer.typed}`, ...read(answer)]);
}

async function followToBlock(stage: Stage, proposal: string): Promise<string> {
  const { terminal, narrator, coins } = stage;
  const reached = async (stages: readonly string[]): Promise<string> =>
    until(async () => {
      const answer = await terminal.call('operator', ['proposals', 'show', proposal]);
      return stages.includes(textOf(answer, 'stage')) ? textOf(answer, 'txid') : null;
    });
  const txid = await reached(['broadcast', 'confirmed', 'settled']);
  narrator.tell('broadcast', { proposal, txid }, [`${proposal.slice(0, 12)} broadcast as ${txid}`]);
  await coins.mine(1);
  await reached(['confirmed', 'settled']);
  narrator.tell('confirmed', { proposal, txid }, [`${proposal.slice(0, 12)} confirmed in a block`]);
  return txid;
}

async function audit(stage: Stage, txids: readonly string[]): Promise<Ending> {
  const { terminal, narrator, bundle, genesis } = stage;
  narrator.chapter(
    'The auditor takes the evidence away',
    'He folds the log and judges every receipt of the signers again, without network or trust in any of our machines.',
  );
  const exported = await done(terminal.call('auditor', ['evidence', 'export', '--out', bundle]));
  narrator.tell('exported', { bundle }, [`$ ${exported.typed}`, ...read(exported)]);
  const verified = await done(terminal.plain(['evidence', 'verify', bundle, '--genesis', genesis]));
  const { entries, receipts, root } = verified.json;
  narrator.tell('verified', { bundle, genesis, entries, receipts, root }, [
    `$ ${verified.typed}`,
    `${String(entries)} entries hash to the signed root ${String(root)}`,
    `${String(receipts)} receipts of the signers judged again and found right`,
  ]);
  return { txids, genesis, bundle, verified: verified.json['ok'] === true };
}

/** The organisation that a home was founded with. */
export function genesisOf(home: string): string {
  const path = join(home, 'organisation', 'organisation.json');
  const { genesis } = JSON.parse(readFileSync(path, 'utf8')) as { readonly genesis: string };
  return genesis;
}

async function refused(
  stage: Stage,
  member: string,
  words: readonly string[],
  code: string,
): Promise<void> {
  const answer = await stage.terminal.call(member, words);
  if (answer.status !== 2 || codeOf(answer) !== code) throw unexpected(answer);
  tellRefusal(stage, answer, code);
}

function tellRefusal({ narrator }: Stage, answer: Answer, code: string): void {
  narrator.tell('refused', { code }, [`$ ${answer.typed}`, `refused: ${code}`, ...read(answer)]);
}

async function done(asked: Promise<Answer>): Promise<Answer> {
  const answer = await asked;
  if (answer.status !== 0) throw unexpected(answer);
  return answer;
}

function unexpected(answer: Answer): Error {
  return new Error(`${answer.typed} ended with ${String(answer.status)}: ${answer.said.trim()}`);
}

async function until<T>(ask: () => Promise<T | null>): Promise<T> {
  const end = Date.now() + PATIENCE_MILLISECONDS;
  while (Date.now() < end) {
    const found = await ask();
    if (found !== null) return found;
    await sleep(500);
  }
  throw new Error('waited too long');
}

function codeOf(answer: Answer): string | null {
  const refusal = answer.json['refusal'];
  if (typeof refusal !== 'object' || refusal === null || !('code' in refusal)) return null;
  return String(refusal.code);
}

function textOf(answer: Answer, name: string): string {
  const value = answer.json[name];
  if (typeof value !== 'string') throw unexpected(answer);
  return value;
}

function balanceOf(answer: Answer): number {
  const balance = answer.json['balance'];
  if (typeof balance !== 'object' || balance === null || !('confirmedSats' in balance)) return 0;
  return Number(balance.confirmedSats);
}

/** What a person would have read, indented. */
function read(answer: Answer): readonly string[] {
  return answer.said
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `  ${line}`);
}
