import { signSchnorr } from 'tiny-secp256k1';
import type { DocumentStatement, FreezeStatement } from '../../src/core/approval/statement.ts';
import { statementDigest } from '../../src/core/approval/statement.ts';
import type { RefusalCode } from '../../src/core/base/codes.ts';
import { fromHex, toHex } from '../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../src/core/base/canonical.ts';
import { formatTime } from '../../src/core/base/time.ts';
import type {
  CountersignDocument,
  DocumentKind,
  DocumentOf,
} from '../../src/core/governance/document.ts';
import { documentDigest } from '../../src/core/governance/document.ts';
import { inForce } from '../../src/core/governance/in-force.ts';
import type { Standing } from '../../src/core/governance/steps.ts';
import { standingOf } from '../../src/core/governance/steps.ts';
import { entryBytes } from '../../src/core/log/entry.ts';
import type { PolicyBody } from '../../src/core/policy/body.ts';
import { parsePolicyYaml } from '../../src/core/policy/yaml.ts';
import { zoneOf } from '../../src/client/time-zone.ts';
import type { World } from './world.ts';

/** What governors do in a world: publish versions, sign and veto them, and see how they stand. */

type Outcome = RefusalCode | 'applied' | 'missing';

/** The body of a policy of the world's wallet. */
export function policyBody(text: string): PolicyBody {
  const parsed = parsePolicyYaml(text, zoneOf);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.refusal));
  return parsed.value;
}

/** The newest document of a kind; the wallet's own for wallet and policy. */
export function newest<K extends DocumentKind>(world: World, kind: K): DocumentOf<K> {
  const { state } = world;
  const record = {
    charter: state.charter,
    wallet: world.wallet.record,
    policy: state.policies.get('hot-1'),
    destinations: state.destinations,
  }[kind];
  if (!record) throw new Error(`no ${kind} is in force`);
  return record.document as DocumentOf<K>;
}

/** The next version of a document with another body. */
export function nextVersion<K extends DocumentKind>(
  world: World,
  kind: K,
  change: (body: DocumentOf<K>['body']) => DocumentOf<K>['body'],
): CountersignDocument {
  const before = newest(world, kind);
  return {
    ...before,
    org: world.genesis,
    version: before.version + 1,
    previous: documentDigest(before),
    body: change(structuredClone(before.body) as DocumentOf<K>['body']),
  };
}

/** Lays a document into the log. */
export function publish(world: World, document: CountersignDocument): Outcome {
  const bytes = canonicalBytes(document);
  return world.append(entryBytes({ type: 'document', document: world.blob(bytes) }));
}

export function documentStatement(
  world: World,
  member: string,
  document: CountersignDocument,
  decision: DocumentStatement['decision'] = 'approve',
): DocumentStatement {
  return {
    type: 'document',
    ...world.common(member),
    document: documentDigest(document),
    decision,
    firstAddress: null,
    keyProof: null,
  };
}

/** Governors sign a document, or veto or confirm it. Throws where one is not taken. */
export function sign(
  world: World,
  document: CountersignDocument,
  members: readonly string[],
  decision: DocumentStatement['decision'] = 'approve',
): void {
  for (const member of members) {
    const outcome = world.say(documentStatement(world, member, document, decision));
    if (outcome !== 'applied') throw new Error(`${member} was not taken: ${outcome}`);
  }
}

/** Publishes the next version and has it signed. */
export function change<K extends DocumentKind>(
  world: World,
  kind: K,
  by: readonly string[],
  body: (body: DocumentOf<K>['body']) => DocumentOf<K>['body'],
): CountersignDocument {
  const document = nextVersion(world, kind, body);
  const outcome = publish(world, document);
  if (outcome !== 'applied') throw new Error(`the document was not taken: ${outcome}`);
  sign(world, document, by);
  return document;
}

export const governors = ['governor-1', 'governor-2', 'governor-3'] as const;

/** How a document stands at the world's signer, or that it is in force. */
export function standing(
  world: World,
  document: CountersignDocument,
): Standing['stands'] | 'in force' | 'replaced' {
  const { state, ledger, now } = world;
  const digest = documentDigest(document);
  const history = ledger.forced[document.kind];
  const place = history.findIndex((one) => one.document === digest);
  if (place >= 0) return place === history.length - 1 ? 'in force' : 'replaced';
  const record = state.documents.get(digest);
  const force = inForce(state, ledger);
  if (record === undefined || force === null) throw new Error('the document stands in the log');
  return standingOf(state, ledger, { force, record, now }).stands;
}

/** By whose word a document is in force. */
export function forcedBy(world: World, document: CountersignDocument): string | undefined {
  const digest = documentDigest(document);
  return world.ledger.forced[document.kind].find((one) => one.document === digest)?.by;
}

/** A recovery key signs a document. */
export function recoverySign(
  world: World,
  document: CountersignDocument,
  key: { readonly id: string; readonly secretKey: Uint8Array },
): Outcome {
  const statement: DocumentStatement = {
    ...documentStatement(world, 'recovery', document),
    device: key.id,
  };
  const signature = toHex(signSchnorr(fromHex(statementDigest(statement)), key.secretKey));
  return world.append(entryBytes({ type: 'statement', statement, signature, coins: null }));
}

export function freezeStatement(
  world: World,
  member: string,
  over: Partial<FreezeStatement> = {},
): FreezeStatement {
  return {
    type: 'freeze',
    ...world.common(member),
    wallet: 'hot-1',
    action: 'freeze',
    lifts: [],
    reasonDigest: '00'.repeat(32),
    ...over,
  };
}

/** The signer's round now, then again after so many seconds. */
export function pass(world: World, seconds: number): void {
  world.round();
  world.now += seconds;
  world.round();
}

/** The time, as statements write it. */
export function timeIn(world: World, seconds: number): string {
  return formatTime(world.now + seconds);
}
