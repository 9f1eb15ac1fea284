/** What we use of pkcs11js. The package is optional: it is compiled when it is installed. */
export type Handle = Buffer;
export interface Attribute {
  readonly type: number;
  readonly value?: number | boolean | string | Buffer;
}
interface Mechanism {
  readonly mechanism: number;
}
export interface Pkcs11 {
  load(path: string): void;
  close(): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): readonly Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_Login(session: Handle, userType: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
  C_FindObjects(session: Handle, most: number): readonly Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: readonly Attribute[],
  ): readonly { readonly type: number; readonly value: Buffer }[];
  C_GenerateKeyPair(
    session: Handle,
    mechanism: Mechanism,
    publicTemplate: readonly Attribute[],
    privateTemplate: readonly Attribute[],
  ): { readonly publicKey: Handle; readonly privateKey: Handle };
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Sign(session: Handle, data: Buffer, signature: Buffer): Buffer;
}

/** The library of a module, loaded. Throws where pkcs11js was not compiled, or the library is none. */
export async function loadPkcs11(path: string): Promise<Pkcs11> {
  const loaded = (await import('pkcs11js')) as unknown as {
    readonly default: { readonly PKCS11: new () => Pkcs11 };
  };
  const library = new loaded.default.PKCS11();
  library.load(path);
  return library;
}
