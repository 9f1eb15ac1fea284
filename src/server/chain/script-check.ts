import type { Sats } from '../../core/base/sats.ts';

export interface SpentOutput {
  readonly sats: Sats;
  readonly script: Uint8Array;
}

const flagNames = [
  'SCRIPT_VERIFY_P2SH',
  'SCRIPT_VERIFY_STRICTENC',
  'SCRIPT_VERIFY_DERSIG',
  'SCRIPT_VERIFY_LOW_S',
  'SCRIPT_VERIFY_NULLDUMMY',
  'SCRIPT_VERIFY_MINIMALDATA',
  'SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY',
  'SCRIPT_VERIFY_CHECKSEQUENCEVERIFY',
  'SCRIPT_VERIFY_WITNESS',
  'SCRIPT_VERIFY_MINIMALIF',
  'SCRIPT_VERIFY_NULLFAIL',
  'SCRIPT_VERIFY_WITNESS_PUBKEYTYPE',
  'SCRIPT_VERIFY_TAPROOT',
] as const;

/**
 * Runs every input's scripts with the rules of consensus and the common ones of relay. Without the WITNESS and
 * TAPROOT flags the interpreter passes such spends unread; CLEANSTACK is left out because its check of segwit
 * inputs is wrong. Taproot signatures commit to all spent outputs, so each is set before the first is run.
 * Returns the first failure as `input <index>: <reason>`, or null.
 */
export async function checkScripts(
  raw: Uint8Array,
  spent: readonly SpentOutput[],
): Promise<string | null> {
  // loaded here only: it is large, leans on elliptic, and guards no real coin
  const { default: bitcore } = await import('bitcore-lib');
  const { Script, Transaction } = bitcore;
  const { Interpreter } = Script;
  const flags = flagNames.reduce((all, name) => {
    const flag = Interpreter[name];
    if (typeof flag !== 'number') throw new Error(`bug: the interpreter has no flag ${name}`);
    return all | flag;
  }, 0);
  const transaction = new Transaction().fromBuffer(Buffer.from(raw));
  if (transaction.inputs.length !== spent.length) throw new Error('bug: one output an input');
  const outputs = spent.map(({ sats, script }) => ({
    sats,
    script: new Script(Buffer.from(script)),
  }));
  for (const [index, { sats, script }] of outputs.entries()) {
    const input = transaction.inputs[index];
    if (input !== undefined)
      input.output = new Transaction.Output({ script, satoshis: Number(sats) });
  }
  for (const [index, { sats, script }] of outputs.entries()) {
    const amount = Number(sats);
    const input = transaction.inputs[index];
    if (input === undefined) return `input ${index}: missing`;
    const interpreter = new Interpreter();
    try {
      const witnesses = input.getWitnesses() ?? []; // undefined without any
      if (interpreter.verify(input.script, script, transaction, index, flags, witnesses, amount))
        continue;
    } catch {
      return `input ${index}: SCRIPT_ERR_UNKNOWN_ERROR`; // some malformed encodings make it throw
    }
    return `input ${index}: ${interpreter.errstr === '' ? 'SCRIPT_ERR_EVAL_FALSE' : interpreter.errstr}`;
  }
  return null;
}
