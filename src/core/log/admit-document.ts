import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { assert } from '../base/assert.ts';
import { checkCharter, checkCharterNetwork } from '../governance/charter.ts';
import type { CountersignDocument, DocumentOf, WalletBody } from '../governance/document.ts';
import { documentDigest, parseDocument } from '../governance/document.ts';
import { checkPolicy } from '../policy/check.ts';
import type { AnalysedMember } from '../policy/analyse/setting.ts';
import { genesisBlock, scriptOfAddress } from '../wallet/network.ts';
import { toHex } from '../base/bytes.ts';
import { parseXpub } from '../wallet/descriptor.ts';
import { hotKeyInEveryPath, keyIndexOfXpub, parseWallet } from '../wallet/wallet.ts';
import type { BlobSource, DocumentRecord, State } from './state.ts';

/**
 * Documents enter the log before they are signed; they come in force when the governance clauses are met
 * (admit-statement.ts). What a document says is checked when it enters, and again at each governor's approval,
 * because it is held against documents in force alone: anybody may write an unsigned one, so that none of them may
 * stand in another's way.
 */

type Effect = (index: number) => void;

/** Codes: those of parseDocument, `document.*`, `charter.*`, `wallet.*`, `policy.*`, `destinations.invalid`. */
export function admitDocument(
  state: State,
  entry: { readonly document: string },
  blobs: BlobSource,
): Result<Effect> {
  const bytes = blobs(entry.document);
  assert(bytes !== undefined, 'the blobs of an entry are there');
  const parsed = parseDocument(bytes);
  if (!parsed.ok) return parsed;
  const document = parsed.value;
  const digest = documentDigest(document);
  if (state.documents.has(digest)) return refuse('document.duplicate', { document: digest });
  if (document.version !== 1)
    return refuse('document.change.unsupported', { kind: document.kind, id: document.id });
  const checked = checkDocument(state, document, digest);
  if (!checked.ok) return checked;
  return ok((index) => {
    const record = { digest, document, index, approvedBy: new Set<string>(), authorisedAt: null };
    state.documents.set(digest, record);
    if (document.kind !== 'charter') return;
    for (const member of document.body.members)
      state.members.set(member.id, { member, confirmed: new Set() });
  });
}

/** Whether a document can come in force beside those that are. Codes: those of {@link admitDocument} after its form. */
export function checkDocument(
  state: State,
  document: CountersignDocument,
  digest: string,
): Result<null> {
  const placed = checkPlace(state, document, digest);
  return placed.ok ? checkBody(state, document) : placed;
}

/** Documents in force, this one excepted where it is one of them. */
function inForce(
  state: State,
  except: CountersignDocument | null = null,
): readonly DocumentRecord[] {
  return [...state.documents.values()].filter(
    ({ document, authorisedAt }) => authorisedAt !== null && document !== except,
  );
}

function checkPlace(state: State, document: CountersignDocument, digest: string): Result<null> {
  if (document.kind === 'charter')
    return digest === state.genesis
      ? ok(null)
      : refuse('document.genesis.mismatch', { document: digest, genesis: state.genesis });
  if (document.org !== state.genesis) return refuse('document.organisation', { document: digest });
  if (state.charter === null) return refuse('document.unauthorised', { document: state.genesis });
  for (const other of inForce(state, document))
    if (other.document.kind === document.kind && other.document.id === document.id)
      return refuse('document.forked', { document: digest, other: other.digest });
  return ok(null);
}

function checkBody(state: State, document: CountersignDocument): Result<null> {
  switch (document.kind) {
    case 'charter':
      return checkCharter(document.body);
    case 'wallet':
      return checkWallet(state, document);
    case 'policy':
      return checkWalletPolicy(state, document);
    case 'destinations':
      return checkDestinations(state, document);
  }
}

function checkWallet(state: State, { id, body }: DocumentOf<'wallet'>): Result<null> {
  const charter = state.charter?.document.body;
  assert(charter !== undefined, 'a wallet comes after the charter');
  if (body.custody) return refuse('wallet.custody.unsupported', { wallet: id });
  if (body.outside.length > 0) return refuse('wallet.outside.unsupported', { wallet: id });
  const network = checkCharterNetwork(charter, body.network);
  if (!network.ok) return network;
  if (body.genesisBlock !== genesisBlock(body.network))
    return refuse('wallet.network', { wallet: id, network: body.network });
  if (!charter.signers.some((signer) => signer.wallet === id))
    return refuse('wallet.signer.missing', { wallet: id });
  const parsed = parseWallet(body.descriptor, body.network);
  if (!parsed.ok) return parsed;
  const wallet = parsed.value;
  const claimed = [body.hotKey, ...body.holders.map((holder) => holder.key)].sort();
  const present = wallet.keys.map((key) => key.xpub).sort();
  if (claimed.join() !== present.join()) return refuse('wallet.holders', { wallet: id });
  const strangers = body.holders.filter((holder) => !state.members.has(holder.member));
  if (strangers.length > 0)
    return refuse('wallet.holders', { wallet: id, members: strangers.map((h) => h.member) });
  if (!hotKeyInEveryPath(wallet, body.hotKey)) return refuse('wallet.hotkey', { wallet: id });
  return checkFreshKeys(state, body);
}

