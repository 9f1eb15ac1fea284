import { emptyLog } from '../../../src/client/statements.ts';
import { apiOf, openSession } from '../../../src/client/session.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { passed } from '../../support/psbt.ts';
import type { Drill } from '../drill.ts';
import { must } from '../drill.ts';
import type { Said } from '../ground/desk.ts';
import { imaginedCoin } from '../ground/desk.ts';
import { payeeOf, policyText } from '../ground/organisation.ts';
import type { Stage } from '../ground/stage.ts';
import { refusedBy } from '../ground/refused.ts';

/** Many at once: approvals that race, and small spends that together are large. */

const held = { none: 'what is missing is waited for' };
const CROWD = 100;
const AT_ONCE = 500;

export const crowd: readonly { readonly id: string; readonly groups: readonly string[] }[] =
  Array.from({ length: CROWD }, (_, at) => ({ id: `member-${String(at)}`, groups: ['crowd'] }));

const racing: Drill = {
  id: 23,
  name: '100 approvals race: one signature, one broadcast',
  attacker: 'C6',
  ground: 'crowded',
  wallets: [
    {
      id: 'd23',
      policy: policyText({
        rules: `
  - name: all payments
    when: {}
    require: { approvals: { from: crowd, atLeast: 3 } }`,
      }),
    },
  ],
  async control(stage) {
    await stage.startSigner();
    await stage.pay({ by: crowd.slice(0, 3).map(({ id }) => id) });
  },
  async attack(stage) {
    const proposal = await stage.propose(await stage.craft());
    stage.allow(proposal);
    const outcomes = await Promise.all(crowd.map(({ id }) => approveAtOnce(stage, id, proposal)));
    must(
      outcomes.every((code) => ['applied', 'proposal.signed'].includes(code)),
      `each is taken or late: ${[...new Set(outcomes)].join()}`,
    );
    await stage.broadcast(proposal);
    const { leaves } = await stage.ground.copyLog();
    const texts = leaves.map((leaf) => Buffer.from(leaf).toString());
    const count = (...words: readonly string[]): number =>
      texts.filter((text) => words.every((word) => text.includes(word))).length;
    must(count('"record":"signed"', proposal.digest) === 1, 'one signature');
    must(count('"fact":"broadcast"', proposal.digest) === 1, 'one broadcast');
    await stage.sync();
    const late = stage.desk.approval('member-0', stage.proposal(proposal.digest), {
      previous: stage.proposal(proposal.digest).last.get('member-0') ?? null,
    });
    const code = refusedBy(await stage.post(late), 'proposal.signed');
    return { result: 'stopped', code, receipt: { none: 'it is signed, once' } };
  },
};

async function approveAtOnce(
  { ground, desk }: Stage,
  member: string,
  proposal: ProposalRecord,
): Promise<string> {
  const device = ground.device(member);
  const { signed } = desk.approval(member, proposal);
  const now = desk.clock();
  const { genesis: org } = ground.organisation;
  const opened = passed(await openSession({ server: ground.url, org, device, log: emptyLog, now }));
  const sent = await apiOf(ground.url, opened.key).approve(signed, { blobs: [], reason: null });
  return sent.ok ? 'applied' : sent.refusal.code;
}

/** Proposals of coins that nobody ever had: no signer looks at the chain, so its budget is what counts. */
async function flood(
  stage: Stage,
  wallet: string,
  given: { readonly count: number; readonly satsOf: (at: number) => number; readonly by: string },
): Promise<readonly string[]> {
  const record = stage.desk.wallet(wallet);
  const proposals = Array.from({ length: given.count }, (_, at) => {
    const sats = given.satsOf(at);
    const coins = [imaginedCoin(record, at + 1, sats + 2_000)];
    return stage.desk.proposal(
      stage.desk.craft(wallet, { coins, pays: [[payeeOf(`payee-${String(at)}`), sats]] }),
    );
  });
  await layAll(stage, proposals);
  await stage.sync();
  const digests = proposals.map(({ signed }) => signed.digest);
  await layAll(
    stage,
    digests.map((digest) => stage.desk.approval(given.by, stage.proposal(digest))),
  );
  await stage.sync();
  return digests;
}

