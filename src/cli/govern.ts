import type { Followed } from '../client/log-follower.ts';
import { frameOf } from '../client/statements.ts';
import { nameOf, renderStatement } from '../core/approval/render.ts';
import type { DocumentStatement } from '../core/approval/statement.ts';
import { assert } from '../core/base/assert.ts';
import { fromUtf8 } from '../core/base/bytes.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import { STATEMENT_SECONDS } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import { describeChange } from '../core/governance/describe-change.ts';
import { documentDigest } from '../core/governance/document.ts';
import type { Call, Output } from './command.ts';
import { consent } from './consent.ts';
import type { Desk } from './desk.ts';
import { documentJson, documentLines } from './document-standing.ts';
import type { Hand } from './hand.ts';
import { agree, signBy } from './hand.ts';
import { deliveryOf, failureOf, sayNo } from './say-no.ts';
import type { Version } from './version.ts';
import { effectLines } from './version.ts';

/** What a member's device, or a recovery key, says of a document. */
export interface Word {
  readonly decision: DocumentStatement['decision'];
  readonly firstAddress: string | null;
  readonly keyProof: DocumentStatement['keyProof'];
}

const plainWord = (decision: Word['decision']): Word => ({
  decision,
  firstAddress: null,
  keyProof: null,
});
export const approval = plainWord('approve');
export const veto = plainWord('veto');
export const confirmation = plainWord('confirm');

/** Shows what a version changes, asks, publishes it where the log has it not, and signs it in one go. */
export async function proposeVersion(
  call: Call,
  desk: Desk,
  { followed, version }: { readonly followed: Followed; readonly version: Version },
): Promise<Result<Output>> {
  const { state } = followed;
  const unsigned = call.has('unsigned');
  const device = await desk.device();
  if (!device.ok) return device;
  const hand: Hand = { by: 'key', device: device.value };
  const said = { followed, version, hand, word: approval };
  const statement = statementOf(call, said);
  const shown = unsigned
    ? [`PUBLISH ${nameOf(version.after)}, signed by nobody yet`, ...changeLines(version)]
    : renderStatement(statement, { proposal: null, document: version });
  const agreed = await consent(call, [...shown, ...effectLines(state, version, call.io.now())]);
  if (!agreed.ok) return agreed;
  const api = await desk.api();
  if (!api.ok) return api;
  const digest = documentDigest(version.after);
  if (!state.documents.has(digest)) {
    const text = fromUtf8(canonicalBytes(version.after));
    assert(text !== undefined, 'canonical JSON is UTF-8');
    const published = await api.value.publishDocument(text);
    if (!published.ok) return published;
  }
  if (unsigned) return outcome(call, desk, { digest, signed: null, followed, version });
  return send(call, desk, said);
}

function changeLines({ before, after }: Version): readonly string[] {
  return describeChange(before, after).map((line) => `  ${line}`);
}

/** Shows a document and what is said of it, asks, signs, sends, looks for it in the log. */
export async function sayOfDocument(
  call: Call,
  desk: Desk,
  said: Said & { readonly more?: readonly string[] },
): Promise<Result<Output>> {
  const { version, more = [] } = said;
  const statement = statementOf(call, said);
  const lines = renderStatement(statement, { proposal: null, document: version });
  const agreed = await agree(call, said.hand, [...lines, ...more]);
  return agreed.ok ? send(call, desk, said) : agreed;
}

interface Said {
  readonly followed: Followed;
  readonly version: Version;
  readonly hand: Hand;
  readonly word: Word;
}

function statementOf(
  call: Call,
  { followed: { state, log }, hand: { device }, version, word }: Said,
): DocumentStatement {
  return {
    type: 'document',
    ...frameOf({
      org: state.genesis,
      device,
      log,
      previous: null,
      now: call.io.now(),
      validSeconds: STATEMENT_SECONDS,
    }),
    document: documentDigest(version.after),
    ...word,
  };
}

async function send(call: Call, desk: Desk, said: Said): Promise<Result<Output>> {
  const { followed, version, hand } = said;
  const statement = statementOf(call, said);
  const beside = { reason: null, blobs: [] };
  const made = await signBy(call, desk, hand, { state: followed.state, statement, beside });
  if (!made.ok) return made;
  if (made.value.is === 'asked') return ok(made.value.output);
  const { signed } = made.value;
  const digest = documentDigest(version.after);
  const done = { digest, signed: signed.digest, followed, version };
  const post = async () => {
    const api = await desk.api();
    return api.ok ? api.value.signDocument(signed) : api;
  };
  if (said.word.decision === 'veto') {
    const delivery = await sayNo(desk, { state: followed.state, signed }, post);
    return failureOf(delivery) ?? outcome(call, desk, { ...done, how: deliveryOf(delivery) });
  }
  const sent = await post();
  return sent.ok ? outcome(call, desk, done) : sent;
}

async function outcome(
  call: Call,
  desk: Desk,
  done: {
    readonly digest: string;
    readonly signed: string | null;
    readonly followed: Followed;
    readonly version: Version;
    /** Of a veto, how it was delivered. */
    readonly how?: Required<Output>;
  },
): Promise<Result<Output>> {
  const { digest, signed, followed, version } = done;
  const how = done.how ?? (await shownBy(desk, digest, signed));
  const { state } = (await desk.lookAgain()) ?? followed;
  const record = state.documents.get(digest);
  const now = call.io.now();
  return ok({
    json: {
      document: digest,
      statement: signed,
      ...how.json,
      ...(record === undefined ? {} : documentJson(state, record, now)),
    },
    lines: [
      nameOf(version.after),
      `Digest ${digest}`,
      ...how.lines,
      ...(record === undefined ? [] : documentLines(state, record, now)),
    ],
    refusals: how.refusals,
  });
}

async function shownBy(
  desk: Desk,
  digest: string,
  signed: string | null,
): Promise<Required<Output>> {
  const delivered = await desk.stands(({ statements, documents }) =>
    signed === null ? documents.has(digest) : statements.has(signed),
  );
  const line = delivered
    ? 'It stands in the log, verified here.'
    : 'NOT DELIVERED: the log does not show it yet.';
  return { json: { delivered }, lines: [line], refusals: [] };
}
