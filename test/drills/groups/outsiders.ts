import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toBase64 } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { blobAddress } from '../../../src/core/base/digest.ts';
import type { RefusalCode } from '../../../src/core/base/codes.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import { admit } from '../../../src/core/log/state.ts';
import { formatPackageLine, parsePackageLine } from '../../../src/core/log/package.ts';
import { toPsbt } from '../../../src/core/psbt/build.ts';
import { inspectPsbt } from '../../../src/core/psbt/inspect.ts';
import { passed } from '../../support/psbt.ts';
import type { Drill } from '../drill.ts';
import { must } from '../drill.ts';
import type { Crafted } from '../ground/desk.ts';
import { until } from '../ground/ground.ts';
import { HostileLog } from '../ground/hostile-log.ts';
import { found, NETWORK, payeeOf, policyText } from '../ground/organisation.ts';
import { Program } from '../ground/process.ts';
import type { Stage } from '../ground/stage.ts';
import { refusedBy } from '../ground/refused.ts';
import { deniedBy, terminalOf } from '../ground/terminal.ts';

/** What is declared, imported or founded elsewhere: claims, never believed. */

const unsaid = { none: 'nothing of it enters the log' };

async function startAndPay(stage: Stage): Promise<void> {
  await stage.startSigner();
  await stage.pay();
}

/** Half of them in statements, half in PSBTs; each judged by the code that server and signer run. */
const CASES = 5_000;
/** Of the statements so many go to the real server as well. */
const POSTED = 20;

const declared: Drill = {
  id: 6,
  name: 'declared fields disagree with the bytes (10,000 cases)',
  attacker: 'C5',
  ground: 'shared',
  wallets: [{ id: 'd6', policy: policyText(), cosigners: ['alice'] }],
  control: startAndPay,
  async attack(stage) {
    const crafted = await stage.craft(undefined, payeeOf('thief'));
    const dice = diceOf(Date.now() % 1_000_000);
    const { state } = stage.desk;
    const { blobs } = await stage.ground.copyLog();
    for (const bytes of crafted.blobs) blobs.set(blobAddress(bytes), bytes);
    const code: RefusalCode = 'proposal.spend.mismatch';
    for (let at = 0; at < CASES; at++) {
      const lie = stage.desk.proposal({
        ...crafted,
        view: { ...crafted.view, spend: lying(crafted, dice) },
      });
      const admission = admit(state, entryBytes(lie.entry), {
        blobs: (sha256) => blobs.get(sha256),
      });
      must(admission.kind !== 'apply', `case ${String(at)} is taken (${dice.name})`);
      if (at < POSTED) refusedBy(await stage.post(lie), code, 'psbt.locktime.future');
    }
    fuzzPsbt(stage, crafted, dice);
    return { result: 'refused', code, receipt: unsaid };
  },
};

/** A spend in which one declared field is another. */
function lying({ view }: Crafted, dice: Dice): Crafted['view']['spend'] {
  const { spend } = view;
  const other = (sats: number): number =>
    Math.max(0, sats + (dice(2) === 0 ? 1 : -1) * (1 + dice(50_000)));
  const at = dice(spend.outputs.length);
  const withOutput = (change: (output: (typeof spend.outputs)[number]) => object) => ({
    ...spend,
    outputs: spend.outputs.map((output, place) =>
      place === at ? { ...output, ...change(output) } : output,
    ),
  });
  switch (dice(6)) {
    case 0:
      return { ...spend, feeSats: other(spend.feeSats) };
    case 1:
      return { ...spend, lockTime: 1 + dice(900_000) };
    case 2:
      return {
        ...spend,
        inputs: spend.inputs.map((input) => ({ ...input, sats: other(input.sats) })),
      };
    case 3:
      return withOutput(({ sats }) => ({ sats: other(sats) }));
    case 4:
      return withOutput(() => ({
        script: `0014${dice(0xffffffff).toString(16).padStart(40, '0')}`,
      }));
    default:
      return withOutput(({ change = -1 }) => ({ change: change + 1 + dice(10) }));
  }
}

/** Bytes of a PSBT beside its transaction change: it is refused, or says what the transaction does. */
function fuzzPsbt(stage: Stage, crafted: Crafted, dice: Dice): void {
  const { wallet } = stage.desk.wallet('d6');
  const change = crafted.view.spend.outputs.map((output) => output.change);
  const psbt = toPsbt({
    wallet,
    transaction: crafted.transaction,
    coins: crafted.view.coins,
    change,
  });
  const bounds = { highestReceive: 20, highestChange: 20 };
  const honest = Buffer.from(canonicalBytes(crafted.view.spend)).toString();
  for (let at = 0; at < CASES; at++) {
    const bytes = Uint8Array.from(psbt);
    const place = dice(bytes.length);
    bytes[place] = (bytes[place] ?? 0) ^ (1 + dice(255));
    const found = inspectPsbt(bytes, wallet, bounds);
    if (!found.ok) continue;
    const isSame = Buffer.from(found.value.transaction).equals(Buffer.from(crafted.transaction));
    const said = Buffer.from(canonicalBytes(found.value.view.spend)).toString();
    must(!isSame || said === honest, `case ${String(at)} reads otherwise (${dice.name})`);
  }
}

type Dice = ((faces: number) => number) & { readonly name: string };

/** The minimal standard generator (Park and Miller); its seed is told with what it found. */
function diceOf(seed: number): Dice {
  let state = seed + 1;
  const roll = (faces: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % faces;
  };
  Object.defineProperty(roll, 'name', { value: `seed ${String(seed)}` });
  return roll;
}

