import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { walletOpen } from '../../../src/core/authorise.ts';
import { fromHex, utf8 } from '../../../src/core/base/bytes.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import type { Result } from '../../../src/core/base/result.ts';
import { formatTime } from '../../../src/core/base/time.ts';
import { entryBytes, parseEntry } from '../../../src/core/log/entry.ts';
import { createLedger } from '../../../src/core/log/ledger.ts';
import { parsePackageLine } from '../../../src/core/log/package.ts';
import type { State } from '../../../src/core/log/state.ts';
import { admit, advance, createState } from '../../../src/core/log/state.ts';
import { emptyRoot } from '../../../src/core/log/merkle.ts';
import { toHex } from '../../../src/core/base/bytes.ts';
import { AccountSigner } from '../../../src/keys/account-key.ts';
import { openKeyFile, peekKeyFile } from '../../../src/keys/key-file.ts';
import { journalAssociatedData } from '../../../src/signer/journal-identity.ts';
import { Journal } from '../../../src/signer/journal.ts';
import { receiptKeyOf } from '../../../src/signer/receipt-key.ts';
import {
  checkDemonstrationNetwork,
  DEMONSTRATION_PASSPHRASE,
  demonstrationMembers,
} from '../../../src/start/demonstration.ts';
import type { Founded } from '../../../src/start/founding.ts';
import { foundOrganisation } from '../../../src/start/founding.ts';
import type { Home } from '../../../src/start/home.ts';
import { homeAt } from '../../../src/start/home.ts';
import { ensureOrganisation, writeDemonstrationProfile } from '../../../src/start/organisation.ts';
import { unlockSentinel } from '../../../src/sentinel/initialise.ts';
import { sentinelFolder, StateFile } from '../../../src/sentinel/state-file.ts';
import { World } from '../../support/world.ts';

const policies = resolve(import.meta.dirname, '../../../policies');

function code(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.refusal.code;
}

interface Folded {
  readonly state: State;
  /** What became of each entry. */
  readonly outcomes: readonly string[];
}

function fold(genesis: string, lines: Founded['lines']): Folded {
  const state = createState(genesis);
  const blobs = new Map<string, Uint8Array>();
  const outcomes: string[] = [];
  for (const line of lines) {
    if (line.type === 'blob') blobs.set(line.sha256, line.bytes);
    if (line.type !== 'entry') continue;
    expect(line.index).toBe(state.tree.size);
    const admission = admit(state, line.bytes, { blobs: (address) => blobs.get(address) });
    outcomes.push(admission.kind === 'skip' ? admission.refusal.code : admission.kind);
    advance(state, line.bytes, admission);
  }
  return { state, outcomes };
}

describe('a founding', () => {
  test('gives the same bytes for the same spec', () => {
    const { spec } = new World();
    expect(foundOrganisation(spec)).toEqual(foundOrganisation(spec));
  });

  test('founds an organisation of 100 members', () => {
    const { spec } = new World();
    const treasurers = Array.from({ length: 92 }, (_, i) => ({
      id: `treasurer-${String(i)}`,
      groups: ['treasury'],
      operators: null,
      device: { id: 'cli', secretKey: sha256(utf8(`treasurer ${String(i)}`)) },
    }));
    const members = [...spec.members, ...treasurers];
    const founded = foundOrganisation({ ...spec, members });
    if (!founded.ok) throw new Error(JSON.stringify(founded.refusal));
    const { state, outcomes } = fold(founded.value.genesis, founded.value.lines);
    expect(new Set(outcomes)).toEqual(new Set(['apply']));
    expect(state.members.size).toBe(100);
    expect([...state.members.values()].every(({ confirmed }) => confirmed.has('cli'))).toBe(true);
  });

  test('answers with the code of the fold when the spec contradicts itself', () => {
    const { spec } = new World();
    const [first] = spec.members;
    const members = spec.members.map((member) => ({
      ...member,
      device: first?.device ?? member.device,
    }));
    expect(code(foundOrganisation({ ...spec, members }))).toBe('charter.key.reused');
    expect(code(foundOrganisation({ ...spec, network: 'mainnet' }))).toBe('wallet.key.network');
  });
});

