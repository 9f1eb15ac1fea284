import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { descriptorOfPolicy, policyOf } from '../../src/core/wallet/formats/bip388.ts';
import { parseWallet } from '../../src/core/wallet/wallet.ts';
import { codeOf, passed } from '../support/psbt.ts';
import { describeShared, readShared } from '../support/shared.ts';

const shape = z.object({
  valid: z
    .array(
      z.object({
        name: z.string(),
        template: z.string(),
        keys: z.array(z.string()).min(1),
        descriptor: z.string(),
      }),
    )
    .length(9),
  invalid: z.array(z.object({ template: z.string(), why: z.string() })).length(9),
});

describeShared('the vectors of BIP 388', (folder) => {
  const { valid, invalid } = readShared(folder, 'vectors/bip388.json', shape);
  const isMusig = ({ template }: { readonly template: string }): boolean =>
    template.includes('musig(');
  // A key that stands in two places of the tree: a policy, and no wallet of ours.
  const isRepeated = ({ template }: { readonly template: string }): boolean =>
    template.includes('<2;3>');

  test.each(valid.filter((one) => !isMusig(one)))('valid: $name', (vector) => {
    expect(passed(descriptorOfPolicy(vector))).toBe(vector.descriptor);
  });

  test.each(valid.filter((one) => !isMusig(one) && !isRepeated(one)))(
    'there and back: $name',
    ({ template, keys, descriptor }) => {
      const wallet = parseWallet(descriptor, 'mainnet', { checksum: 'optional' });
      expect(passed(policyOf(passed(wallet)))).toEqual({ template, keys });
    },
  );

  test('what no wallet of ours has is refused by name', () => {
    const codes = valid.map((vector) => {
      const body = descriptorOfPolicy(vector);
      return body.ok
        ? codeOf(parseWallet(body.value, 'mainnet', { checksum: 'optional' }))
        : body.refusal.code;
    });
    expect(codes.filter((code) => code !== 'passed').sort()).toEqual([
      'wallet.descriptor.unsupported',
      'wallet.multipath',
    ]);
  });

  const codes: Readonly<Record<string, string>> = {
    'Key placeholder with no path following it': 'wallet.template.malformed',
    'Key placeholder with an explicit path present': 'wallet.template.malformed',
    'Key placeholders out of order': 'wallet.template.order',
    'Skipped key placeholder @1': 'wallet.template.order',
    'Repeated keys with the same path expression': 'wallet.template.repeated',
    'Non-disjoint multipath expressions (@0/1/* appears twice)': 'wallet.template.repeated',
    'Expression with a non-KP key present': 'wallet.template.malformed',
    'Allowed cardinality > 2': 'wallet.template.malformed',
    'Derivation before aggregation is not allowed in wallet policies (despite being allowed in BIP-390)':
      'wallet.descriptor.unsupported',
  };
  const keys = valid.flatMap((vector) => vector.keys);
  test.each(invalid)('invalid: $why', ({ template, why }) => {
    const highest = Math.max(...Array.from(template.matchAll(/@([0-9])/g), ([, at]) => Number(at)));
    for (const count of [highest, highest + 1, highest + 2].filter((count) => count > 0)) {
      const refused = codeOf(descriptorOfPolicy({ template, keys: keys.slice(0, count) }));
      if (count === highest + 1) expect(refused).toBe(codes[why]);
      else expect(refused).toMatch(/^wallet\./);
    }
  });
});
