import { expect, test } from '@jest/globals';
import { newestSigned } from '../../../../src/core/log/admit-version.ts';
import { assemble } from '../../../../src/core/log/assemble.ts';
import type { WorldOptions } from '../../../support/world.ts';
import { listedAddress, World } from '../../../support/world.ts';
import { passed } from '../../../support/psbt.ts';

type Body = (keys: Parameters<NonNullable<WorldOptions['wallet']>>[0]) => string;
const bodies: readonly (readonly [string, 'before' | 'after', Body])[] = [
  ['wpkh', 'before', ({ hot }) => `wpkh(${hot})`],
  ['sh-wpkh', 'before', ({ hot }) => `sh(wpkh(${hot}))`],
  ['sh-wsh', 'before', ({ hot, alice }) => `sh(wsh(multi(2,${alice},${hot})))`],
  ['tr', 'before', ({ hot }) => `tr(${hot})`],
  ['pkh', 'after', ({ hot }) => `pkh(${hot})`],
];

test.each(bodies)(
  'the txid of a spend from %s is known %s it is signed, and is that of the final transaction',
  (_, when, body) => {
    const world = new World({ wallet: (keys) => ({ body: body(keys), outside: [] }) });
    world.start();
    world.round();
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    const proposed = proposal.txid;
    for (const member of ['alice', 'bob', 'carol'])
      expect(world.approve(member, proposal)).toBe('applied');
    world.round();
    world.now += 60;
    world.round();
    const signed = newestSigned(world.state, proposal);
    if (signed === undefined) throw new Error('the proposal is signed');
    const signatures = world.store.get(signed.signatures) ?? new Uint8Array();
    const final = passed(assemble(world.state, proposal, signed, signatures));
    expect(world.proposal(proposal.digest).txid).toBe(final.txid);
    expect(proposed === final.txid).toBe(when === 'before');
  },
);
