import { z } from 'zod';
import { Api } from '../../client/api.ts';
import { Http } from '../../client/http.ts';
import { parsePostedReceipts } from '../../client/receipt-file.ts';
import { fromUtf8 } from '../../core/base/bytes.ts';
import type { RefusalCode } from '../../core/base/codes.ts';
import { codes } from '../../core/base/codes.ts';
import { RECEIPTS_BYTES, RECEIPTS_POSTED } from '../../core/base/limits.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { Run } from '../command.ts';
import { word } from '../command.ts';
import { readInput } from '../files.ts';
import { profileOf } from '../profile.ts';

const answerSchema = z.object({
  receipts: z.array(z.object({ index: z.int().optional(), code: z.string().optional() })),
});

function isCode(code: string): code is RefusalCode {
  return Object.hasOwn(codes, code);
}

/**
 * Carries receipts to the log, in order. They prove themselves, so it takes no session, and whoever carries them vouches for
 * nothing; handed in twice they stand once.
 */
export const run: Run = async (call) => {
  const file = word(call, 0);
  const text = fromUtf8(await readInput(call.io, file, RECEIPTS_BYTES));
  if (text === undefined) return refuse('schema.mismatch', { path: file, reason: 'not UTF-8' });
  const receipts = parsePostedReceipts(text);
  if (!receipts.ok) return receipts;
  const { server } = profileOf(call);
  const api = new Api(new Http({ server, key: null, now: call.io.now }));
  const all = receipts.value;
  for (let from = 0; from < all.length; from += RECEIPTS_POSTED) {
    const posted = await api.postReceipts(all.slice(from, from + RECEIPTS_POSTED));
    if (!posted.ok) return posted;
    const outcomes = answerSchema.parse(posted.value).receipts;
    const at = outcomes.findIndex(({ index }) => index === undefined);
    const code = outcomes[at]?.code;
    if (code !== undefined && isCode(code)) return refuse(code, { receipt: from + at + 1, file });
  }
  return ok({
    json: { receipts: all.length },
    lines: [`${String(all.length)} receipts stand in the log.`],
  });
};
