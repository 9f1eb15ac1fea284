import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { assert } from '../../core/base/assert.ts';
import { ok } from '../../core/base/result.ts';
import { addressesBlocked, addressesOf } from '../../core/log/addresses.ts';
import { formatAttestation } from '../../core/log/attestation.ts';
import { parseEntry } from '../../core/log/entry.ts';
import { createLedger } from '../../core/log/ledger.ts';
import type { State, WalletRecord } from '../../core/log/state.ts';
import type { Run } from '../command.ts';
import { Fault, UsageError, word } from '../command.ts';
import { Desk } from '../desk.ts';
import { addressJson, addressLines, findAttested } from '../receive-address.ts';

/** Shows an attested address, by the log alone, and writes its attestation out for others to verify. */
export const run: Run = async (call) => {
  const id = word(call, 0);
  const text = word(call, 1);
  if (!/^(0|[1-9][0-9]{0,6})$/.test(text))
    throw new UsageError('INDEX is a whole number from 0 on');
  const desk = new Desk(call);
  const at = await desk.atWallet(id);
  if (!at.ok) return at;
  const { followed, wallet } = at.value;
  const { state } = followed;
  const found = findAttested(state, wallet, Number(text));
  if (!found.ok) return found;
  const name = call.text('file');
  const file = name === undefined ? null : resolve(call.io.folder, name);
  const { signer, entry } = found.value.attested;
  if (file !== null) writeNew(file, attestationOf(desk.leaf(entry)));
  const blocked = addressesBlocked(state, state.ledgers.get(id) ?? createLedger(), wallet);
  return ok({
    json: { ...addressJson(found.value), blocked: blocked?.code ?? null, file },
    lines: [
      ...addressLines(found.value, null),
      ...cautions(state, wallet, { index: Number(text), isBlocked: blocked !== null }),
      ...(file === null
        ? []
        : [
            `Written: ${file}`,
            `Check it anywhere: countersign addresses verify ${file} --key ${signer}`,
            'Whoever checks it must know the key from another channel than the file.',
          ]),
    ],
  });
};

/** Why it should be given to nobody although it was attested. */
function cautions(
  state: State,
  { id }: WalletRecord,
  { index, isBlocked }: { readonly index: number; readonly isBlocked: boolean },
): readonly string[] {
  return [
    ...(isBlocked
      ? [`WARNING: ${id} takes no deposits now (countersign wallets show ${id}): let nobody pay.`]
      : []),
    ...(addressesOf(state, id).get(index)?.request === null
      ? ['NOTE: the server stepped over it, for it may have been used before.']
      : []),
  ];
}

function attestationOf(leaf: Uint8Array): string {
  const entry = parseEntry(leaf);
  assert(
    entry.ok && entry.value.type === 'receipt' && entry.value.receipt.record === 'address',
    'an attested address names the entry of its receipt',
  );
  const { receipt, signature } = entry.value;
  return formatAttestation({ receipt, signature });
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Fault(`${path} is there already: name another file`);
  }
}
