import { keyProofLine } from '../../core/approval/message-line.ts';
import { renderWallet } from '../../core/approval/render.ts';
import { keyProofDigest, verifyKeyProof } from '../../core/approval/verify.ts';
import { toHex } from '../../core/base/bytes.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { DocumentRecord, State, WalletRecord } from '../../core/log/state.ts';
import type { WalletKey } from '../../core/wallet/wallet.ts';
import { AccountSigner } from '../../keys/account-key.ts';
import type { Call, Run } from '../command.ts';
import { Desk } from '../desk.ts';
import { findDocument } from '../find-document.ts';
import type { Word } from '../govern.ts';
import { confirmation, sayOfDocument } from '../govern.ts';
import { handOf, readSignature } from '../hand.ts';
import type { UnlockedDevice } from '../unlock.ts';
import { versionOf } from '../version.ts';

/** A new device confirms its entry in the charter; a key holder confirms a wallet with his descriptor key. */
export const run: Run = async (call) => {
  const desk = new Desk(call);
  const followed = await desk.follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const found = documentOf(call, state);
  if (!found.ok) return found;
  const { document } = found.value;
  const named = document.kind === 'charter' ? document.body : undefined;
  const hand = await handOf(call, desk, [state.charter?.document.body, named]);
  if (!hand.ok) return hand;
  const takesKey = document.kind === 'wallet' && !call.has('proof');
  const { member } = hand.value.device;
  const key = takesKey ? await desk.device() : ok({ member, cosigner: null });
  if (!key.ok) return key;
  const word = await wordOf(call, state, found.value, key.value);
  if (!word.ok) return word;
  const wallet = word.value.firstAddress === null ? undefined : state.wallets.get(document.id);
  return sayOfDocument(call, desk, {
    followed: followed.value,
    version: versionOf(state, found.value),
    hand: hand.value,
    word: word.value,
    more: wallet === undefined ? [] : renderWallet(state, wallet),
  });
};

/** The one named, else the charter. */
function documentOf(call: Call, state: State): Result<DocumentRecord> {
  const [named] = call.words;
  if (named !== undefined) return findDocument(state, named);
  return state.charter === null
    ? refuse('document.unknown', { kind: 'charter' })
    : ok(state.charter);
}

async function wordOf(
  call: Call,
  state: State,
  { digest, document }: DocumentRecord,
  device: Pick<UnlockedDevice, 'member' | 'cosigner'>,
): Promise<Result<Word>> {
  if (document.kind !== 'wallet') return ok(confirmation);
  const wallet = state.wallets.get(document.id);
  if (wallet === undefined) return refuse('document.unauthorised', { document: digest });
  const held = document.body.holders.flatMap(({ member, key }) =>
    member === device.member ? [key] : [],
  );
  const firstAddress = wallet.wallet.address(0, 0);
  const confirmed = (keyProof: Word['keyProof']) =>
    ok<Word>({ decision: 'confirm', firstAddress, keyProof });
  const signer =
    device.cosigner === null ? null : new AccountSigner(device.cosigner, document.body.network);
  if (signer !== null && held.includes(signer.xpub))
    return confirmed(signer.proveKey(state.genesis, digest, firstAddress));
  const proof = await proofByDevice(call, { org: state.genesis, document: digest, wallet }, held);
  return proof.ok ? confirmed(proof.value) : proof;
}

/**
 * The proof of a key that a wallet device holds: what --proof brings. Without it the line is told that the device has to
 * sign. Codes: `approval.signatures.missing`, `document.confirmation.invalid`, those of keyProofLine.
 */
async function proofByDevice(
  call: Call,
  about: { readonly org: string; readonly document: string; readonly wallet: WalletRecord },
  held: readonly string[],
): Promise<Result<NonNullable<Word['keyProof']>>> {
  const { org, document, wallet } = about;
  const firstAddress = wallet.wallet.address(0, 0);
  const keys = wallet.wallet.keys.flatMap((key, at) =>
    held.includes(key.xpub) ? [{ key, proof: toHex(wallet.wallet.keyAt(at, 0, 0)) }] : [],
  );
  if (!call.has('proof')) {
    const digest = toHex(keyProofDigest(org, document, firstAddress));
    const line = keyProofLine(wallet.id, firstAddress, digest);
    if (!line.ok) return line;
    for (const told of keys.length === 0 ? [] : askedLines(line.value, keys)) call.io.say(told);
    return refuse('approval.signatures.missing', { wallet: wallet.id });
  }
  const signature = await readSignature(call, 'proof');
  const known = { org, document, wallet: wallet.id, firstAddress };
  const found = keys.find(({ proof }) => verifyKeyProof({ key: proof, signature }, known));
  return found === undefined
    ? refuse('document.confirmation.invalid', { wallet: wallet.id, reason: 'signature' })
    : ok({ key: found.proof, signature });
}

function askedLines(
  line: string,
  keys: readonly { readonly key: WalletKey; readonly proof: string }[],
): readonly string[] {
  return [
    'Your key file does not hold your key of this wallet. Have the wallet device sign this line as a message:',
    '',
    line,
    '',
    ...keys.map(({ key: { fingerprint, originPath }, proof }) =>
      originPath === null
        ? `by its key ${proof}`
        : `by the key at m/${originPath}/0/0 of seed ${fingerprint ?? ''}`,
    ),
    'Then run this command again with --proof FILE (- for input).',
  ];
}
