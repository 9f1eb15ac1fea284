import type { Statement } from '../core/approval/statement.ts';
import { statementDigest } from '../core/approval/statement.ts';
import { verifyDeviceSignature } from '../core/approval/verify.ts';
import { fromHex, fromUtf8 } from '../core/base/bytes.ts';
import { parseWith } from '../core/base/schema.ts';
import { entrySchema } from '../core/log/entry.ts';
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
 * Whether the thread that folds verifies a statement itself: beside a single other one it has less to do, so it takes
 * five of sixteen.
 */
export function isLeftToFold(digest: string, threads: number): boolean {
  return threads === 1 && digest >= 'b';
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

  /**
   * Whether all of the share is in order. Statements of devices that are not among the keys, and those that are left to
   * the fold, are not looked at.
   */
  finish(keys: DeviceKeys, threads: number): boolean {
    return (
      this.#isInOrder &&
      this.#statements.every(({ author, digest, signature }) => {
        const key = keys.get(author);
        if (key === undefined || isLeftToFold(digest, threads)) return true;
        return verifyDeviceSignature(key, digest, signature);
      })
    );
  }

  #entry(leaf: Uint8Array): void {
    // That it is canonical and not too large was its line's question. An entry of another form stands in a log without
    // effect, which the exact reading knows to say.
    const entry = parseWith(entrySchema, JSON.parse(fromUtf8(leaf) ?? ''));
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
