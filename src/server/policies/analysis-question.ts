import type { Result } from '../../core/base/result.ts';
import { ok } from '../../core/base/result.ts';
import type { Seconds } from '../../core/base/time.ts';
import { parsePackageLine } from '../../core/log/package.ts';
import { replay } from '../../core/log/replay.ts';
import type { BlastInput } from '../../core/policy/analyse/blast-radius.ts';
import { blastRadius } from '../../core/policy/analyse/blast-radius.ts';
import { compare } from '../../core/policy/analyse/compare.ts';
import type { BlastReport, ComparisonReport } from '../../core/policy/analyse/report.ts';
import { blastReport, comparisonReport } from '../../core/policy/analyse/report.ts';
import type { Setting } from '../../core/policy/analyse/setting.ts';
import type { PolicyBody } from '../../core/policy/body.ts';
import type { Place, Problem } from '../../core/policy/check.ts';
import type { Explanation } from '../../core/policy/explain.ts';
import { explainSpend } from '../../core/policy/explain.ts';
import { PolicyWitness } from '../../core/policy/replay-policy.ts';
import type { ReplayReport } from '../../core/policy/replay-report.ts';
import { replayReport } from '../../core/policy/replay-report.ts';
import type { SpendFile } from '../../core/policy/spend-file.ts';
import { spendCase } from '../../core/policy/spend-file.ts';
import { allProblems } from '../../core/policy/problems.ts';

/** What is asked of analyses and what they answer: plain data, so that it goes to another thread and back. */
export interface Answers {
  readonly check: { readonly problems: readonly Problem[] };
  readonly explain: Explanation;
  readonly diff: ComparisonReport;
  readonly 'blast-radius': BlastReport;
  readonly replay: ReplayReport;
}
export type Kind = keyof Answers;

export type Question =
  | { readonly kind: 'check'; readonly input: BlastInput; readonly place: Place }
  | {
      readonly kind: 'explain';
      readonly policy: PolicyBody;
      readonly place: Pick<Place, 'members' | 'initiators'>;
      readonly spend: SpendFile;
      readonly now: Seconds;
    }
  | { readonly kind: 'diff'; readonly before: Setting; readonly after: Setting }
  | {
      readonly kind: 'blast-radius';
      readonly input: BlastInput;
      readonly windowSeconds: number;
      readonly upTo: number;
    }
  | {
      readonly kind: 'replay';
      readonly genesis: string;
      readonly policy: PolicyBody;
      /** Of a package, in its order. */
      readonly lines: readonly string[];
    };

/** Answers a question. Takes seconds at worst: for a thread of its own. Codes: those of each analysis. */
export function answer(question: Question): Result<Answers[Kind]> {
  switch (question.kind) {
    case 'check':
      return ok({ problems: allProblems(question.input, question.place) });
    case 'explain': {
      const { policy, place, spend, now } = question;
      const found = spendCase(spend, place.members, now);
      return found.ok ? ok(explainSpend(policy, place, found.value)) : found;
    }
    case 'diff': {
      const found = compare(question.before, question.after);
      return found.ok ? ok(comparisonReport(found.value)) : found;
    }
    case 'blast-radius': {
      const { input, windowSeconds, upTo } = question;
      const rows = blastRadius(input, windowSeconds, upTo);
      return rows.ok ? ok(blastReport(windowSeconds, rows.value)) : rows;
    }
    case 'replay':
      return replayPackage(question);
  }
}

/** Every form, hash and signature is checked once more: what the fold took and what it skipped is found again. */
function replayPackage({
  genesis,
  policy,
  lines,
}: Extract<Question, { kind: 'replay' }>): Result<ReplayReport> {
  const leaves: Uint8Array[] = [];
  const blobs = new Map<string, Uint8Array>();
  for (const text of lines) {
    const line = parsePackageLine(text.trimEnd());
    if (!line.ok) return line;
    if (line.value.type === 'entry') leaves.push(line.value.bytes);
    else if (line.value.type === 'blob') blobs.set(line.value.sha256, line.value.bytes);
  }
  const witness = new PolicyWitness(policy);
  const at = (index: number) => leaves[index] ?? new Uint8Array();
  const found = replay(genesis, leaves.length, at, { witness, blobs: (name) => blobs.get(name) });
  if ('code' in found) return { ok: false, refusal: found };
  return ok(replayReport(witness.finish(found.state)));
}
