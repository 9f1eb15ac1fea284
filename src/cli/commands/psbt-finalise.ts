import { toHex } from '../../core/base/bytes.ts';
import { MULTISIG_KEYS } from '../../core/base/limits.ts';
import { ok } from '../../core/base/result.ts';
import { combine } from '../../core/psbt/combine.ts';
import { finalise } from '../../core/psbt/finalise.ts';
import { completeSignatures } from '../../core/psbt/found-signatures.ts';
import { networkNames } from '../../core/wallet/network.ts';
import type { InspectIo } from './psbt-inspect.ts';
import { aboutPsbts } from './psbt-inspect.ts';

const usage = `Usage: countersign psbt finalise FILE... --descriptor DESC --network NETWORK [--json]

Makes the final transaction of one or several PSBTs that are signed by enough keys, and writes it in hex, ready
for a node. Nothing is sent. Each file is inspected and each signature verified first.

  --descriptor DESC   the wallet, as for "psbt inspect"
  --network NETWORK   ${networkNames.join(', ')}
  --highest N         highest address index to look for on each branch (default 200)
  --json              one JSON object on standard output
  --help              this text

Exit status: 0 right, 1 fault, 2 refused (the code on standard error), 64 usage.
`;

/** `countersign psbt finalise`. Returns the exit status. Touches nothing but what `io` hands it. */
export function run(args: readonly string[], io: InspectIo): Promise<number> {
  return aboutPsbts(args, io, {
    usage,
    mostFiles: MULTISIG_KEYS,
    done: (psbts, { wallet, json }) => {
      const combined = combine(wallet, psbts);
      if (!combined.ok) return combined;
      const { signatures: partialSignatures, ...spend } = combined.value;
      const sets = completeSignatures({ partialSignatures }).map(({ signatures }) => signatures);
      const final = finalise(wallet, spend, sets);
      if (!final.ok) return final;
      const { raw, txid } = final.value;
      return ok(
        json
          ? `${JSON.stringify({ ok: true, transaction: toHex(raw), txid })}\n`
          : `${toHex(raw)}\n`,
      );
    },
  });
}
