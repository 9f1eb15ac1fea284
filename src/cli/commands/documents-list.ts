import { nameOf } from '../../core/approval/render.ts';
import { ok } from '../../core/base/result.ts';
import type { DocumentKind } from '../../core/governance/document.ts';
import { documentKinds } from '../../core/governance/document.ts';
import type { Call, Run } from '../command.ts';
import { UsageError } from '../command.ts';
import { Desk } from '../desk.ts';
import { documentJson, standingWord } from '../document-standing.ts';

/** How a document stands at a signer that has done with it. */
const over = new Set(['replaced', 'stale', 'vetoed']);

export const run: Run = async (call) => {
  const kind = kindOf(call);
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const now = call.io.now();
  const found = [...state.documents.values()]
    .filter(({ document }) => kind === undefined || document.kind === kind)
    .map((record) => ({ record, json: documentJson(state, record, now) }))
    .filter(
      ({ json }) => call.has('all') || !json.standings.every(({ stands }) => over.has(stands)),
    );
  return ok({
    json: { documents: found.map(({ json }) => json) },
    lines: found.map(
      ({ record }) =>
        `${record.digest.slice(0, 12)}  ${nameOf(record.document)}  ${standingWord(state, record, now)}`,
    ),
  });
};

function kindOf(call: Call): DocumentKind | undefined {
  const named = call.text('kind');
  const kind = documentKinds.find((one) => one === named);
  if (named !== undefined && kind === undefined)
    throw new UsageError(`--kind takes one of ${documentKinds.join(', ')}`);
  return kind;
}
