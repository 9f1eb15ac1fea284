import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { fromBase64 } from '../../src/core/base/bytes.ts';
import { verifyConsistency, verifyInclusion } from '../../src/core/log/merkle.ts';
import { describeShared, readShared } from '../support/shared.ts';

const bytes = z.base64().transform((text) => {
  const decoded = fromBase64(text);
  if (decoded === undefined) throw new Error('the vectors hold canonical base64');
  return decoded;
});
const common = {
  name: z.string(),
  desc: z.string(),
  wantErr: z.boolean(),
  proof: z
    .array(bytes)
    .nullable()
    .transform((proof) => proof ?? []),
};
const inclusion = z.strictObject({
  ...common,
  kind: z.literal('inclusion'),
  leafIdx: z.number(),
  treeSize: z.number(),
  leafHash: bytes,
  root: bytes,
});
const consistency = z.strictObject({
  ...common,
  kind: z.literal('consistency'),
  size1: z.number(),
  size2: z.number(),
  root1: bytes,
  root2: bytes,
});
const file = z.object({
  vectors: z.array(z.discriminatedUnion('kind', [inclusion, consistency])),
});
type Vector = z.infer<typeof file>['vectors'][number];

function verify(vector: Vector): string {
  const { proof } = vector;
  const verdict =
    vector.kind === 'inclusion'
      ? verifyInclusion({
          leaf: vector.leafHash,
          index: vector.leafIdx,
          size: vector.treeSize,
          root: vector.root,
          proof,
        })
      : verifyConsistency({
          oldSize: vector.size1,
          oldRoot: vector.root1,
          size: vector.size2,
          root: vector.root2,
          proof,
        });
  return verdict.ok ? 'ok' : verdict.refusal.code;
}

describeShared('RFC 6962 proofs of transparency-dev/merkle', (folder) => {
  const { vectors } = readShared(folder, 'vectors/rfc6962-proofs.json', file);

  test('the file holds 196 proofs', () => {
    expect(vectors).toHaveLength(196);
  });

  test.each(vectors)('$kind $name', (vector) => {
    expect(verify(vector)).toBe(vector.wantErr ? 'log.proof.invalid' : 'ok');
  });
});
