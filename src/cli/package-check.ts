import { verifyDeviceSignature } from '../core/approval/verify.ts';
import { parseWith } from '../core/base/schema.ts';
import { entrySchema } from '../core/log/entry.ts';
import { parsePackageLine } from '../core/log/package.ts';
import { verifyInputSignature } from '../core/psbt/signatures.ts';

/**
 * Whether a line of a package is as a quick reading takes it: in its form, a blob under its hash. An entry of another form
 * stands in a log without effect, which the exact reading knows to say.
 */
export function isLineInOrder(text: string): boolean {
  const line = parsePackageLine(text);
  return line.ok && (line.value.type !== 'entry' || parseWith(entrySchema, line.value.value).ok);
}

const verifiers = { device: verifyDeviceSignature, input: verifyInputSignature } as const;

/** A signature that a fold took on trust, each part as the verifier of its kind takes it. */
export interface SignatureToCheck {
  readonly kind: keyof typeof verifiers;
  readonly key: string;
  readonly digest: string;
  readonly signature: string;
}

/** Whether it verifies. May throw where a line was not in order. */
export function isSignatureRight({ kind, key, digest, signature }: SignatureToCheck): boolean {
  return verifiers[kind](key, digest, signature);
}
