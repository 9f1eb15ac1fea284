// The few parts of bitcore-lib that script-check.ts uses; the library brings no types.
declare module 'bitcore-lib' {
  interface BitcoreScript {
    toBuffer(): Buffer;
  }
  interface BitcoreInput {
    output: unknown;
    readonly script: BitcoreScript;
    getWitnesses(): readonly Buffer[] | undefined;
  }
  interface BitcoreTransaction {
    readonly inputs: readonly BitcoreInput[];
    fromBuffer(raw: Buffer): BitcoreTransaction;
  }
  interface BitcoreInterpreter {
    readonly errstr: string;
    verify(
      scriptSig: BitcoreScript,
      scriptPubkey: BitcoreScript,
      transaction: BitcoreTransaction,
      index: number,
      flags: number,
      witnesses: readonly Buffer[],
      sats: number,
    ): boolean;
  }
  interface Bitcore {
    readonly Script: (new (script: Buffer) => BitcoreScript) & {
      readonly Interpreter: (new () => BitcoreInterpreter) & Readonly<Record<string, unknown>>;
    };
    readonly Transaction: (new () => BitcoreTransaction) & {
      readonly Output: new (output: { script: BitcoreScript; satoshis: number }) => unknown;
    };
  }
  const bitcore: Bitcore;
  export default bitcore;
}
