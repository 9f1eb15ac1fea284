import { toBase64 } from '../../core/base/bytes.ts';
import { MULTISIG_KEYS } from '../../core/base/limits.ts';
import { ok } from '../../core/base/result.ts';
import { combine } from '../../core/psbt/combine.ts';
import { networkNames } from '../../core/wallet/network.ts';
import type { InspectIo } from './psbt-inspect.ts';
import { aboutPsbts, countSignatures } from './psbt-inspect.ts';

const usage = `Usage: countersign psbt combine FILE FILE... --descriptor DESC --network NETWORK [--json]

Puts the signatures of several PSBTs of one transaction together and writes one PSBT (base64, version 0).
Each file is inspected first; nothing is taken from it but signatures that are right.

  --descriptor DESC   the wallet, as for "psbt inspect"
  --network NETWORK   ${networkNames.join(', ')}
  --highest N         highest address index to look for on each branch (default 200)
  --json              one JSON object on standard output
  --help              this text

Exit status: 0 right, 1 fault, 2 refused (the code on standard error), 64 usage.
`;

/** `countersign psbt combine`. Returns the exit status. Touches nothing but what `io` hands it. */
export function run(args: readonly string[], io: InspectIo): Promise<number> {
  return aboutPsbts(args, io, {
    usage,
    mostFiles: MULTISIG_KEYS,
    done: (psbts, { wallet, json }) => {
      const combined = combine(wallet, psbts);
      if (!combined.ok) return combined;
      const psbt = toBase64(combined.value.psbt);
      const signatures = countSignatures({ partialSignatures: combined.value.signatures }, wallet);
      return ok(json ? `${JSON.stringify({ ok: true, psbt, signatures })}\n` : `${psbt}\n`);
    },
  });
}
