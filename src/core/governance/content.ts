import { assert } from '../base/assert.ts';
import { toHex } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { State } from '../log/state.ts';
import { checkPolicy } from '../policy/check.ts';
import type { PolicyBody } from '../policy/body.ts';
import { parseXpub } from '../wallet/key-expression.ts';
import { genesisBlock, scriptOfAddress } from '../wallet/network.ts';
import { parseWallet } from '../wallet/wallet.ts';
import { checkAssertions } from './assertions.ts';
import { checkMovedKeys } from './change.ts';
import { checkCharter, checkCharterNetwork, lastingMembers, memberOf } from './charter.ts';
import type {
  CharterBody,
  CountersignDocument,
  DestinationsBody,
  DocumentOf,
  WalletBody,
} from './document.ts';
import type { KnownWallet } from './distinct-keys.ts';
import { checkDistinctKeys } from './distinct-keys.ts';
import { checkOutside, holdersOutside, shownWallet } from './outside.ts';

/**
 * Whether a document can stand beside a charter (for a charter: by itself, and with the policies there are). Asked when
 * it enters the log, at each signature, and again when it comes in force, by what is in force then.
 * Codes: `charter.*`, `wallet.*`, `policy.*`, `destinations.invalid`, `address.*`, those of parseWallet.
 */
export function checkContent(
  state: State,
  charter: CharterBody | null,
  document: CountersignDocument,
): Result<null> {
  if (document.kind === 'charter') return checkCharterContent(state, document.body);
  if (charter === null) return refuse('document.unauthorised', { document: state.genesis });
  switch (document.kind) {
    case 'wallet':
      return checkWallet(state, charter, document);
    case 'policy':
      return checkWalletPolicy(state, charter, document);
    case 'destinations':
      return checkDestinations(state, document.body);
  }
}

/** A charter also leaves every wallet its network's rules, its key holders and a policy that can be satisfied. */
function checkCharterContent(state: State, charter: CharterBody): Result<null> {
  const itself = checkCharter(charter);
  if (!itself.ok) return itself;
  const keys = checkDistinctKeys(charter, [...state.wallets.values()]);
  if (!keys.ok) return keys;
  for (const { document, headAt } of state.documents.values()) {
    if (document.kind !== 'charter' || headAt === null) continue;
    const moved = checkMovedKeys(document.body, charter);
    if (!moved.ok) return moved;
  }
  for (const { id, body } of state.wallets.values()) {
    const network = checkCharterNetwork(charter, body.network);
    if (!network.ok) return network;
    const guarded = checkCustody(charter, id, body);
    if (!guarded.ok) return guarded;
    const holders = checkHolders(charter, id, body);
    if (!holders.ok) return holders;
    const policy = state.policies.get(id);
    const still =
      policy === undefined ? ok(null) : checkForm(state, { charter, policy: policy.document.body });
    if (!still.ok) return still;
  }
  // Last, for they take long: nobody has them done and is refused for something else.
  for (const { document } of state.policies.values()) {
    const outside = walletBodies(state, document.id).flatMap(holdersOutside);
    const proven = checkAssertions(charter, document.body, outside);
    if (!proven.ok) return proven;
  }
  return ok(null);
}

/** A wallet that keeps the money of others is watched from outside its server. */
function checkCustody(
  charter: CharterBody,
  wallet: string,
  { custody }: Pick<WalletBody, 'custody'>,
): Result<null> {
  return custody && charter.sentinelsNeeded === 0
    ? refuse('wallet.custody.sentinel', { wallet })
    : ok(null);
}

function checkWallet(
  state: State,
  charter: CharterBody,
  { id, body }: DocumentOf<'wallet'>,
): Result<null> {
  const guarded = checkCustody(charter, id, body);
  if (!guarded.ok) return guarded;
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
  const holders = checkHolders(charter, id, body);
  if (!holders.ok) return holders;
  const outside = checkOutside(wallet, body);
  if (!outside.ok) return outside;
  const fresh = checkFreshKeys(state, charter, { id, body, wallet });
  const policy = state.policies.get(id);
  // Other holders of the keys that spend without the hot key may make an assertion false.
  return fresh.ok && policy !== undefined && body.outside.length > 0
    ? checkPolicyBy(state, { charter, policy: policy.document.body, wallets: [body] })
    : fresh;
}

function checkHolders(charter: CharterBody, id: string, { holders }: WalletBody): Result<null> {
  const strangers = holders.filter(({ member }) => memberOf(charter, member) === undefined);
  return strangers.length === 0
    ? ok(null)
    : refuse('wallet.holders', { wallet: id, members: strangers.map(({ member }) => member) });
}

/** Neither another wallet nor a device has one of its keys, save that of a holder who signs it on a wallet device. */
function checkFreshKeys(
  state: State,
  charter: CharterBody,
  made: KnownWallet & { readonly body: WalletBody },
): Result<null> {
  const mine = keyIdentities(made.body);
  for (const other of state.wallets.values())
    if (other.id !== made.id && keyIdentities(other.body).some((key) => mine.includes(key)))
      return refuse('charter.key.reused', { wallet: other.id });
  return checkDistinctKeys(charter, [made]);
}

/** Public key and chain code of each key: the same key in another network's letters is the same key. */
function keyIdentities(body: WalletBody): readonly string[] {
  return [body.hotKey, ...body.holders.map((holder) => holder.key)].map((xpub) => {
    const node = parseXpub(xpub, body.network);
    assert(node !== null, 'a key of a parsed descriptor');
    return toHex(node.publicKey) + toHex(node.chainCode);
  });
}

function checkWalletPolicy(
  state: State,
  charter: CharterBody,
  { id, body }: DocumentOf<'policy'>,
): Result<null> {
  if (body.wallet !== id)
    return refuse('policy.wallet.mismatch', { policy: id, wallet: body.wallet });
  return walletBodies(state, id).length > 0
    ? checkPolicyBy(state, { charter, policy: body })
    : refuse('wallet.unknown', { wallet: id });
}

/** The body in force of a wallet; before the first is, those that may come in force. */
function walletBodies(state: State, id: string): readonly WalletBody[] {
  const current = state.wallets.get(id);
  if (current !== undefined) return [current.body];
  return [...state.documents.values()].flatMap(({ document }) =>
    document.kind === 'wallet' && document.id === id ? [document.body] : [],
  );
}

interface Beside {
  readonly charter: CharterBody;
  readonly policy: PolicyBody;
  /** Of the policy: those that are, or may come, in force unless others are given. */
  readonly wallets?: readonly WalletBody[];
}

/** Deputies are left out: a policy must be satisfiable by those who stay. */
function checkForm(state: State, { charter, policy, wallets }: Beside): Result<null> {
  const bodies = wallets ?? walletBodies(state, policy.wallet);
  return checkPolicy(policy, {
    members: lastingMembers(charter, shownWallet(policy.wallet, bodies)),
    initiators: charter.initiators,
    governance: charter.governance.clause,
    custody: bodies.some(({ custody }) => custody),
    others: [...state.policies.values()].map(({ document }) => document.body),
  });
}

function checkPolicyBy(state: State, beside: Beside): Result<null> {
  const { charter, policy, wallets = walletBodies(state, policy.wallet) } = beside;
  const formed = checkForm(state, beside);
  return formed.ok ? checkAssertions(charter, policy, wallets.flatMap(holdersOutside)) : formed;
}

function checkDestinations(state: State, body: DestinationsBody): Result<null> {
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
