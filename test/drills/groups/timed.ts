import { setTimeout as pause } from 'node:timers/promises';
import { formatTime } from '../../../src/core/base/time.ts';
import type { CharterBody } from '../../../src/core/governance/document.ts';
import { xOnlyPointFromScalar } from 'tiny-secp256k1';
import { toHex, utf8 } from '../../../src/core/base/bytes.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import type { Device } from '../../../src/client/statements.ts';
import type { Drill } from '../drill.ts';
import { must } from '../drill.ts';
import type { Ground } from '../ground/ground.ts';
import { until } from '../ground/ground.ts';
import { payeeOf, policyText } from '../ground/organisation.ts';
import { refusedBy } from '../ground/refused.ts';
import { QUIET_MS } from '../ground/stage.ts';

/** Clocks that are turned, and devices that say they are old. */

const held = { none: 'what is missing is waited for' };
const TWO_HOURS = 7_200;

const turnedClocks: Drill = {
  id: 31,
  name: "the server's clock, then the signer's, moves forward",
  attacker: 'C4',
  ground: 'timed',
  wallets: [
    { id: 'd31', policy: policyText({ delay: '1h' }), cosigners: ['alice'] },
    { id: 'd31b', policy: policyText({ delay: '2s' }), cosigners: ['alice'] },
  ],
  async control(stage) {
    await stage.startSigner('d31b', { clock: 0 });
    await stage.pay({ wallet: 'd31b' });
    await stage.stopSigner('d31b');
  },
  async attack(stage) {
    const { ground } = stage;
    const signer = await stage.startSigner('d31', { clock: 0 });
    const proposal = await stage.propose(await stage.craft(undefined, payeeOf('thief')));
    await stage.approve(proposal);
    await stage.until('the delay runs', ({ ledgers }) =>
      ledgers.get('d31')?.reservations.has(proposal.digest) === true ? true : undefined,
    );
    ground.turnServer(TWO_HOURS);
    await pause(QUIET_MS);
    await turnBack(ground);
    await stage.quiet();
    await ground.turnSigner('d31', TWO_HOURS);
    await until('the signer does not believe its clock', () =>
      signer.said('signer.clock') ? true : undefined,
    );
    await stage.quiet();
    // Started anew on that clock, beside a server that shares it: the delay begins anew.
    ground.turnServer(TWO_HOURS);
    await signer.stop();
    const again = await stage.beginSigner('d31', { clock: TWO_HOURS });
    await again.ready();
    await pause(2 * QUIET_MS);
    await again.stop();
    await turnBack(ground);
    const journal = await stage.journalOf('d31');
    must(
      journal.startedAt !== null && journal.startedAt > stage.desk.clock() + 3_600,
      'it started',
    );
    stage.assertUnsigned(journal);
    await stage.sync();
    const api = await ground.api('operator');
    const code = refusedBy(await api.broadcast(proposal.digest), 'policy.delay.waiting');
    return { result: 'refused', code, receipt: held };
  },
};

/** The server reads its clock again ten times a second, when it is asked. */
async function turnBack(ground: Ground): Promise<void> {
  ground.turnServer(0);
  await pause(500);
}

const backdated: Drill = {
  id: 54,
  name: "a backdated device; the thief's wallet registered as own",
  attacker: 'C9',
  ground: 'cooled',
  wallets: [{ id: 'd54', policy: policyText() }],
  async control(stage) {
    await stage.startSigner();
    // The devices of the founding cool down from the signer's first sight, too.
    await stage.until('the policy is in force', ({ ledgers }) =>
      ledgers.get('d54')?.forced.policy.length === 1 ? true : undefined,
    );
    await stage.pay({ by: ['bob', 'carol'] });
  },
  async attack(stage) {
    const secretKey = sha256(utf8('drills/the phone of a thief'));
    const phone: Device = { member: 'bob', device: 'phone', secretKey };
    const key = toHex(xOnlyPointFromScalar(secretKey));
    const charter = stage.desk.next('charter', 'd54', (body: CharterBody) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === 'bob'
          ? {
              ...member,
              devices: [
                ...member.devices,
                { id: 'phone', kind: 'secp256k1' as const, key, suspended: false },
              ],
            }
          : member,
      ),
    }));
    await stage.publish(charter, ['governor-1', 'governor-2']);
    await stage.inForce(charter);
    const old = {
      issuedAt: formatTime(stage.desk.clock() - 10 * 86_400),
      expiresAt: formatTime(stage.desk.clock() + 86_400),
    };
    const blobs: readonly Uint8Array[] = [];
    const confirmed = stage.desk.onDocument('bob', charter, 'confirm', phone);
    const backdatedWord = stage.desk.sign(
      { ...confirmed.statement, ...old },
      { device: phone, blobs, text: null },
    );
    const [taken] = await stage.ground.lay([backdatedWord.entry]);
    must(taken === 'numbered', `it confirms itself: ${taken ?? ''}`);
    await stage.sync();
    const proposal = await stage.propose(await stage.craft(undefined, payeeOf('thief')));
    const { statement } = stage.desk.approval('bob', proposal);
    const said = stage.desk.sign(
      { ...statement, ...old, device: 'phone' },
      { device: phone, blobs, text: null },
    );
    const [outcome] = await stage.ground.lay([said.entry]);
    must(outcome === 'numbered', `it is well formed: ${outcome ?? ''}`);
    await stage.approve(proposal, ['carol']);
    await stage.quiet();
    const api = await stage.ground.api('operator');
    const code = refusedBy(await api.broadcast(proposal.digest), 'policy.quorum.missing');
    return { result: 'refused', code, receipt: held };
  },
};

export const timed: readonly Drill[] = [turnedClocks, backdated];
