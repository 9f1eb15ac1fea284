import { expect, test } from '@jest/globals';
import { refusalOf } from '../../../../src/server/http/problem.filter.ts';
import { Unavailable } from '../../../../src/server/http/unavailable.ts';

test('a log that cannot be written is a refusal that can be tried again, not a fault', () => {
  expect(refusalOf(new Unavailable('the log is being read'))?.code).toBe('log.unavailable');
});

test('what nobody foresaw is a fault, however it dresses', () => {
  expect(refusalOf(new Error('boom'))).toBeUndefined();
  expect(refusalOf({ statusCode: 400 })).toBeUndefined();
  expect(refusalOf(Object.assign(new Error('boom'), { statusCode: 400 }))).toBeUndefined();
});
