import { ok, refuse } from '../../core/base/result.ts';
import { headOf } from '../../core/log/admit-document.ts';
import { policyYaml } from '../../core/policy/write-yaml.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { Desk } from '../desk.ts';
import { placeOf } from '../document-place.ts';

/** The newest body, as a file to be edited and proposed again. */
export const run: Run = async (call) => {
  const named = placeOf(call, word(call, 0));
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const head = headOf(followed.value.state, named);
  if (head === null) return refuse('document.unknown', { kind: named.kind, id: named.id });
  const { kind, id, version, body } = head.document;
  return ok({
    json: { document: head.digest, kind, id, version, body },
    lines:
      kind === 'policy'
        ? policyYaml(body).trimEnd().split('\n')
        : JSON.stringify(body, null, 2).split('\n'),
  });
};
