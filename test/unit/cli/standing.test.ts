import { describe, expect, test } from '@jest/globals';
import { standingJson, standingLines } from '../../../src/cli/standing.ts';
import { formatTime } from '../../../src/core/base/time.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
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

  test('is told with what the screening service says, also of what is signed', () => {
    const made = proposed();
    const { world, proposal } = made;
    const lines = () => standingLines(world.state, proposal, world.now).join('\n');
    const answer = (said: 'hold' | 'clear' | 'deny', reference: string | null) => {
      const destinations = [{ output: 0, answer: said, reference }];
      const at = formatTime(world.now);
      const fact = { fact: 'screening', at, proposal: proposal.digest, destinations } as const;
      expect(world.append(entryBytes({ type: 'fact', fact }))).toBe('applied');
    };
    expect(lines()).not.toMatch(/screening/);
    approveAll(made);
    world.round();
    answer('hold', 'case-17');
    expect(lines()).toContain('Stage: pending (screening.held)');
    expect(lines()).toContain('By the screening service the spend is held since');
    expect(lines()).toContain('Output 0 is held as case case-17.');
    answer('clear', null);
    world.now += 61;
    world.round();
    expect(lines()).toContain('Stage: signed');
    expect(lines()).toContain('Output 0 is cleared.');
    expect(lines()).not.toContain('ALERT');
    answer('deny', 'case-18');
    expect(lines()).toContain('Output 0 is denied as case case-18.');
    expect(lines()).toContain('ALERT: it is signed and not broadcast (screening.denied).');
    const { digest, txid } = proposal;
    const sent = { fact: 'broadcast', at: formatTime(world.now), proposal: digest, txid } as const;
    expect(world.append(entryBytes({ type: 'fact', fact: sent }))).toBe('applied');
    expect(lines()).not.toContain('ALERT');
  });
});