function checkFreshKeys(state: State, body: WalletBody): Result<null> {
  const mine = keyIdentities(body);
  for (const { document } of inForce(state)) {
    if (document.kind !== 'wallet' || document.body === body) continue;
    if (keyIdentities(document.body).some((key) => mine.includes(key)))
      return refuse('charter.key.reused', { wallet: document.id });
  }
  return ok(null);
}

/** Public key and chain code of each key: the same key in another network's letters is the same key. */
function keyIdentities(body: WalletBody): readonly string[] {
  return [body.hotKey, ...body.holders.map((holder) => holder.key)].map((xpub) => {
    const node = parseXpub(xpub, body.network);
    assert(node !== null, 'a key of a parsed descriptor');
    return toHex(node.publicKey) + toHex(node.chainCode);
  });
}

function checkWalletPolicy(state: State, { id, body }: DocumentOf<'policy'>): Result<null> {
  if (body.wallet !== id)
    return refuse('policy.wallet.mismatch', { policy: id, wallet: body.wallet });
  if (!knows(state, 'wallet', id)) return refuse('wallet.unknown', { wallet: id });
  const members: AnalysedMember[] = [...state.members.values()].map(({ member }) => ({
    id: member.id,
    groups: member.groups,
    kinds: [...new Set(member.devices.map((device) => device.kind))],
    operators: member.operators,
  }));
  const charter = state.charter?.document.body;
  assert(charter !== undefined, 'a policy comes after the charter');
  return checkPolicy(body, {
    members,
    initiators: charter.initiators,
    governance: charter.governance.clause,
    custody: [...state.documents.values()].some(
      ({ document }) => document.kind === 'wallet' && document.id === id && document.body.custody,
    ),
    others: [...state.policies.values()].map(({ document }) => document.body),
  });
}

function checkDestinations(state: State, book: DocumentOf<'destinations'>): Result<null> {
  const { body } = book;
  for (const { document } of inForce(state, book))
    if (document.kind === 'destinations')
      return refuse('destinations.invalid', { reason: 'one address book an organisation' });
  const [network] = [...state.wallets.values()].map((wallet) => wallet.body.network);
  if (network === undefined)
    return refuse('destinations.invalid', { reason: 'publish a wallet before its address book' });
  const ids = new Set<string>();
  const scripts = new Set<string>();
  for (const { id, script, address } of body.entries) {
    if (ids.has(id)) return refuse('destinations.invalid', { reason: 'an id twice', id });
    if (scripts.has(script))
      return refuse('destinations.invalid', { reason: 'a script twice', id });
    ids.add(id);
    scripts.add(script);
    const decoded = scriptOfAddress(address, network);
    if (!decoded.ok) return decoded;
    if (toHex(decoded.value) !== script)
      return refuse('destinations.invalid', { reason: 'address and script differ', id });
  }
  return ok(null);
}

function knows(state: State, kind: CountersignDocument['kind'], id: string): boolean {
  return [...state.documents.values()].some(
    ({ document }) => document.kind === kind && document.id === id,
  );
}

/** Brings a document in force whose governance clauses are met. Requires that it entered the log. */
export function bringInForce(state: State, record: DocumentRecord, index: number): void {
  record.authorisedAt = index;
  const { document } = record;
  switch (document.kind) {
    case 'charter':
      state.charter = record as DocumentRecord<DocumentOf<'charter'>>;
      return;
    case 'policy':
      state.policies.set(document.id, record as DocumentRecord<DocumentOf<'policy'>>);
      return;
    case 'destinations':
      state.destinations = record as DocumentRecord<DocumentOf<'destinations'>>;
      return;
    case 'wallet': {
      const parsed = parseWallet(document.body.descriptor, document.body.network);
      assert(parsed.ok, 'a wallet document is checked when it enters');
      const hotKeyIndex = keyIndexOfXpub(parsed.value, document.body.hotKey);
      assert(hotKeyIndex !== null, 'the hot key stands in the descriptor');
      state.wallets.set(document.id, {
        id: document.id,
        record: record as DocumentRecord<DocumentOf<'wallet'>>,
        body: document.body,
        wallet: parsed.value,
        hotKeyIndex,
        confirmedBy: new Set(),
      });
    }
  }
}
