import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Api } from '../../client/api.ts';
import { fromUtf8 } from '../../core/base/bytes.ts';
import { LABELS_BYTES, LABELS_POSTED } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok } from '../../core/base/result.ts';
import type { LabelRecord } from '../../core/wallet/labels.ts';
import { formatLabels, labelRecord, parseLabels } from '../../core/wallet/labels.ts';
import { allOf } from '../coin-notes.ts';
import type { Call, Output, Run } from '../command.ts';
import { Fault, UsageError, word } from '../command.ts';
import { Desk } from '../desk.ts';
import { readInput } from '../files.ts';

/** Labels and frozen coins as other wallets read and write them (BIP 329). */
export const run: Run = async (call) => {
  const action = word(call, 0);
  if (action !== 'export' && action !== 'import')
    throw new UsageError(`labels are exported or imported, not "${action.slice(0, 40)}"`);
  const api = await new Desk(call).api();
  if (!api.ok) return api;
  return action === 'export' ? writeLabels(call, api.value) : readLabels(call, api.value);
};

async function writeLabels(call: Call, api: Api): Promise<Result<Output>> {
  const wallet = word(call, 1);
  const path = resolve(call.io.folder, word(call, 2));
  if (existsSync(path)) throw new Fault(`${path} is there already: name another file`);
  const labels = await allOf((cursor) => api.labels(wallet, cursor));
  if (!labels.ok) return labels;
  const frozen = await allOf((cursor) => api.frozenCoins(wallet, cursor));
  if (!frozen.ok) return frozen;
  const unspendable = new Set(frozen.value.map(({ outpoint }) => outpoint));
  const records = labels.value.map(({ type, ref, label }) => {
    const spendable = type === 'output' && unspendable.delete(ref) ? { spendable: false } : {};
    return labelRecord.parse({ type, ref, label, ...spendable });
  });
  for (const ref of unspendable) records.push({ type: 'output', ref, spendable: false });
  await writeFile(path, formatLabels(records), { mode: 0o600, flag: 'wx' });
  return ok({
    json: { file: path, records: records.length },
    lines: [`Written: ${path} (${String(records.length)} records). It tells who is whom: keep it.`],
  });
}

async function readLabels(call: Call, api: Api): Promise<Result<Output>> {
  const [wallet, name] = [word(call, 1), word(call, 2)];
  const text = fromUtf8(await readInput(call.io, name, LABELS_BYTES));
  if (text === undefined) throw new Fault(`${name} is not UTF-8`);
  const file = parseLabels(text);
  if (!file.ok) return file;
  const { records, ignored } = file.value;
  const done = await putAll(api, wallet, records);
  if (!done.ok) return done;
  const { labels, freezes, unknown } = done.value;
  return ok({
    json: { wallet, ...done.value, ignored: [...ignored] },
    lines: [
      `Labels taken in: ${String(labels)}; coins frozen or freed: ${String(freezes)}.`,
      ...(unknown === 0 ? [] : [`Outputs that are no coins of ${wallet}: ${String(unknown)}.`]),
      ...(ignored.length === 0
        ? []
        : [`Lines that say nothing here: ${ignored.slice(0, 20).join(', ')}`]),
    ],
  });
}

/** In requests of a bounded size. What came before a refusal stays. */
async function putAll(api: Api, wallet: string, records: readonly LabelRecord[]) {
  const done = { labels: 0, freezes: 0, unknown: 0 };
  for (let from = 0; from < records.length; from += LABELS_POSTED) {
    const part = await api.putLabels(wallet, records.slice(from, from + LABELS_POSTED));
    if (!part.ok) return part;
    done.labels += part.value.labels;
    done.freezes += part.value.freezes;
    done.unknown += part.value.unknown;
  }
  return ok(done);
}
