import { describe, expect, test } from '@jest/globals';
import { standingJson, standingLines } from '../../../src/cli/standing.ts';
import { approveAll, proposed } from '../../support/world.ts';

describe('where a proposal stands', () => {
  test('is told with who may still approve, what the limits leave, and when it may be signed', () => {
    const { world, proposal } = proposed();
    const lines = () => standingLines(world.state, world.proposal(proposal.digest), world.now);
    expect(lines()).toEqual(
      expect.arrayContaining([
        'Stage: pending (policy.quorum.missing)',
        'Rule "all payments" still needs 2 of treasury. alice or bob may approve.',
        'Rule "all payments" still needs 1 of compliance. carol may approve.',
        'Limit "daily" (of the wallet in any 24 hours): 0.00000000 BTC (0 sat) spent, 0.00000000 BTC (0 sat) reserved, 2.00000000 BTC (200,000,000 sat) free of 2.00000000 BTC (200,000,000 sat).',
      ]),
    );
    approveAll({ world, proposal });
    expect(lines()[0]).toBe('Stage: pending (signer.pending)');
    expect(lines().filter((line) => line.includes('the signer has not seen it yet'))).toHaveLength(
      3,
    );
    world.round();
    world.round();
    const waiting = lines();
    expect(waiting[0]).toBe('Stage: waiting (policy.delay.waiting)');
    expect(waiting).toContain('The approvals that rule "all payments" asks for are complete.');
    const { notBefore } = standingJson(world.state, proposal, world.now);
    expect(waiting).toContain(`It is signed not before ${String(notBefore)}.`);
    world.now += 61;
    world.round();
    expect(lines()[0]).toBe('Stage: signed');
    expect(lines()).toContain(`Transaction ${proposal.txid}`);
  });
});
