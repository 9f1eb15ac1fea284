import { ok } from '../../core/base/result.ts';
import { compare } from '../../core/policy/analyse/compare.ts';
import { comparisonReport } from '../../core/policy/analyse/report.ts';
import { comparisonText } from '../../core/policy/analyse/report-text.ts';
import type { Run } from '../command.ts';
import { required, word } from '../command.ts';
import { readBookFile, readCharterFile, readPolicyFile } from '../policy-files.ts';

/** Without an address book any payment may be to anybody in it: what is told easier or harder is so for some book. */
export const run: Run = async (call) => {
  const { io } = call;
  const charterName = required(call, 'charter');
  const before = await readPolicyFile(io, word(call, 0));
  if (!before.ok) return before;
  const charter = await readCharterFile(io, charterName, before.value.wallet);
  if (!charter.ok) return charter;
  const after = await readPolicyFile(io, word(call, 1));
  if (!after.ok) return after;
  const name = call.text('address-book');
  const book = name === undefined ? ok(null) : await readBookFile(io, name);
  if (!book.ok) return book;
  const { members, initiators } = charter.value;
  const setting = { members, initiators, book: book.value };
  io.say('Comparing every case that the two policies tell apart …');
  const found = compare({ ...setting, policy: before.value }, { ...setting, policy: after.value });
  if (!found.ok) return found;
  const report = comparisonReport(found.value);
  return ok({ json: { ...report }, lines: comparisonText(report) });
};
