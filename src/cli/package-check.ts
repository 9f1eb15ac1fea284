import type { Statement } from '../core/approval/statement.ts';
import { statementDigest } from '../core/approval/statement.ts';
import { verifyDeviceSignature } from '../core/approval/verify.ts';
import { fromHex } from '../core/base/bytes.ts';
import { parseEntry } from '../core/log/entry.ts';
import { parsePackageLine } from '../core/log/package.ts';
import { receiptDigestBytes } from '../core/log/receipt.ts';
import type { DeviceKeys } from './quick-package.ts';
import { verifyReceiptFast } from './verify-receipt.ts';

interface Signed {
  readonly author: string;
  readonly digest: string;
  readonly signature: string;
}

/**
 * Checks what a quick reading of a package took on trust, in any share of its lines: that each is in its form, blobs lie under their
 * hashes, receipts are signed by the key that they name, and statements by their device. It does not fold: anything that
 * it cannot decide without is not in order.
 */
export class PackageCheck {
  readonly #statements: Signed[] = [];
  #isInOrder = true;

  /** One line of the share. */
  line(text: string): void {
    if (!this.#isInOrder) return;
    const line = parsePackageLine(text);
    if (!line.ok) this.#isInOrder = false;
    else if (line.value.type === 'entry') this.#entry(line.value.bytes);
  }

  /** Whether all of the share is in order. Statements of devices that are not among the keys are not looked at. */
  finish(keys: DeviceKeys): boolean {
    return (
      this.#isInOrder &&
      this.#statements.every(({ author, digest, signature }) => {
        const key = keys.get(author);
        return key === undefined || verifyDeviceSignature(key, digest, signature);
      })
    );
  }

  #entry(leaf: Uint8Array): void {
    // An entry without effect is not wrong, but what it changes is the exact reading's to say.
    const entry = parseEntry(leaf);
    if (!entry.ok) this.#isInOrder = false;
    else if (entry.value.type === 'statement') {
      const { statement, signature } = entry.value;
      this.#statements.push({
        author: authorOf(statement),
        digest: statementDigest(statement),
        signature,
      });
    } else if (entry.value.type === 'receipt') {
      const { receipt, signature } = entry.value;
      const message = receiptDigestBytes(receipt);
      this.#isInOrder = verifyReceiptFast(fromHex(receipt.signer), message, fromHex(signature));
    }
  }
}

function authorOf({ member, device }: Statement): string {
  return `${member}/${device}`;
}