async function layAll({ ground }: Stage, said: readonly Said[]): Promise<void> {
  for (let from = 0; from < said.length; from += AT_ONCE) {
    const some = said.slice(from, from + AT_ONCE);
    const outcomes = await ground.lay(
      some.map(({ entry }) => entry),
      some.flatMap(({ blobs }) => blobs),
    );
    must(
      outcomes.every((outcome) => outcome === 'numbered'),
      `all are well formed: ${outcomes.join()}`,
    );
  }
}

/** Waits until the signer has worked off what it read, and returns what holds its budget. */
async function reserved(stage: Stage, wallet: string): Promise<readonly string[]> {
  let last = -1;
  let since = performance.now();
  return stage.until('the signer has judged all', ({ ledgers }) => {
    const { position = 0, reservations } = ledgers.get(wallet) ?? {};
    if (position !== last) since = performance.now();
    last = position;
    const isDone = (reservations?.size ?? 0) > 0 && performance.now() - since > 3_000;
    return isDone ? [...(reservations?.keys() ?? [])] : undefined;
  });
}

const one = (group: string, when = '{}'): string => `
  - name: ${group}
    when: ${when}
    require: { approvals: { from: ${group}, atLeast: 1 }, delay: 1h }`;

const SMALL = 100_000;
const smalls: Drill = {
  id: 28,
  name: '1,000 small spends in parallel',
  attacker: 'C5',
  ground: 'crowded',
  wallets: [
    {
      id: 'd28',
      policy: policyText({
        limits: `[{ name: daily, amount: ${String(SMALL)} sat, per: 24h }]`,
        rules: one('compliance'),
      }),
    },
    { id: 'd28b', policy: policyText() },
  ],
  async control(stage) {
    await stage.startSigner('d28b');
    await stage.pay({ wallet: 'd28b' });
    await stage.stopSigner('d28b');
  },
  async attack(stage) {
    await stage.startSigner('d28');
    const satsOf = (at: number): number => 1_000 + (at % 7);
    const digests = await flood(stage, 'd28', { count: 1_000, satsOf, by: 'carol' });
    const holds = new Set(await reserved(stage, 'd28'));
    const sum = [...holds].reduce(
      (total, digest) => total + Number(stage.proposal(digest).view.amountSats),
      0,
    );
    must(sum <= SMALL && sum > SMALL - 1_000, `the window holds to the satoshi: ${String(sum)}`);
    const over = digests.find((digest) => !holds.has(digest)) ?? '';
    const api = await stage.ground.api('operator');
    const code = refusedBy(await api.broadcast(over), 'policy.limit.exceeded');
    return { result: 'refused', code, receipt: held };
  },
};

const TIER = 400_000;
const tiered: Drill = {
  id: 59,
  name: 'forty spends under the tier',
  attacker: 'C5',
  ground: 'crowded',
  wallets: [
    {
      id: 'd59',
      policy: policyText({
        rules: `${one('compliance', `{ amount: { atMost: ${String(TIER)} sat, per: 24h } }`)}
  - name: large
    when: { amount: { above: ${String(TIER)} sat, per: 24h } }
    require: { approvals: { all: [{ from: treasury, atLeast: 1 }, { from: compliance, atLeast: 1 }] } }`,
      }),
    },
    { id: 'd59b', policy: policyText() },
  ],
  async control(stage) {
    await stage.startSigner('d59b');
    await stage.pay({ wallet: 'd59b' });
    await stage.stopSigner('d59b');
  },
  async attack(stage) {
    await stage.startSigner('d59');
    const digests = await flood(stage, 'd59', { count: 40, satsOf: () => 20_000, by: 'carol' });
    const holds = new Set(await reserved(stage, 'd59'));
    must(holds.size === 20, `twenty fit below the tier: ${String(holds.size)}`);
    const over = digests.find((digest) => !holds.has(digest)) ?? '';
    const api = await stage.ground.api('operator');
    const code = refusedBy(await api.broadcast(over), 'policy.quorum.missing');
    return { result: 'refused', code, receipt: held };
  },
};

export const crowded: readonly Drill[] = [racing, smalls, tiered];
