import { ed25519 } from '@noble/curves/ed25519.js';
import { signSchnorr, xOnlyPointFromScalar } from 'tiny-secp256k1';
import type { ApprovalStatement, Statement } from '../../src/core/approval/statement.ts';
import { statementDigest } from '../../src/core/approval/statement.ts';
import { fromHex, toHex, utf8 } from '../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../src/core/base/canonical.ts';
import { sha256 } from '../../src/core/base/digest.ts';
import { formatTime } from '../../src/core/base/time.ts';
import type { CharterBody, DestinationsBody } from '../../src/core/governance/document.ts';
import type { Entry, Fact } from '../../src/core/log/entry.ts';
import { entryBytes } from '../../src/core/log/entry.ts';
import { applyReceipt } from '../../src/core/log/ledger.ts';
import type { ProposalRecord } from '../../src/core/log/state.ts';
import { paidScripts } from '../../src/core/screening.ts';
import { unspendableKey } from '../../src/core/wallet/taproot.ts';
import {
  documentStatement,
  freezeStatement,
  governors,
  newest,
  nextVersion,
  policyBody,
  publish,
} from '../support/governing.ts';
import { addressOf, lookAlikeOf, scriptHex } from '../support/look-alikes.ts';
import { bump } from '../support/versions.ts';
import { coldcard, MessageDevice, sayByMessage, withDevices } from '../support/wallet-device.ts';
import type { WorldOptions } from '../support/world.ts';
import { listedAddress, strangerAddress, World } from '../support/world.ts';
import type { Dice } from './dice.ts';
import { somePolicy } from './policies.ts';
import { spoiled } from './spoil.ts';

/** One organisation that lives by chance: people say right and wrong things, time passes, the signer does its rounds. */

type Keys = Parameters<NonNullable<WorldOptions['wallet']>>[0];

const wallets: readonly (((keys: Keys) => string) | null)[] = [
  null,
  null,
  ({ hot }) => `wpkh(${hot})`,
  ({ hot }) => `pkh(${hot})`,
  ({ hot }) => `sh(wpkh(${hot}))`,
  ({ hot, alice }) => `sh(wsh(multi(2,${alice},${hot})))`,
  ({ hot, alice, bob }) => `wsh(and_v(v:pk(${hot}),or_i(pk(${alice}),pkh(${bob}))))`,
  ({ hot, alice, bob }) => `wsh(andor(pk(${alice}),pk(${hot}),and_v(v:pkh(${bob}),older(4032))))`,
  ({ hot }) => `tr(${hot})`,
  ({ hot, alice }) => `tr(${toHex(unspendableKey)},sortedmulti_a(2,${hot},${alice}))`,
  ({ hot, alice, bob }) =>
    `tr(${toHex(unspendableKey)},{and_v(v:pk(${hot}),pk(${alice})),and_v(v:pk(${bob}),older(4032))})`,
];

const sentinelKey = sha256(utf8('second opinion/sentinel'));
const sentinelFreezeKey = sha256(utf8('second opinion/sentinel freezes'));
const suppliers = [1, 2, 3].map(addressOf);

export class Scenario {
  readonly world: World;
  readonly #dice: Dice;
  readonly #devices = new Map<string, MessageDevice>();
  #asked = 0;

  /** Throws where chance made what nobody may found. */
  constructor(dice: Dice) {
    this.#dice = dice;
    const persons = dice.whole(1, 3);
    const body = dice.one(wallets);
    this.world = new World({
      network: dice.one(['regtest', 'regtest', 'sandbox']),
      policy: somePolicy(dice, { persons, kinds: false, easy: !dice.in(3) }),
      ...(body === null ? {} : { wallet: (keys) => ({ body: body(keys), outside: [] }) }),
      governorsNeeded: persons,
      delaySeconds: dice.one([0, 300]),
      coolDowns: dice.one([
        { deviceSeconds: 0, destinationSeconds: 0 },
        { deviceSeconds: 0, destinationSeconds: 600 },
        { deviceSeconds: 900, destinationSeconds: 0 },
      ]),
      others: [
        { id: 'bot', groups: ['operators'], operators: ['bob'] },
        { id: 'erin', groups: ['operators', 'compliance'] },
        { id: 'frank', groups: ['treasury'] },
        { id: 'grace', groups: ['guests'] },
      ],
      second: dice.in(4),
    });
  }

