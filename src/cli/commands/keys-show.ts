import { ok } from '../../core/base/result.ts';
import { peekKeyFile } from '../../keys/key-file.ts';
import type { Run } from '../command.ts';
import { keyFileOf } from '../profile.ts';

export const run: Run = (call) => {
  const { keyFile } = keyFileOf(call);
  const found = peekKeyFile(keyFile, 'device');
  if (!found.ok) return Promise.resolve(found);
  const { member, device, key, cosigner } = found.value;
  return Promise.resolve(
    ok({
      json: { file: keyFile, member, device, key, cosigner },
      lines: [
        keyFile,
        `Member ${member}, device ${device}`,
        `Public key ${key}`,
        ...(cosigner === null ? [] : [`Cosigner key ${cosigner}`]),
        'Read without the passphrase, so not verified: it was written when the file was made.',
      ],
    }),
  );
};
