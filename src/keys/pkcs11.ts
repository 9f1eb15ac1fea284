import * as ecc from 'tiny-secp256k1';
import type { Facts, Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { DigestSigner } from './fixed-key.ts';
import type { ModulePlace } from './module-place.ts';
import type { Attribute, Handle, Pkcs11 } from './pkcs11-library.ts';
import { loadPkcs11 } from './pkcs11-library.ts';

/** A key in a hardware module, with an open session. */
export interface ModuleKey extends DigestSigner {
  /** Logs out and lets go of the module. */
  close(): void;
}

/** Names of the standard (OASIS PKCS#11 2.40) and their numbers. */
const CKU_USER = 1;
const CKF_RW_SESSION = 0x2;
const CKF_SERIAL_SESSION = 0x4;
const CKO_PUBLIC_KEY = 2;
const CKO_PRIVATE_KEY = 3;
const CKK_EC = 3;
const CKA_CLASS = 0x0;
const CKA_TOKEN = 0x1;
const CKA_PRIVATE = 0x2;
const CKA_LABEL = 0x3;
const CKA_KEY_TYPE = 0x100;
const CKA_ID = 0x102;
const CKA_SENSITIVE = 0x103;
const CKA_SIGN = 0x108;
const CKA_VERIFY = 0x10a;
const CKA_DERIVE = 0x10c;
const CKA_EXTRACTABLE = 0x162;
const CKA_NEVER_EXTRACTABLE = 0x164;
const CKA_ALWAYS_SENSITIVE = 0x165;
const CKA_EC_PARAMS = 0x180;
const CKA_EC_POINT = 0x181;
const CKM_EC_KEY_PAIR_GEN = 0x1040;
const CKM_ECDSA = 0x1041;
const CKR_PIN_INCORRECT = 0xa0;
const CKR_PIN_LOCKED = 0xa4;

/** The object identifier of secp256k1, DER. */
const secp256k1 = Buffer.from('06052b8104000a', 'hex');

/**
 * Opens the key of a place. Codes: `key.module.unavailable` (no library, token or key, or more than one), `key.module.pin`,
 * `key.module.unfit` (of another curve, or one that can leave the module or once could).
 */
export async function openModuleKey(place: ModulePlace, pin: string): Promise<Result<ModuleKey>> {
  return inSession(place, pin, (session) => {
    const found = session.find(CKO_PRIVATE_KEY, place.object);
    const [key, ...more] = found;
    if (key === undefined || more.length > 0)
      return refuse('key.module.unavailable', { ...place, keys: found.length });
    const unfit = session.reasonAgainst(key);
    if (unfit !== null) return refuse('key.module.unfit', { ...place, reason: unfit });
    const [shown] = session.find(CKO_PUBLIC_KEY, place.object);
    const publicKey = shown === undefined ? null : session.publicKey(shown);
    if (publicKey === null)
      return refuse('key.module.unfit', { ...place, reason: 'no public key of secp256k1' });
    return ok({
      publicKey,
      sign: (hash) => session.sign(key, hash),
      close: () => {
        session.close();
      },
    });
  });
}

/**
 * Makes a key in a module: sensitive, never extractable, for signing alone. Codes: those of {@link openModuleKey}, and
 * `key.exists`.
 */
export async function createModuleKey(place: ModulePlace, pin: string): Promise<Result<null>> {
  return inSession(place, pin, (session) => {
    if (session.find(CKO_PRIVATE_KEY, place.object).length > 0)
      return refuse('key.exists', { token: place.token, object: place.object });
    session.generate(place.object);
    session.close();
    return ok(null);
  });
}

/** Work with an open session, which is closed where the work refuses or throws. */
async function inSession<T>(
  place: ModulePlace,
  pin: string,
  work: (session: Session) => Result<T>,
): Promise<Result<T>> {
  const library = await load(place);
  if (!library.ok) return library;
  const session = new Session(library.value);
  try {
    const opened = session.open(place, pin);
    const done = opened.ok ? work(session) : opened;
    if (!done.ok) session.close();
    return done;
  } catch (error) {
    session.close();
    return unavailable(place, error);
  }
}

async function load(place: ModulePlace): Promise<Result<Pkcs11>> {
  try {
    return ok(await loadPkcs11(place.module));
  } catch (error) {
    return unavailable(place, error);
  }
}

function unavailable(place: ModulePlace, error: unknown): Result<never> {
  const reason = error instanceof Error ? error.message : String(error);
  return refuse('key.module.unavailable', { ...place, reason } satisfies Facts);
}

/** One logged-in session of a library that was loaded. */
class Session {
  readonly #library: Pkcs11;
  #session: Handle | null = null;
  #isOpen = true;

  constructor(library: Pkcs11) {
    this.#library = library;
  }

  get #handle(): Handle {
    if (this.#session === null) throw new Error('the session of the module is not open');
    return this.#session;
  }

  open({ token, ...rest }: ModulePlace, pin: string): Result<null> {
    const library = this.#library;
    library.C_Initialize();
    const slots = library
      .C_GetSlotList(true)
      .filter((slot) => library.C_GetTokenInfo(slot).label.trimEnd() === token);
    const [slot, ...more] = slots;
    if (slot === undefined || more.length > 0)
      return refuse('key.module.unavailable', { ...rest, token, tokens: slots.length });
    this.#session = library.C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION);
    try {
      library.C_Login(this.#session, CKU_USER, pin);
      return ok(null);
    } catch (error) {
      const code = (error as { readonly code?: number }).code;
      if (code !== CKR_PIN_INCORRECT && code !== CKR_PIN_LOCKED) throw error;
      return refuse('key.module.pin', { token, locked: code === CKR_PIN_LOCKED });
    }
  }

  /** The objects of a class with a label, two at most. */
  find(objectClass: number, label: string): readonly Handle[] {
    const library = this.#library;
    const sought: readonly Attribute[] = [
      { type: CKA_CLASS, value: objectClass },
      { type: CKA_LABEL, value: label },
    ];
    library.C_FindObjectsInit(this.#handle, sought);
    try {
      return library.C_FindObjects(this.#handle, 2);
    } finally {
      library.C_FindObjectsFinal(this.#handle);
    }
  }

  /** Why a private key is not one to trust a wallet to, or null. */
  reasonAgainst(key: Handle): string | null {
    const flag = (type: number): boolean => this.#value(key, type)[0] === 1;
    if (!this.#value(key, CKA_EC_PARAMS).equals(secp256k1)) return 'another curve';
    if (!flag(CKA_SENSITIVE) || flag(CKA_EXTRACTABLE)) return 'it can leave the module';
    if (!flag(CKA_ALWAYS_SENSITIVE) || !flag(CKA_NEVER_EXTRACTABLE))
      return 'it was made outside the module, or could once leave it';
    return flag(CKA_SIGN) ? null : 'it does not sign';
  }

  /** 33 bytes, or null. Modules give the point as it is, or in an OCTET STRING of DER. */
  publicKey(key: Handle): Uint8Array | null {
    const value = this.#value(key, CKA_EC_POINT);
    const point =
      value.length === 67 && value[0] === 4 && value[1] === 65 ? value.subarray(2) : value;
    return point.length === 65 && ecc.isPoint(point) ? ecc.pointCompress(point, true) : null;
  }

  sign(key: Handle, hash: Uint8Array): Uint8Array {
    const library = this.#library;
    library.C_SignInit(this.#handle, { mechanism: CKM_ECDSA }, key);
    return Uint8Array.from(library.C_Sign(this.#handle, Buffer.from(hash), Buffer.alloc(64)));
  }

  generate(label: string): void {
    const id = Buffer.from(label);
    const both: readonly Attribute[] = [
      { type: CKA_TOKEN, value: true },
      { type: CKA_LABEL, value: label },
      { type: CKA_ID, value: id },
      { type: CKA_KEY_TYPE, value: CKK_EC },
    ];
    this.#library.C_GenerateKeyPair(
      this.#handle,
      { mechanism: CKM_EC_KEY_PAIR_GEN },
      [
        ...both,
        { type: CKA_CLASS, value: CKO_PUBLIC_KEY },
        { type: CKA_EC_PARAMS, value: secp256k1 },
        { type: CKA_VERIFY, value: true },
      ],
      [
        ...both,
        { type: CKA_CLASS, value: CKO_PRIVATE_KEY },
        { type: CKA_PRIVATE, value: true },
        { type: CKA_SENSITIVE, value: true },
        { type: CKA_EXTRACTABLE, value: false },
        { type: CKA_SIGN, value: true },
        { type: CKA_DERIVE, value: false },
      ],
    );
  }

  /** Harmless when it is closed already. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.#library.C_Finalize(); // ends the session, which logs out
    } finally {
      this.#library.close();
    }
  }

  #value(object: Handle, type: number): Buffer {
    const [found] = this.#library.C_GetAttributeValue(this.#handle, object, [{ type }]);
    if (found === undefined) throw new Error('the module does not show an attribute');
    return found.value;
  }
}
