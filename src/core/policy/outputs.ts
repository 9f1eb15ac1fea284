import type { OutputKind } from './body.ts';
import { outputKinds } from './body.ts';
import type { Payment } from './usage.ts';

/** The kinds of output among payments that are refused unless a rule names them (design 4, point 4). */
export function outputKindsOf(payments: readonly Payment[]): readonly OutputKind[] {
  return payments.every(isOrdinary)
    ? []
    : outputKinds.filter((kind) => payments.some((payment) => isOutputKind(payment, kind)));
}

/** Nearly every payment: some satoshi to P2WPKH, P2WSH or P2TR, seen without taking the script apart. */
function isOrdinary({ script, sats }: Payment): boolean {
  if (sats === 0n) return false;
  if (script.length === 44) return script.startsWith('0014');
  return script.length === 68 && (script.startsWith('0020') || script.startsWith('5120'));
}

function isOutputKind(payment: Payment, kind: OutputKind): boolean {
  switch (kind) {
    case 'data-value':
      return payment.script.startsWith('6a') && payment.sats > 0n;
    case 'zero-value':
      return payment.sats === 0n;
    case 'witness-unknown':
      return isUnknownWitness(payment.script);
  }
}

/**
 * A witness program (BIP 141: OP_0 or OP_1 to OP_16, then one push of 2 to 40 bytes) other than P2WPKH, P2WSH and P2TR
 * (BIP 341). Pay-to-anchor counts as unknown: anybody can take its value.
 */
function isUnknownWitness(script: string): boolean {
  const program = /^(00|5[1-9a-f]|60)([0-9a-f]{2})((?:[0-9a-f]{2})*)$/.exec(script);
  if (program === null) return false;
  const [, version = '', push = '', body = ''] = program;
  const length = parseInt(push, 16);
  if (length < 2 || length > 40 || body.length !== length * 2) return false;
  if (version === '00') return length !== 20 && length !== 32;
  return version !== '51' || length !== 32;
}
