import { renderWallet } from '../../core/approval/render.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { DocumentRecord, State } from '../../core/log/state.ts';
import { AccountSigner } from '../../keys/account-key.ts';
import type { Call, Run } from '../command.ts';
import { Desk } from '../desk.ts';
import { findDocument } from '../find-document.ts';
import type { Word } from '../govern.ts';
import { confirmation, sayOfDocument } from '../govern.ts';
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
  const device = await desk.device();
  if (!device.ok) return device;
  const word = wordOf(state, found.value, device.value);
  if (!word.ok) return word;
  const wallet =
    word.value.firstAddress === null ? undefined : state.wallets.get(found.value.document.id);
  return sayOfDocument(call, desk, {
    followed: followed.value,
    version: versionOf(state, found.value),
    device: device.value,
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

function wordOf(
  state: State,
  { digest, document }: DocumentRecord,
  device: UnlockedDevice,
): Result<Word> {
  if (document.kind !== 'wallet') return ok(confirmation);
  const wallet = state.wallets.get(document.id);
  if (wallet === undefined) return refuse('document.unauthorised', { document: digest });
  const lacking = () =>
    refuse('approval.signatures.missing', { member: device.member, wallet: document.id });
  if (device.cosigner === null) return lacking();
  const signer = new AccountSigner(device.cosigner, document.body.network);
  const holds = document.body.holders.some(
    ({ member, key }) => member === device.member && key === signer.xpub,
  );
  if (!holds) return lacking();
  const firstAddress = wallet.wallet.address(0, 0);
  const keyProof = signer.proveKey(state.genesis, digest, firstAddress);
  return ok({ decision: 'confirm', firstAddress, keyProof });
}
