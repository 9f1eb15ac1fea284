import { expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { policyJsonSchema } from '../../../../src/core/policy/yaml-form.ts';

const path = resolve(import.meta.dirname, '../../../../policies/policy.schema.json');

test('policies/policy.schema.json is what the parser generates (UPDATE=1 writes it)', () => {
  const text = `${JSON.stringify(policyJsonSchema(), null, 2)}\n`;
  if (process.env['UPDATE'] === '1') writeFileSync(path, text);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(text));
});
