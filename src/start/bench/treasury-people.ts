import { fromHex, toHex, utf8 } from '../../core/base/bytes.ts';
import { sha256 } from '../../core/base/digest.ts';
import type { Seconds } from '../../core/base/time.ts';
import { accountKeyOf, AccountSigner } from '../../keys/account-key.ts';
import { receiptKeyOf } from '../../signer/receipt-key.ts';
import type { FoundingMember } from '../founding.ts';

/** Who there is in the treasury of the bench, and what its keys are. They are worthless. */

export const seed = (text: string): Uint8Array => sha256(utf8(`bench/treasury/${text}`));
export const START: Seconds = 1_790_000_000;
export const PEOPLE = 5;

export const policyOf = (wallet: string): string => `
policy: ${wallet}
timezone: Asia/Tokyo
limits:
  - { name: per payment, amount: 1 BTC, per: transaction }
  - { name: daily, amount: 20000 BTC, per: 24h }
fees: { rate: 300 sat/vB, share: 50%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: small
    when: { destinations: { any: [listed, unlisted] }, amount: { atMost: 0.1 BTC } }
    require: { approvals: { from: treasury, atLeast: 1 } }
  - name: large
    when: { destinations: { any: [listed, unlisted] }, amount: { above: 0.1 BTC } }
    require: { approvals: { from: treasury, atLeast: ${String(PEOPLE)} } }
`;

const member = (id: string, group: string): FoundingMember => ({
  id,
  groups: [group],
  operators: null,
  device: { id: 'cli', secretKey: seed(id) },
});
const several = (name: string, group: string): readonly FoundingMember[] =>
  Array.from({ length: PEOPLE }, (_, i) => member(`${name}-${String(i)}`, group));
export const operator = member('operator', 'operators');
export const approvers = several('approver', 'treasury');
export const governors = several('governor', 'governors');
export const everybody = [operator, ...approvers, ...governors, member('officer', 'officers')];
export const scriptOf = (owner: number): Uint8Array =>
  fromHex(`0014${toHex(seed(`owner ${String(owner)}`)).slice(0, 40)}`);

/** One of its two wallets. */
export interface Held {
  readonly id: string;
  readonly hot: ReturnType<typeof accountKeyOf>;
  readonly account: AccountSigner;
  readonly receiptKey: ReturnType<typeof receiptKeyOf>;
}

export function held(id: string, use: 'wpkh' | 'wsh'): Held {
  const hot = accountKeyOf(seed(`hot ${id}`), use, 'regtest');
  const account = new AccountSigner(hot.xprv, 'regtest');
  return { id, hot, account, receiptKey: receiptKeyOf(seed(`receipts ${id}`)) };
}
