import type { Refusal } from '../../core/base/result.ts';
import { ok } from '../../core/base/result.ts';
import type { PolicyBody } from '../../core/policy/body.ts';
import type { CharterFile } from '../../core/policy/charter-file.ts';
import type { Problem } from '../../core/policy/check.ts';
import { policyProblems } from '../../core/policy/check.ts';
import { allProblems } from '../../core/policy/problems.ts';
import { renderPolicy } from '../../core/policy/yaml.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { readCharterFile, readPolicyFile } from '../policy-files.ts';

/** Without a charter only what the policy alone tells is checked, and nothing is proven. */
export const run: Run = async (call) => {
  const { io } = call;
  const name = call.text('charter');
  const policy = await readPolicyFile(io, word(call, 0));
  const wallet = policy.ok ? policy.value.wallet : '';
  const charter = name === undefined ? ok(null) : await readCharterFile(io, name, wallet);
  if (!charter.ok) return charter;
  if (!policy.ok) {
    const problems = [unread(policy.refusal)];
    return ok({ json: { problems }, lines: [], refusals: [policy.refusal] });
  }
  const sentences = renderPolicy(policy.value);
  const problems = problemsOf(policy.value, charter.value);
  return ok({
    json: { problems, policy: policy.value, sentences },
    lines: [...sentences, ...resultLines(problems, policy.value, charter.value)],
    refusals: problems.map(({ code, where, example }) => ({ code, facts: { where, ...example } })),
  });
};

/** A file that is no policy has one problem: where its reader stopped. */
function unread({ code, facts }: Refusal): Problem {
  const { line, path } = facts;
  const at = typeof line === 'number' ? `line ${line}` : 'file';
  const where = typeof path === 'string' && path !== '' ? `${at}: ${path}` : at;
  return { code, where, example: facts };
}

function problemsOf(policy: PolicyBody, charter: CharterFile | null): readonly Problem[] {
  if (charter === null) return policyProblems(policy, null);
  const { members, initiators, governance, custody, wallet } = charter;
  const setting = { members, initiators, policy, book: null };
  return allProblems(
    { setting, governance, wallet, unseenSats: 0n },
    { members, initiators, governance: governance?.clause ?? null, custody, others: [] },
  );
}

function resultLines(
  problems: readonly Problem[],
  { assert }: PolicyBody,
  charter: CharterFile | null,
): readonly string[] {
  if (problems.length > 0)
    return [
      `It cannot be published: ${problems.length === 1 ? '1 problem' : `${problems.length} problems`}.`,
    ];
  if (charter === null)
    return ['Well-formed. Not checked against a charter; nothing that it asserts is proven.'];
  const proven = assert.length === 0 ? 'It asserts nothing.' : 'All that it asserts is proven.';
  return [`It can be published. ${proven}`];
}
