import { COMPROMISED, WINDOW_SECONDS } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok } from '../../core/base/result.ts';
import type { Sats } from '../../core/base/sats.ts';
import { sats } from '../../core/base/sats.ts';
import { blastRadius } from '../../core/policy/analyse/blast-radius.ts';
import { blastReport } from '../../core/policy/analyse/report.ts';
import { blastText } from '../../core/policy/analyse/report-text.ts';
import { toSeconds } from '../../core/policy/yaml.ts';
import { duration } from '../../core/policy/yaml-form.ts';
import type { Call, Run } from '../command.ts';
import { UsageError, required, word } from '../command.ts';
import { amountOf } from '../payments.ts';
import { readBookFile, readCharterFile, readPolicyFile } from '../policy-files.ts';

const DAY = '24h';
const UP_TO = 3;

export const run: Run = async (call) => {
  const { io } = call;
  const windowSeconds = windowOf(call);
  const upTo = upToOf(call);
  const unseen = unseenOf(call);
  if (!unseen.ok) return unseen;
  const charterName = required(call, 'charter');
  const policy = await readPolicyFile(io, word(call, 0));
  if (!policy.ok) return policy;
  const charter = await readCharterFile(io, charterName, policy.value.wallet);
  if (!charter.ok) return charter;
  const name = call.text('address-book');
  const book = name === undefined ? ok(null) : await readBookFile(io, name);
  if (!book.ok) return book;
  const { members, initiators, governance, wallet } = charter.value;
  const setting = { members, initiators, policy: policy.value, book: book.value };
  const input = { setting, governance, wallet, unseenSats: unseen.value };
  io.say(`Looking at every set of up to ${String(upTo)} people …`);
  const rows = blastRadius(input, windowSeconds, upTo);
  if (!rows.ok) return rows;
  const report = blastReport(windowSeconds, rows.value);
  const left = [
    ...(governance === null
      ? ['The charter file names no governance: changing documents is left out.']
      : []),
    ...(wallet.unlockers.length === 0
      ? ['It names nobody who unlocks the signer: that is left out.']
      : []),
    ...(name === undefined
      ? ['No address book is given: whoever may be paid counts as in it.']
      : []),
  ];
  return ok({ json: { ...report }, lines: [...blastText(report), '', ...left] });
};

function windowOf(call: Call): number {
  const text = call.text('window') ?? DAY;
  const seconds = duration.safeParse(text).success ? toSeconds(text) : 0;
  if (seconds < 1 || seconds > WINDOW_SECONDS)
    throw new UsageError('--window takes a duration up to a year: 30s, 5m, 24h or 7d');
  return seconds;
}

function upToOf(call: Call): number {
  const text = call.text('upto') ?? String(UP_TO);
  const upTo = /^[0-9]$/.test(text) ? Number(text) : COMPROMISED + 1;
  if (upTo > COMPROMISED)
    throw new UsageError(`--upto takes a number of people up to ${String(COMPROMISED)}`);
  return upTo;
}

function unseenOf(call: Call): Result<Sats> {
  const text = call.text('unseen');
  return text === undefined ? ok(sats(0)) : amountOf(text);
}
