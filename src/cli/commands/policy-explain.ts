import { fromUtf8 } from '../../core/base/bytes.ts';
import { BLOB_BYTES } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { Seconds } from '../../core/base/time.ts';
import { parseTime } from '../../core/base/time.ts';
import { parseCharterFile } from '../../core/policy/charter-file.ts';
import { explainSpend } from '../../core/policy/explain.ts';
import type { Language } from '../../core/policy/explain-text.ts';
import { explanationLines, languages } from '../../core/policy/explain-text.ts';
import { parseSpendFile, spendCase } from '../../core/policy/spend-file.ts';
import type { Call, Run } from '../command.ts';
import { UsageError, required, word } from '../command.ts';
import { readInput } from '../files.ts';
import type { Io } from '../io.ts';
import { readPolicyFile } from '../policy-files.ts';

/** Deputies are those of the time that is asked about. */
export const run: Run = async (call) => {
  const { io } = call;
  const language = languageOf(call);
  const asked = timeOf(call);
  const policy = await readPolicyFile(io, word(call, 0));
  if (!policy.ok) return policy;
  const spendText = await readText(io, required(call, 'spend'));
  if (!spendText.ok) return spendText;
  const spend = parseSpendFile(spendText.value);
  if (!spend.ok) return spend;
  const now = asked ?? parseTime(spend.value.at ?? '') ?? io.now();
  const charterText = await readText(io, required(call, 'charter'));
  if (!charterText.ok) return charterText;
  const charter = parseCharterFile(charterText.value, {
    at: now,
    wallet: policy.value.wallet,
  });
  if (!charter.ok) return charter;
  const found = spendCase(spend.value, charter.value.members, now);
  if (!found.ok) return found;
  const explanation = explainSpend(policy.value, charter.value, found.value);
  return ok({
    json: { ...explanation },
    lines: explanationLines(explanation, language, policy.value),
    refusals: explanation.outcome === 'denied' ? explanation.refusals : [],
  });
};

function languageOf(call: Call): Language {
  const asked = call.text('lang') ?? 'en';
  const found = languages.find((language) => language === asked);
  if (found === undefined) throw new UsageError(`--lang takes ${languages.join(' or ')}`);
  return found;
}

function timeOf(call: Call): Seconds | undefined {
  const text = call.text('at');
  if (text === undefined) return undefined;
  const at = parseTime(text);
  if (at === undefined) throw new UsageError('--at takes a time such as 2027-01-15T08:00:00Z');
  return at;
}

async function readText(io: Io, name: string): Promise<Result<string>> {
  const text = fromUtf8(await readInput(io, name, BLOB_BYTES));
  return text === undefined ? refuse('file.syntax', { line: 1, reason: 'not UTF-8' }) : ok(text);
}
