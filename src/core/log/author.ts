import { messageLine } from '../approval/message-line.ts';
import type { Statement } from '../approval/statement.ts';
import { statementDigest } from '../approval/statement.ts';
import type { SignatureCheck } from '../approval/verify.ts';
import { toHex } from '../base/bytes.ts';
import { STATEMENT_SECONDS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { parseTime } from '../base/time.ts';
import { memberOf, RECOVERY, SENTINEL } from '../governance/charter.ts';
import { fitsKind, signsStatement } from '../governance/devices.ts';
import type { CharterBody, CharterDevice, CharterMember } from '../governance/document.ts';
import { chartersFor } from './hearing.ts';
import type { State } from './state.ts';

/** Who made a statement: a member by one of his devices, recovery keys, a sentinel. */

/** A statement whose signature, member and device are established. */
export interface Signed<S extends Statement> {
  readonly statement: S;
  readonly digest: string;
  /** As the newest charter that names him says. */
  readonly member: CharterMember;
  readonly device: CharterDevice;
  /** False when the checkpoint that the device last verified is not of this log. */
  readonly sameLog: boolean;
}

/**
 * Establishes who made a statement: organisation, member, device, times, signature. What the statement says is
 * not looked at. Also used for session statements, which stand in the access log.
 */
export function authenticate(
  state: State,
  entry: { readonly statement: Statement; readonly signature: string },
  verify: SignatureCheck,
): Result<Signed<Statement>> {
  const { statement } = entry;
  if (statement.org !== state.genesis)
    return refuse('statement.organisation', { org: statement.org, genesis: state.genesis });
  const authors = authorsOf(state, statement);
  if (!authors.ok) return authors;
  const times = checkTimes(statement);
  if (!times.ok) return times;
  const digest = statementDigest(statement);
  if (state.statements.has(digest)) return refuse('statement.duplicate', { statement: digest });
  const signed = authorBy(state, { ...entry, digest }, authors.value, verify);
  if (!signed.ok) return signed;
  const author = signed.value;
  const sameLog = isOfThisLog(state, statement.log);
  return ok({ statement, digest, ...author, sameLog });
}

type Author = Pick<Signed<Statement>, 'member' | 'device'>;

/** The first of those who may have made a statement whose device did: of a kind that makes such statements, and signatures. */
function authorBy(
  state: State,
  entry: { readonly statement: Statement; readonly signature: string; readonly digest: string },
  authors: readonly Author[],
  verify: SignatureCheck,
): Result<Author> {
  const { statement, signature, digest } = entry;
  const facts = { member: statement.member, device: statement.device };
  const able = authors.filter(({ device }) => signsStatement(device.kind, statement.type));
  if (able.length === 0) return refuse('device.kind.statement', facts);
  const alike = able.filter(({ device }) => fitsKind(device.kind, signature));
  if (alike.length === 0) return refuse('statement.signature.form', facts);
  for (const author of alike) {
    const said = signedText(state, { statement, digest }, author.device);
    if (!said.ok) return said;
    if (verify(author.device.key, said.value, signature)) return ok(author);
  }
  return refuse('statement.signature', facts);
}

/** What a device signs of a statement, as {@link SignatureCheck} takes it: its digest, or the line of a `message` device. */
export function signedText(
  state: State,
  { statement, digest }: { readonly statement: Statement; readonly digest: string },
  { kind }: Pick<CharterDevice, 'kind'>,
): Result<string> {
  return kind === 'message' ? messageLine(state, statement) : ok(digest);
}

/** Who may have made a statement, by every charter that it is taken by: one for each key, the newest charter's first. */
function authorsOf(state: State, statement: Statement): Result<readonly Author[]> {
  const { member: id, device: name } = statement;
  const members = [...chartersFor(state, statement)].flatMap(
    (charter) => authorIn(charter, statement) ?? [],
  );
  if (members.length === 0) return refuse('member.unknown', { member: id });
  const authors = new Map<string, Author>();
  for (const member of members) {
    const device = member.devices.find((one) => one.id === name);
    if (device !== undefined && !authors.has(device.key))
      authors.set(device.key, { member, device });
  }
  return authors.size === 0
    ? refuse('device.unknown', { member: id, device: name })
    : ok([...authors.values()]);
}

/** A member, or the keys of no member: recovery keys sign documents and nothing else, sentinels freezes and nothing else. */
function authorIn(charter: CharterBody, statement: Statement): CharterMember | undefined {
  const { member, type } = statement;
  if (member === RECOVERY && type === 'document' && statement.decision === 'approve')
    return ownerless(RECOVERY, charter.recovery?.keys ?? []);
  if (member === SENTINEL && type === 'freeze' && statement.action === 'freeze')
    return ownerless(
      SENTINEL,
      charter.sentinels.map(({ id, freezeKey }) => ({ id, key: freezeKey })),
    );
  return memberOf(charter, member);
}

function ownerless(
  id: string,
  keys: readonly { readonly id: string; readonly key: string }[],
): CharterMember {
  const devices = keys.map((key) => ({ ...key, kind: 'secp256k1' as const, suspended: false }));
  return { id, groups: [], devices, operators: null, suspended: false };
}

function checkTimes(statement: Statement): Result<null> {
  const issued = parseTime(statement.issuedAt);
  const expires = parseTime(statement.expiresAt);
  const fits =
    issued !== undefined &&
    expires !== undefined &&
    issued < expires &&
    expires - issued <= STATEMENT_SECONDS;
  return fits
    ? ok(null)
    : refuse('statement.time', { issuedAt: statement.issuedAt, expiresAt: statement.expiresAt });
}

/** Whether a named checkpoint is a prefix of the log folded so far. */
export function isOfThisLog(
  state: State,
  log: { readonly size: number; readonly root: string },
): boolean {
  return log.size <= state.tree.size && toHex(state.tree.rootAt(log.size)) === log.root;
}