  /** So many turns. */
  play(turns: number): void {
    if (!this.#dice.in(20)) this.#try(() => this.world.start());
    this.#try(() => this.world.round());
    // The first policy waits out its delay, and what the charter names cools down.
    if (!this.#dice.in(5)) this.world.now += 1_000;
    this.#try(() => this.world.round());
    this.#try(() => this.#propose());
    for (let turn = 0; turn < turns; turn++) this.#try(() => this.#turn());
  }

  /** What cannot be done is left undone: whatever stands in the log then is to be judged alike. */
  #try(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Error) || error.name === 'AssertionError') throw error;
    }
  }

  #turn(): void {
    const dice = this.#dice;
    const turns: readonly (readonly [number, () => void])[] = [
      [6, () => this.#pay()],
      [6, () => this.#propose()],
      [6, () => this.#approveAll()],
      [4, () => this.#approve()],
      [10, () => void this.world.round()],
      [8, () => this.#wait()],
      [1, () => this.#object()],
      [1, () => this.#freeze()],
      [2, () => this.#unfreeze()],
      [2, () => this.#changePolicy()],
      [2, () => this.#changeBook()],
      [2, () => this.#changeCharter()],
      [1, () => this.#veto()],
      [3, () => this.#fact()],
      [2, () => this.#askAddress()],
      [5, () => this.#bump()],
      [2, () => this.#cancel()],
      [1, () => this.#enrol()],
      [1, () => this.world.start()],
      [1, () => this.#hear()],
      [2, () => this.#forgeReceipt()],
    ];
    let throwOf = dice.whole(
      1,
      turns.reduce((sum, [weight]) => sum + weight, 0),
    );
    for (const [weight, act] of turns) {
      throwOf -= weight;
      if (throwOf <= 0) {
        act();
        return;
      }
    }
  }

  get #open(): readonly ProposalRecord[] {
    return [...this.world.state.proposals.values()].slice(-4);
  }

  #wait(): void {
    this.world.now += this.#dice.one([1, 59, 60, 61, 600, 1_800, 7_200, 43_200, 86_400, 604_800]);
  }

  /** Appends what is said, sometimes after something like it that is spoiled, signed anew or not. */
  #say(statement: Statement, coins: string | null = null): void {
    const { world } = this;
    const dice = this.#dice;
    if (dice.in(6)) {
      const other = spoiled(dice, statement) as Statement;
      const entry = dice.in(3) ? world.sign(statement, coins) : world.sign(other, coins);
      world.append(entryBytes({ ...entry, statement: other } as Entry));
    }
    if (dice.in(25)) world.sayWith(statement, sha256(utf8('somebody')));
    world.say(statement, coins);
    if (dice.in(25)) world.say(statement, coins);
  }

  /** As it should go: proposed, approved by all, signed after the delay. */
  #pay(): void {
    const { world } = this;
    const dice = this.#dice;
    const { statement, coins } = world.draft({
      pays: [[dice.one([listedAddress, ...suppliers]), dice.one([300_000, 400_000, 500_000])]],
    });
    const envelope = {
      feeSatsMax: dice.one([9_000, 30_000]),
      replacementsMax: 3,
      until: formatTime(world.now + dice.one([7_200, 604_800])),
    };
    world.say({ ...statement, envelope: dice.in(3) ? null : envelope }, coins);
    this.#approveAll(this.#newest);
  }

  get #newest(): ProposalRecord {
    const newest = this.#open.at(-1);
    if (newest === undefined) throw new Error('nobody has proposed');
    return newest;
  }

  #propose(): void {
    const { world } = this;
    const dice = this.#dice;
    const [first = ''] = suppliers;
    const payees = [
      ...[listedAddress, listedAddress, strangerAddress, ...suppliers],
      ...(dice.in(6) ? [lookAlikeOf(dice.one([listedAddress, first]))] : []),
      ...(dice.in(8) ? [world.wallet.wallet.address(0, 3)] : []),
    ];
    const amounts = [
      300_000, 400_000, 400_001, 600_000, 1_000_000, 1_000_001, 1_100_000, 5_000_000,
    ];
    const pays = Array.from(
      { length: dice.one([0, 1, 1, 1, 1, 2, 3]) },
      () => [dice.one(payees), dice.one(amounts)] as const,
    );
    const known = this.#open.at(-1)?.coins;
    const reused = dice.in(8) ? known?.[0] : undefined;
    const fee = dice.one([200, 600, 1_000, 1_000, 1_000, 2_500, 20_000]);
    const { statement, coins } = world.draft({
      pays,
      fee,
      ...(reused === undefined
        ? {}
        : { coins: [{ parent: reused.parent, branch: 0 as const, index: reused.index, vout: 0 }] }),
    });
    const member = dice.in(4) ? dice.one(['bot', 'erin', 'erin', 'alice']) : 'operator';
    this.#say(
      {
        ...statement,
        member,
        initiator: member,
        reference: dice.one([null, null, 'INV-1', 'INV-2']),
        repeats: dice.in(4) ? (this.#open[0]?.digest ?? null) : null,
        envelope: dice.in(2)
          ? null
          : {
              feeSatsMax: fee + dice.one([0, 5_000, 30_000]),
              replacementsMax: dice.whole(0, 3),
              until: formatTime(world.now + dice.one([600, 172_800])),
            },
        expiresAt: formatTime(world.now + dice.one([600, 86_400, 86_400, 604_800])),
        issuedAt: formatTime(world.now + (dice.in(8) ? dice.one([120, 121, 300]) : 0)),
      },
      coins,
    );
  }

  #approve(proposal = this.#dice.one(this.#open)): void {
    const everybody = [
      'alice',
      'alice',
      'bob',
      'carol',
      'erin',
      'frank',
      'grace',
      'operator',
      'bot',
    ];
    this.#approveBy(this.#dice.one(everybody), proposal);
  }

  #approveAll(proposal = this.#dice.in(3) ? this.#dice.one(this.#open) : this.#newest): void {
    for (const member of ['alice', 'bob', 'frank', 'carol']) this.#approveBy(member, proposal);
    if (this.#dice.in(3)) return;
    this.world.round();
    this.world.now += this.#dice.one([59, 60, 61, 7_200]);
    this.world.round();
  }

  #approveBy(member: string, proposal: ProposalRecord): void {
    const { world } = this;
    const dice = this.#dice;
    const version = proposal.versions.at(-1);
    const over: Partial<ApprovalStatement> =
      version !== undefined && dice.in(2)
        ? { spend: version.spendDigest, partialSignatures: world.cosign(version) }
        : {};
    const made = {
      ...world.approval(member, proposal, over),
      ...(dice.in(8) ? { expiresAt: formatTime(world.now + 700) } : {}),
      ...(dice.in(20) ? { issuedAt: formatTime(world.now + 500) } : {}),
      ...(dice.in(12) ? { log: this.#logOf(proposal.index + dice.whole(0, 1)) } : {}),
    };
    const device = this.#devices.get(member);
    if (device === undefined || dice.in(3)) this.#say(made);
    else
      sayByMessage(world, device, made, (line) =>
        dice.in(10) ? device.sign(`${line} `) : device.sign(line),
      );
  }

  #logOf(size: number): ApprovalStatement['log'] {
    return { size, root: toHex(this.world.state.tree.rootAt(size)) };
  }

  #object(): void {
    const proposal = this.#dice.one(this.#open);
    const member = this.#dice.one(['alice', 'bob', 'carol', 'operator', 'grace', 'erin']);
    const decision = this.#dice.one(['reject', 'withdraw', 'withdraw'] as const);
    const statement = this.world.approval(member, proposal, { decision });
    this.#say(this.#dice.in(5) ? { ...statement, reasonDigest: null } : statement);
  }

  #freeze(): void {
    const by = this.#dice.one(['officer', 'officer', 'alice', 'governor-1']);
    const wallet = this.#dice.one(['hot-1', 'hot-1', '*', 'hot-2']);
    this.#say(freezeStatement(this.world, by, { wallet }));
  }

  #unfreeze(): void {
    const { world } = this;
    const by = this.#someGovernors();
    for (const wallet of ['*', 'hot-1']) {
      const lifted = world.state.freezes.filter(({ statement }) => statement.wallet === wallet);
      const lifts = lifted.map(({ digest }) => digest);
      for (const governor of by)
        this.#say(freezeStatement(world, governor, { action: 'unfreeze', wallet, lifts }));
    }
    world.round();
  }

  #someGovernors(): readonly string[] {
    return this.#dice.in(3) ? this.#dice.some(governors) : governors;
  }

  #publish(document: ReturnType<typeof nextVersion>): void {
    const { world } = this;
    publish(world, document);
    for (const by of this.#someGovernors()) this.#say(documentStatement(world, by, document));
    if (this.#dice.in(6)) this.#say(documentStatement(world, 'alice', document));
    if (this.#dice.in(2)) world.round();
  }

  #changePolicy(): void {
    const kinds = newest(this.world, 'charter').body.governance.clause;
    const asked = 'from' in kinds && kinds.kinds !== null;
    const text = somePolicy(this.#dice, { persons: 3, kinds: asked, easy: this.#dice.in(2) });
    const document = nextVersion(this.world, 'policy', () => policyBody(text));
    this.#publish(this.#dice.in(6) ? (spoiled(this.#dice, document) as typeof document) : document);
  }

  #changeBook(): void {
    const dice = this.#dice;
    const entry = (address: string, at: number): DestinationsBody['entries'][number] => ({
      id: `supplier-${String(at)}`,
      owner: dice.one(['supplier', 'exchange', 'other']),
      script: scriptHex(address),
      address,
      tags: [...dice.some(['vip', 'risky'], 3)],
    });
    const document = nextVersion(this.world, 'destinations', ({ entries }) => {
      const kept = dice.in(4) ? [] : entries.filter(({ id }) => id === 'exchange');
      return { entries: [...kept, ...dice.some(suppliers).map(entry)] };
    });
    this.#publish(dice.in(6) ? (spoiled(dice, document) as typeof document) : document);
  }

  #changeCharter(): void {
    const dice = this.#dice;
    const document = nextVersion(this.world, 'charter', (body) => this.#otherCharter(body));
    this.#publish(dice.in(6) ? (spoiled(dice, document) as typeof document) : document);
  }

  #otherCharter(body: CharterBody): CharterBody {
    const dice = this.#dice;
    const victim = dice.one(['alice', 'bob', 'frank', 'operator', 'governor-1', 'carol']);
    const members = (change: (member: CharterBody['members'][number]) => typeof member) => ({
      ...body,
      members: body.members.map((member) => (member.id === victim ? change(member) : member)),
    });
    const { world } = this;
    return dice.one<() => CharterBody>([
      () => members((member) => ({ ...member, suspended: !member.suspended })),
      () =>
        members((member) => ({
          ...member,
          devices: member.devices.map((device) => ({ ...device, suspended: !device.suspended })),
        })),
      () =>
        members((member) => ({
          ...member,
          groups: [...dice.some([...member.groups, 'treasury'])],
        })),
      () => ({ ...body, members: body.members.filter(({ id }) => id !== victim) }),
      () => ({
        ...body,
        deputies: [
          {
            member: 'grace',
            for: 'carol',
            groups: ['compliance'],
            until: formatTime(world.now + 7_000),
          },
        ],
      }),
      () => ({
        ...body,
        coolDowns: { deviceSeconds: dice.one([0, 900]), destinationSeconds: 600 },
      }),
      () => ({
        ...body,
        governance: { ...body.governance, delaySeconds: dice.one([0, 300, 900]) },
      }),
      () => ({
        ...body,
        governance: {
          ...body.governance,
          clause: { from: 'governors', atLeast: dice.whole(1, 3), kinds: ['secp256k1', 'message'] },
        },
      }),
      () => ({
        ...body,
        sentinels: [
          {
            id: 'tower',
            key: toHex(ed25519.getPublicKey(sentinelKey)),
            freezeKey: toHex(xOnlyPointFromScalar(sentinelFreezeKey)),
          },
        ],
        sentinelsNeeded: dice.whole(0, 1),
      }),
    ])();
  }

  /** Gives people hardware wallets, of either kind, and has these confirm. */
  #enrol(): void {
    const { world } = this;
    const member = this.#dice.one(['alice', 'bob', 'carol']);
    const device = new MessageDevice(member);
    const added =
      this.#dice.in(2) && member === 'alice' ? [device.entry, coldcard(world)] : [device.entry];
    const document = nextVersion(world, 'charter', (body) =>
      withDevices(body, { [member]: added }),
    );
    publish(world, document);
    for (const by of governors) world.say(documentStatement(world, by, document));
    world.round();
    world.now += 901;
    world.round();
    const charter = newest(world, 'charter');
    sayByMessage(world, device, documentStatement(world, member, charter, 'confirm'));
    this.#devices.set(member, device);
  }

  #veto(): void {
    const { world } = this;
    const last = [...world.state.documents.values()].at(-1);
    if (last === undefined) return;
    const by = this.#dice.one(['governor-1', 'governor-2', 'alice']);
    this.#say(
      documentStatement(world, by, last.document, this.#dice.one(['veto', 'confirm'] as const)),
    );
  }

  #fact(): void {
    const { world } = this;
    const dice = this.#dice;
    const proposal = dice.one(this.#open);
    const at = formatTime(world.now);
    const txid = dice.one([
      proposal.txid,
      proposal.versions.at(-1)?.txid ?? proposal.txid,
      '00'.repeat(32),
    ]);
    const about = { at, proposal: proposal.digest, txid };
    const screening = (): Fact => ({
      fact: 'screening',
      at,
      proposal: proposal.digest,
      destinations: paidScripts(proposal.view.spend).map(({ output }) => ({
        output: dice.in(10) ? output + 1 : output,
        answer: dice.one(['clear', 'clear', 'clear', 'hold', 'deny'] as const),
        reference: null,
      })),
    });
    const alert = (): Fact => ({
      fact: 'alert',
      at,
      wallet: 'hot-1',
      txid: proposal.txid,
      transaction: proposal.statement.spend.transaction,
      outpoints: proposal.statement.spend.inputs.map(({ outpoint }) => outpoint),
      height: dice.one([null, 7]),
    });
    const fact = dice.one<() => Fact>([
      screening,
      screening,
      alert,
      () => ({ fact: 'broadcast', ...about }),
      () => ({ fact: 'broadcast', ...about }),
      () => ({ fact: 'confirmed', ...about, height: 7, block: '11'.repeat(32) }),
      () => ({ fact: 'settled', ...about }),
      () => ({ fact: 'unconfirmed', ...about }),
    ])();
    world.append(entryBytes({ type: 'fact', fact }));
  }

  #askAddress(): void {
    const { world } = this;
    const dice = this.#dice;
    const index = dice.in(5) ? dice.whole(0, 60) : this.#asked++;
    const request = dice.in(4) ? null : index.toString(16).padStart(64, '0');
    const fact: Fact = {
      fact: 'address-asked',
      at: formatTime(world.now),
      wallet: dice.in(8) ? 'hot-2' : 'hot-1',
      index,
      request,
    };
    world.append(entryBytes({ type: 'fact', fact }));
  }

  #bump(): void {
    const proposal = this.#dice.one(this.#open);
    bump(this.world, proposal, this.#dice.one([12, 20, 40, 60, 200]));
    if (this.#dice.in(2)) this.world.round();
  }

  #cancel(): void {
    const { world } = this;
    const signed = this.#open.find(({ digest }) => world.ledger.signed.has(digest));
    if (signed === undefined) return;
    const coins = signed.coins.map(({ parent, index }) => ({
      parent,
      branch: 0 as const,
      index,
      vout: 0 as const,
    }));
    const { statement, coins: claims } = world.draft({ pays: [], fee: 9_000, coins });
    this.#say({ ...statement, kind: 'cancel', cancels: signed.digest }, claims);
  }

  /** A "no" that reaches the signer by a sentinel, and a freeze of the sentinel itself. */
  #hear(): void {
    const { world } = this;
    const dice = this.#dice;
    const said = dice.one<() => Statement>([
      () =>
        world.approval(dice.one(['alice', 'carol']), dice.one(this.#open), {
          decision: dice.one(['reject', 'withdraw']),
        }),
      () => freezeStatement(world, 'officer'),
    ])();
    const entry = world.sign(said);
    if (entry.type !== 'statement' || said.type === 'proposal' || said.type === 'session') return;
    world.journal({
      record: 'heard',
      sentinel: 'tower',
      statement: said,
      signature: entry.signature,
    });
    if (dice.in(2)) {
      const freeze = { ...freezeStatement(world, 'sentinel'), device: 'tower' };
      world.append(
        entryBytes({ ...entry, statement: freeze, signature: signedBy(freeze, sentinelFreezeKey) }),
      );
    }
  }

  /** A receipt that the signer's key signed and that is wrong in one thing; it does not stand in the signer's journal. */
  #forgeReceipt(): void {
    const { world } = this;
    const dice = this.#dice;
    const [proposal] = this.#open;
    const digest = proposal?.digest ?? '00'.repeat(32);
    const records = [
      { record: 'sight', kind: 'approval', object: '11'.repeat(32) },
      { record: 'intent', proposal: digest },
      { record: 'release', proposal: digest, code: 'proposal.rejected' },
      { record: 'signed', proposal: digest, signatures: world.blob(canonicalBytes([])) },
      { record: 'lift', freeze: '22'.repeat(32) },
      { record: 'address', index: 0, address: world.wallet.wallet.address(0, 1) },
      { record: 'force', kind: 'policy', document: '33'.repeat(32), by: 'one' },
      { record: 'force', kind: 'charter', document: world.genesis, by: 'first' },
    ] as const;
    const receipt = world.receipt(dice.one(records));
    const made = dice.in(2) ? receipt : (spoiled(dice, receipt) as typeof receipt);
    const entry = world.receiptEntry(made);
    const forged = dice.in(4) ? { ...entry, signature: 'ab'.repeat(64) } : entry;
    // What takes effect is no forgery: it is the signer's own from then on.
    if (world.append(entryBytes(forged)) === 'applied') applyReceipt(world.ledger, made);
  }
}

function signedBy(statement: Statement, secretKey: Uint8Array): string {
  return toHex(signSchnorr(fromHex(statementDigest(statement)), secretKey));
}
