import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';

/** Where a key stays: the library that speaks PKCS#11, the label of its token, the label of the key there. */
export interface ModulePlace {
  readonly module: string;
  readonly token: string;
  readonly object: string;
}

/** The place as a URI of RFC 7512. It names no PIN. */
export function formatModulePlace({ module, token, object }: ModulePlace): string {
  const [t, o, m] = [token, object, module].map(encodeURIComponent);
  return `pkcs11:token=${t ?? ''};object=${o ?? ''}?module-path=${m ?? ''}`;
}

const shape = /^pkcs11:token=([^;?&]+);object=([^;?&]+)\?module-path=([^;?&]+)$/;

/** Reads what {@link formatModulePlace} writes, and nothing else: a PIN in a URI is refused. Code `key.invalid`. */
export function parseModulePlace(uri: string): Result<ModulePlace> {
  const found = shape.exec(uri);
  const wrong = refuse('key.invalid', { reason: 'not the place of a key in a module' });
  if (found === null) return wrong;
  try {
    const [token = '', object = '', module = ''] = found.slice(1).map(decodeURIComponent);
    return ok({ module, token, object });
  } catch {
    return wrong; // a percent sign without its digits
  }
}
