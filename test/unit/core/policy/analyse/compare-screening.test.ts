import { describe, expect, test } from '@jest/globals';
import { comparisonReport } from '../../../../../src/core/policy/analyse/report.ts';
import { comparisonText } from '../../../../../src/core/policy/analyse/report-text.ts';
import { aLeaf, aSetting, becomes, compared } from '../../../../support/comparing.ts';
import { aLimit, aRule } from '../../../../support/policy-builder.ts';

const required = { screening: 'required' as const };
const own = { rules: [aRule('own coins', { payments: 'none' })] };
const two = {
  rules: [
    {
      ...aRule('payments'),
      require: { approvals: aLeaf('treasury', 2), delaySeconds: 0 },
    },
  ],
};

describe('screening', () => {
  becomes([
    ['required', {}, required, 'tightens'],
    ['required no more', required, {}, 'loosens'],
    ['required as before', required, required, 'same'],
    ['required where nothing is paid', own, { ...own, ...required }, 'same'],
    ['required of a policy that allows nothing', { rules: [] }, { rules: [], ...required }, 'same'],
    ['required in place of an approval', two, required, 'both'],
    ['given up for a limit', required, { limits: [aLimit({ most: 5 })] }, 'both'],
    [
      'required beside a limit that is raised',
      { limits: [aLimit({ most: 5 })] },
      { limits: [aLimit({ most: 6 })], ...required },
      'both',
    ],
  ]);

  test('is told with a payment about which the service has not answered', () => {
    const { easier } = compared(aSetting(required), aSetting());
    expect(easier).toMatchObject([
      { screening: 'unanswered', because: { code: 'screening.unanswered' } },
    ]);
  });

  test('stands as cleared in examples that are about something else, and in none where nobody asks', () => {
    const raised = [aSetting({ limits: [aLimit({ most: 5 })], ...required }), aSetting(required)];
    const [before = aSetting(), after = aSetting()] = raised;
    expect(compared(before, after).easier).toMatchObject([
      { screening: 'clear', because: { code: 'policy.limit.exceeded' } },
    ]);
    expect(compared(aSetting({ limits: [aLimit({ most: 5 })] }), aSetting()).easier).toMatchObject([
      { screening: null },
    ]);
  });

  test('is said in words', () => {
    const text = (from: object, to: object) =>
      comparisonText(comparisonReport(compared(aSetting(from), aSetting(to)))).join('\n');
    const loosened = text(required, {});
    expect(loosened).toContain('with no answer of the screening service');
    expect(loosened).toContain('The old policy refuses it: screening.unanswered');
    expect(text({ limits: [aLimit({ most: 5 })], ...required }, required)).toContain(
      'cleared by the screening service',
    );
  });
});
