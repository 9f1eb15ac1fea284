import { nameOf } from '../../core/approval/render.ts';
import { ok } from '../../core/base/result.ts';
import { describeChange } from '../../core/governance/describe-change.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';
import { documentJson, documentLines } from '../document-standing.ts';
import { findDocument } from '../find-document.ts';
import { effectLines, versionOf } from '../version.ts';

export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const found = findDocument(state, word(call, 0));
  if (!found.ok) return found;
  const record = found.value;
  const version = versionOf(state, record);
  const changes = describeChange(version.before, version.after);
  const now = call.io.now();
  return ok({
    json: { ...documentJson(state, record, now), changes, body: record.document.body },
    lines: [
      nameOf(record.document),
      `Digest ${record.digest}`,
      version.before === null ? 'It says:' : 'What it changes:',
      ...changes.map((line) => `  ${line}`),
      ...(record.headAt === null ? effectLines(state, version, now) : []),
      ...documentLines(state, record, now),
    ],
  });
};