const finalDiffers: Drill = {
  id: 13,
  name: 'the final transaction differs from what was approved',
  attacker: 'C2',
  ground: 'shared',
  wallets: [{ id: 'd13', policy: policyText({ delay: '2s' }), cosigners: ['alice'] }],
  control: startAndPay,
  async attack(stage) {
    const { ground } = stage;
    const crafted = await stage.craft();
    const proposal = await stage.propose(crafted);
    stage.allow(proposal);
    const stolen = Buffer.from(
      Buffer.from(crafted.transaction)
        .toString('hex')
        .replace(crafted.view.spend.outputs[0]?.script ?? '', `0014${'66'.repeat(20)}`),
      'hex',
    );
    // Where the server keeps what it hands to the network, another transaction lies before it looks.
    await ground.owner.query('INSERT INTO transmission (proposal, txid, raw) VALUES ($1, $2, $3)', [
      proposal.digest,
      proposal.txid,
      stolen,
    ]);
    await stage.approve(proposal);
    await stage.broadcast(proposal);
    const signatures = [stage.desk.cosign('alice', stage.proposal(proposal.digest))];
    const { wallet, body } = stage.desk.wallet('d13');
    const altered = stage.desk.read('d13', new Uint8Array(stolen), coinsOf(crafted));
    const content = { wallet, transaction: altered.transaction, coins: altered.view.coins };
    const file = join(ground.organisation.folder, 'final.psbt');
    writeFileSync(file, toBase64(toPsbt({ ...content, signatures })));
    const terminal = await terminalOf(ground, 'operator');
    const words = ['psbt', 'finalise', file, '--descriptor', body.descriptor, '--network', NETWORK];
    const code = deniedBy(await terminal.plain(words), 'psbt.signature.invalid');
    return {
      result: 'refused',
      code,
      receipt: { none: 'what was approved is broadcast, and nothing else' },
    };
  },
};

const coinsOf = ({ view }: Crafted) =>
  view.coins.map(({ parent, index, outpoint }) => ({
    parent,
    index,
    vout: Number(outpoint.split(':')[1]),
  }));

const ownGenesis: Drill = {
  id: 56,
  name: 'a bundle and a log with a genesis of their own',
  attacker: 'C4',
  ground: 'shared',
  wallets: [
    { id: 'd56', policy: policyText(), cosigners: ['alice'] },
    { id: 'd56b', policy: policyText(), cosigners: ['alice'] },
  ],
  async control(stage) {
    await startAndPay(stage);
    const { folder, genesis } = stage.ground.organisation;
    const file = join(folder, 'evidence.jsonl');
    const terminal = await terminalOf(stage.ground, 'auditor');
    const exported = await terminal.call('auditor', ['evidence', 'export', '--out', file]);
    must(exported.status === 0, exported.said);
    const verified = await terminal.plain(['evidence', 'verify', file, '--genesis', genesis]);
    must(verified.status === 0, verified.said);
  },
  async attack(stage) {
    const { genesis } = stage.ground.organisation;
    // The same names, the same wallets, keys of its own: all holds, and it is another organisation.
    const imposter = await found({
      name: 'imposter',
      wallets: [{ id: 'd56b', policy: policyText(), cosigners: ['alice'] }],
    });
    const lines = readFileSync(imposter.files.founding, 'utf8').trim().split('\n');
    const log = await HostileLog.of(
      imposter,
      lines.map((line) => passed(parsePackageLine(line))),
    );
    try {
      const file = join(imposter.folder, 'bundle.jsonl');
      const first = formatPackageLine({ type: 'checkpoint', note: log.checkpoint() });
      writeFileSync(file, `${[first, ...lines].join('\n')}\n`);
      const terminal = await terminalOf(stage.ground, 'auditor');
      const verify = (...words: readonly string[]) =>
        terminal.plain(['evidence', 'verify', file, ...words]);
      const code = deniedBy(await verify('--genesis', genesis), 'document.genesis.mismatch');
      deniedBy(await verify(), 'package.unauthenticated');
      const signer = await stage.beginSigner('d56b', { server: log.url });
      await until('the signer knows its genesis', () => (signer.said(code) ? true : undefined));
      await signer.stop();
      return { result: 'refused', code, receipt: unsaid };
    } finally {
      await log.close();
      rmSync(imposter.folder, { recursive: true, force: true });
    }
  },
};

/** sysexits' EX_CONFIG. */
const CONFIG = 78;

const worthlessKeys: Drill = {
  id: 61,
  name: 'demonstration keys against mainnet',
  attacker: 'C4',
  ground: 'shared',
  wallets: [{ id: 'd61', policy: policyText() }],
  control: startAndPay,
  async attack(stage) {
    const { folder } = stage.ground.organisation;
    const start = new Program({
      program: 'start/main.js',
      environment: {
        COUNTERSIGN_HOME: join(folder, 'mainnet'),
        ...{ NETWORK: 'mainnet', CHAIN: 'esplora', ESPLORA_URL: 'http://127.0.0.1:1' },
      },
      log: join(folder, 'mainnet.log'),
    });
    must((await start.ended()) === CONFIG, 'it ends at once');
    const code: RefusalCode = 'demonstration.network';
    must(start.said(code), start.lines.join('; '));
    const proposal = stage.desk.proposal(await stage.craft(), { network: 'mainnet' });
    refusedBy(await stage.post(proposal), 'statement.network');
    return { result: 'refused', code, receipt: { none: 'nothing starts' } };
  },
};

export const outsiders: readonly Drill[] = [declared, finalDiffers, ownGenesis, worthlessKeys];