describe('the demonstration organisation', () => {
  let home: Home;
  beforeEach(() => {
    home = homeAt(mkdtempSync(join(tmpdir(), 'countersign-home-')));
  });
  afterEach(() => {
    rmSync(home.folder, { recursive: true, force: true });
  });

  const options = { network: 'sandbox', policies } as const;

  test.each(['mainnet', 'testnet4', 'signet'] as const)('is refused on %s', async (network) => {
    expect(code(checkDemonstrationNetwork(network))).toBe('demonstration.network');
    expect(code(await ensureOrganisation(home, { ...options, network }))).toBe(
      'demonstration.network',
    );
    expect(existsSync(home.organisation)).toBe(false);
  });

  test('folds: every entry applies, and the wallets open when their signers have started', async () => {
    const made = await ensureOrganisation(home, options);
    if (!made.ok) throw new Error(JSON.stringify(made.refusal));
    const { genesis } = made.value;
    const { state, outcomes } = fold(genesis, foundingLines(home));
    expect(new Set(outcomes)).toEqual(new Set(['apply']));
    expect([...state.members.keys()]).toEqual(demonstrationMembers.map(({ id }) => id));
    expect(state.destinations?.document.body.entries).toHaveLength(made.value.destinations.length);
    for (const id of ['hot-1', 'hot-2']) {
      const wallet = state.wallets.get(id);
      if (wallet === undefined) throw new Error('the wallet is in force');
      expect(state.policies.has(id)).toBe(true);
      expect(walletOpen(state, state.ledgers.get(id) ?? createLedger(), wallet)).toBe(false);
      await startSigner(home, state, id);
      expect(walletOpen(state, state.ledgers.get(id) ?? createLedger(), wallet)).toBe(true);
    }
  });

  test('gives every member a key file that opens by the printed passphrase', async () => {
    await ensureOrganisation(home, options);
    for (const { id } of demonstrationMembers) {
      const path = join(home.cli, 'keys', `${id}.json`);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const unlock = { passphrase: DEMONSTRATION_PASSPHRASE, associated: '' };
      const opened = await openKeyFile(path, 'device', unlock);
      expect(opened.ok && opened.value.member).toBe(id);
      expect(opened.ok && opened.value.cosigner !== null).toBe(id === 'alice');
    }
  });

  test('is made once: a second start finds the same one', async () => {
    const first = await ensureOrganisation(home, options);
    const second = await ensureOrganisation(home, options);
    expect(second).toEqual(first);
    if (!second.ok) throw new Error(second.refusal.code);
    const places = { server: 'http://127.0.0.1:4000', sentinel: 'http://127.0.0.1:4100' };
    writeDemonstrationProfile(home, second.value, places);
    const profile: unknown = JSON.parse(readFileSync(join(home.cli, 'profile.json'), 'utf8'));
    expect(profile).toMatchObject({ server: places.server, sentinels: [places.sentinel] });
  });

  test('names a sentinel whose keys and state are there', async () => {
    const made = await ensureOrganisation(home, options);
    if (!made.ok) throw new Error(made.refusal.code);
    const { state } = fold(made.value.genesis, foundingLines(home));
    const [named] = state.charter?.document.body.sentinels ?? [];
    expect(named?.id).toBe(made.value.sentinel);
    const file = StateFile.open(sentinelFolder(home.sentinel).state);
    if (!file.ok) throw new Error(file.refusal.code);
    const { identity } = file.value;
    expect(identity).toEqual({ ...named, genesis: made.value.genesis });
    const unlocked = await unlockSentinel(home.sentinel, identity, DEMONSTRATION_PASSPHRASE);
    expect(code(unlocked)).toBe('ok');
    file.value.close();
  });

  test('is begun anew when its making was killed half-way', async () => {
    mkdirSync(join(home.folder, 'founding', 'signers', 'hot-1'), { recursive: true });
    mkdirSync(join(home.signers, 'hot-1'), { recursive: true });
    writeFileSync(join(home.signers, 'hot-1', 'left'), '');
    writeFileSync(home.marker, '');
    expect(code(await ensureOrganisation(home, options))).toBe('ok');
    expect(existsSync(join(home.signers, 'hot-1', 'left'))).toBe(false);
    expect(existsSync(home.marker)).toBe(false);
    expect(existsSync(join(home.folder, 'founding'))).toBe(false);
  });

  test('never removes signers that stand without their organisation', async () => {
    mkdirSync(home.signers);
    await expect(ensureOrganisation(home, options)).rejects.toThrow('restore or move it');
  });
});

function foundingLines(home: Home): Founded['lines'] {
  const text = readFileSync(join(home.organisation, 'founding.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const parsed = parsePackageLine(line);
      if (!parsed.ok) throw new Error(parsed.refusal.code);
      return parsed.value;
    });
}

/** Appends the first receipt of a signer, made from what lies in its folder. */
async function startSigner(home: Home, state: State, id: string): Promise<void> {
  const opened = Journal.open(join(home.signers, id, 'journal.sqlite'));
  if (!opened.ok) throw new Error(opened.refusal.code);
  const { identity } = opened.value;
  opened.value.close();
  const keyFile = join(home.signers, id, 'keys.json');
  const known = peekKeyFile(keyFile, 'signer');
  expect(known.ok && known.value.receiptKey).toBe(identity.signer);
  const keys = await openKeyFile(keyFile, 'signer', {
    passphrase: DEMONSTRATION_PASSPHRASE,
    associated: journalAssociatedData(identity),
  });
  if (!keys.ok) throw new Error(keys.refusal.code);
  const wallet = state.wallets.get(id);
  const firstAddress = wallet?.wallet.address(0, 0) ?? '';
  const account = new AccountSigner(keys.value.hotKey, 'sandbox');
  const { receipt, signature } = receiptKeyOf(fromHex(keys.value.receiptKey)).sign({
    record: 'started',
    org: identity.genesis,
    wallet: id,
    signer: identity.signer,
    epoch: 1,
    position: 0,
    previous: null,
    at: formatTime(1_800_000_000),
    log: { size: 0, root: toHex(emptyRoot()) },
    walletDigest: identity.walletDigest,
    firstAddress,
    keyProof: account.proveKey(identity.genesis, identity.walletDigest, firstAddress),
  });
  const leaf = entryBytes({ type: 'receipt', receipt, signature });
  expect(parseEntry(leaf).ok).toBe(true);
  const admission = admit(state, leaf, { blobs: () => undefined });
  expect(admission.kind).toBe('apply');
  advance(state, leaf, admission);
}
