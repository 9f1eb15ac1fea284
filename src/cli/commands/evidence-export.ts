import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ok } from '../../core/base/result.ts';
import type { Run } from '../command.ts';
import { Fault, required, wholeNumber } from '../command.ts';
import { Desk } from '../desk.ts';
import { existsSync } from 'node:fs';

/** Writes the package that the server streams. It is worth what `evidence verify` says of it. */
export const run: Run = async (call) => {
  const path = resolve(call.io.folder, required(call, 'out'));
  if (existsSync(path)) throw new Fault(`${path} is there already: name another file`);
  const desk = new Desk(call);
  const api = await desk.api();
  if (!api.ok) return api;
  const from = wholeNumber(call, 'from') ?? 0;
  const streamed = await api.value.evidence(from);
  if (!streamed.ok) return streamed;
  const part = `${path}.part`;
  let bytes = 0;
  const counted = async function* () {
    for await (const chunk of streamed.value) {
      bytes += chunk.length;
      yield chunk;
    }
  };
  try {
    await pipeline(counted(), createWriteStream(part, { mode: 0o600 }));
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
  return ok({
    json: { file: path, bytes, genesis: desk.profile.genesis, from },
    lines: [
      `Written: ${path} (${String(bytes)} bytes)`,
      from > 0
        ? `It begins with entry ${String(from)}: for who has the log before it, such as a signer without network.`
        : `Check it anywhere: countersign evidence verify ${path} --genesis ${desk.profile.genesis}`,
    ],
  });
};
