import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { unreachable } from '../../core/base/assert.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { currentDocuments } from '../../core/governance/current.ts';
import type { State, WalletRecord } from '../../core/log/state.ts';
import { renderPolicy } from '../../core/policy/yaml.ts';
import { writePolicy } from '../../core/wallet/formats/bip388.ts';
import { writeDescriptorRecord } from '../../core/wallet/formats/bsms.ts';
import { writeColdcard } from '../../core/wallet/formats/coldcard.ts';
import type { WalletFormat } from '../../core/wallet/formats/read-file.ts';
import { walletFormats } from '../../core/wallet/formats/read-file.ts';
import { writeRegistration } from '../../core/wallet/formats/registration.ts';
import type { Run } from '../command.ts';
import { Fault, UsageError, required, word } from '../command.ts';
import { Desk } from '../desk.ts';

/** A wallet of the log, as other wallets read it. */
export const run: Run = async (call) => {
  const id = word(call, 0);
  const named = required(call, 'format');
  const format = walletFormats.find((one) => one === named);
  if (format === undefined) throw new UsageError(`--format is one of ${walletFormats.join(', ')}`);
  const out = call.text('out');
  const path = out === undefined ? null : resolve(call.io.folder, out);
  if (path !== null && existsSync(path))
    throw new Fault(`${path} is there already: name another file`);
  const followed = await new Desk(call).follow();
  if (!followed.ok) return followed;
  const { state } = followed.value;
  const record = state.wallets.get(id);
  if (record === undefined) return refuse('wallet.unknown', { wallet: id });
  const written = write(state, record, format);
  if (!written.ok) return written;
  const text = written.value;
  if (path !== null) await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  return ok({
    json: { wallet: id, format, text, ...(path === null ? {} : { file: path }) },
    lines:
      path === null
        ? text.trimEnd().split('\n')
        : [`Written: ${path}. It tells every address of the wallet: keep it.`],
  });
};

function write(state: State, record: WalletRecord, format: WalletFormat): Result<string> {
  const { id, wallet } = record;
  switch (format) {
    case 'descriptor':
      return ok(`${wallet.descriptor}\n`);
    case 'bip388':
      return writePolicy(wallet, id);
    case 'bsms':
      return ok(writeDescriptorRecord(wallet));
    case 'coldcard':
      return writeColdcard(wallet, id);
    case 'registration': {
      const policy = currentDocuments(state, id)?.policy ?? null;
      const sentences = policy === null ? [] : renderPolicy(policy.document.body);
      return ok(writeRegistration(wallet, { name: id, holders: holdersOf(record), sentences }));
    }
    default:
      return unreachable(format);
  }
}

/** Who holds each key, in the order of the descriptor. */
function holdersOf({ wallet, body, hotKeyIndex }: WalletRecord): readonly string[] {
  return wallet.keys.map(({ xpub }, at) => {
    const holder = body.holders.find(({ key }) => key === xpub);
    return at === hotKeyIndex ? 'the signer' : (holder?.member ?? 'nobody');
  });
}
