import { Transaction } from 'bitcoinjs-lib';
import { fromHex } from '../../core/base/bytes.ts';
import { sha256 } from '../../core/base/digest.ts';
import { utf8 } from '../../core/base/bytes.ts';
import { sats } from '../../core/base/sats.ts';
import { buildTransaction, toPsbt, toPsbt2 } from '../../core/psbt/build.ts';
import { signInputs } from '../../core/psbt/signatures.ts';
import { readSpend } from '../../core/psbt/spend.ts';
import { descriptorChecksum } from '../../core/wallet/checksum.ts';
import { unspendableKey } from '../../core/wallet/taproot.ts';
import type { Wallet } from '../../core/wallet/wallet.ts';
import { parseWallet } from '../../core/wallet/wallet.ts';
import { AccountSigner, accountKeyOf } from '../../keys/account-key.ts';
import { toHex } from '../../core/base/bytes.ts';

/** A PSBT that is in order, and its wallet. */
export interface Sample {
  readonly wallet: Wallet;
  readonly psbt: Uint8Array;
}

/** The key of a name: everybody can have it. */
const accounts = ['hot', 'alice', 'bob'].map((name) =>
  accountKeyOf(sha256(utf8(`countersign fuzz ${name}`)), 'wsh', 'regtest'),
);
const [hot = '', alice = '', bob = ''] = accounts.map(({ expression }) => `${expression}/<0;1>/*`);

/** A wallet of each kind of script. */
const bodies = [
  `wpkh(${hot})`,
  `pkh(${hot})`,
  `sh(wpkh(${hot}))`,
  `wsh(sortedmulti(2,${hot},${alice},${bob}))`,
  `sh(wsh(multi(2,${hot},${alice})))`,
  `wsh(or_d(multi(2,${hot},${alice}),and_v(v:pkh(${bob}),older(1000))))`,
  `tr(${hot})`,
  `tr(${toHex(unspendableKey)},multi_a(2,${hot},${alice},${bob}))`,
];

/** PSBTs of two inputs, a payment and change, of every kind of wallet, in both versions, with and without signatures. */
export function samples(): readonly Sample[] {
  return bodies.flatMap(samplesOf);
}

function samplesOf(body: string): readonly Sample[] {
  const parsed = parseWallet(`${body}#${descriptorChecksum(body) ?? ''}`, 'regtest');
  if (!parsed.ok) throw new Error(`bug: ${parsed.refusal.code}`);
  const wallet = parsed.value;
  const places = [
    { branch: 0 as const, index: 3 },
    { branch: 1 as const, index: 2 },
  ];
  const funding = new Transaction();
  funding.version = 2;
  funding.addInput(new Uint8Array(32).fill(7), 3);
  for (const { branch, index } of places) funding.addOutput(wallet.script(branch, index), 60_000n);
  const parent = funding.toBuffer();
  const transaction = buildTransaction({
    inputs: places.map((_, vout) => ({ outpoint: `${funding.getId()}:${String(vout)}` })),
    outputs: [
      { script: fromHex(`0014${'ab'.repeat(20)}`), sats: sats(80_000n) },
      { script: wallet.script(1, 5), sats: sats(38_000n) },
    ],
    lockTime: 100,
  });
  const claims = places.map((place) => ({ ...place, parent }));
  const view = readSpend(wallet, transaction, claims, { highestChange: 20 });
  if (!view.ok) throw new Error(`bug: ${view.refusal.code}`);
  const { coins } = view.value;
  const content = { wallet, transaction, coins, change: [undefined, 5] };
  const signers = accounts.flatMap((account, keyIndex) =>
    keyIndex < wallet.keys.length && wallet.signers.has(keyIndex)
      ? [
          signInputs(wallet, content, {
            keyIndex,
            sign: new AccountSigner(account.xprv, 'regtest').sign,
          }),
        ]
      : [],
  );
  const signatures = coins.map((_, input) => signers.flatMap((all) => all[input] ?? []));
  return [toPsbt, toPsbt2].flatMap((make) => [
    { wallet, psbt: make(content) },
    { wallet, psbt: make({ ...content, signatures }) },
  ]);
}
