import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { fromHex, toBase64 } from '../../../src/core/base/bytes.ts';
import type { RefusalCode } from '../../../src/core/base/codes.ts';
import { sats } from '../../../src/core/base/sats.ts';
import { buildTransaction, toPsbt, toPsbt2 } from '../../../src/core/psbt/build.ts';
import { inputType } from '../../../src/core/psbt/fields.ts';
import { scriptOfAddress } from '../../../src/core/wallet/network.ts';
import { editPsbt, fieldOf, passed, setField } from '../../support/psbt.ts';
import type { Drill } from '../drill.ts';
import { must } from '../drill.ts';
import type { Crafted } from '../ground/desk.ts';
import { NETWORK, payeeOf, policyText } from '../ground/organisation.ts';
import type { Stage } from '../ground/stage.ts';
import { refusedBy } from '../ground/refused.ts';

/** PSBTs that lie: in change, sighash, amounts, or by saying a thing twice. Only what the bytes do counts. */

export const script = (address: string): Uint8Array => passed(scriptOfAddress(address, NETWORK));
export const quiet = { none: 'nothing of it enters the log' };

/** The transaction of a spend with other outputs. */
export function withOutputs(
  { view }: Pick<Crafted, 'view'>,
  outputs: readonly { readonly script: Uint8Array; readonly sats: number }[],
): Uint8Array {
  return buildTransaction({
    inputs: view.spend.inputs.map(({ outpoint }) => ({ outpoint })),
    outputs: outputs.map((output) => ({ script: output.script, sats: sats(output.sats) })),
    lockTime: view.spend.lockTime,
  });
}

export const outputsOf = ({ view }: Pick<Crafted, 'view'>) =>
  view.spend.outputs.map((output) => ({ script: fromHex(output.script), sats: output.sats }));

async function draftPsbt(stage: Stage, psbt: Uint8Array, wallet = stage.wallet) {
  const api = await stage.ground.api('operator');
  return api.draft({ wallet, purpose: 'drill', psbt: toBase64(psbt) });
}

/** A spend as a PSBT of another program. */
function psbtOf(stage: Stage, crafted: Crafted, write = toPsbt): Uint8Array {
  const { wallet } = stage.desk.wallet(crafted.wallet);
  const change = crafted.view.spend.outputs.map((output) => output.change);
  return write({ wallet, transaction: crafted.transaction, coins: crafted.view.coins, change });
}

const swappedChange: Drill = {
  id: 4,
  name: 'change is swapped for a foreign script with forged derivations',
  attacker: 'C2',
  ground: 'shared',
  wallets: [{ id: 'd4', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    const crafted = await stage.craft();
    const draft = passed(await draftPsbt(stage, psbtOf(stage, crafted)));
    must(draft.transaction === Buffer.from(crafted.transaction).toString('hex'), 'the same bytes');
    const proposal = await stage.propose(crafted);
    stage.allow(proposal);
    await stage.approve(proposal);
    await stage.broadcast(proposal);
  },
  async attack(stage) {
    const crafted = await stage.craft();
    const [payment, change] = outputsOf(crafted);
    must(payment !== undefined && change !== undefined, 'a payment and change');
    const foreign = { script: script(payeeOf('thief')), sats: change.sats };
    const transaction = withOutputs(crafted, [payment, foreign]);
    // The fields still say that the output is ours at 1/0.
    const psbt = psbtOf(stage, { ...crafted, transaction });
    const code = refusedBy(await draftPsbt(stage, psbt), 'psbt.change.tampered');
    // And a proposal that calls it change, by the initiator's own device.
    const honest = stage.desk.proposal(crafted);
    const read = stage.desk.read(stage.wallet, transaction, coinsOfSpend(crafted));
    const outputs = read.view.spend.outputs.map((output, at) =>
      at === 1 ? { ...output, change: 0 } : output,
    );
    const spend = { ...honest.statement.spend, transaction: read.view.spend.transaction, outputs };
    const lie = stage.desk.proposal({ ...read, view: { ...read.view, spend } });
    refusedBy(await stage.post(lie), 'proposal.spend.mismatch');
    return { result: 'refused', code, receipt: quiet };
  },
};

const coinsOfSpend = ({ view }: Crafted) =>
  view.coins.map(({ parent, index, outpoint }) => ({
    parent,
    index,
    vout: Number(outpoint.split(':')[1]),
  }));

const sighash: Drill = {
  id: 7,
  name: 'sighash NONE, SINGLE, ANYONECANPAY',
  attacker: 'C6',
  ground: 'shared',
  wallets: [{ id: 'd7', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    await stage.pay();
  },
  async attack(stage) {
    const crafted = await stage.craft();
    const proposal = await stage.propose(crafted);
    const signatures = stage.desk.cosign('alice', proposal);
    let code: RefusalCode = 'psbt.signature.sighash';
    for (const sighash of ['00', '02', '03', '81', '82', '83']) {
      const changed = signatures.map(({ key, signature }) => ({
        key,
        signature: `${signature.slice(0, -2)}${sighash}`,
      }));
      const said = stage.desk.approval('alice', proposal, { blob: canonicalBytes(changed) });
      code = refusedBy(await stage.post(said), 'psbt.signature.sighash');
      const psbt = editPsbt(psbtOf(stage, crafted), (maps) => {
        setField(maps, 1, inputType.sighash, Uint8Array.of(Number(`0x${sighash}`), 0, 0, 0));
      });
      if (sighash !== '00') refusedBy(await draftPsbt(stage, psbt), 'psbt.sighash');
    }
    await stage.approve(proposal, ['bob', 'carol']);
    await stage.quiet();
    return { result: 'refused', code, receipt: { none: 'the approval never enters the log' } };
  },
};

const amountLie: Drill = {
  id: 8,
  name: 'an input amount lies, the fee passes the cap',
  attacker: 'C5',
  ground: 'shared',
  wallets: [{ id: 'd8', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    await stage.pay();
  },
  async attack(stage) {
    const coins = await stage.coins([900_000]);
    const greedy = stage.desk.craft(stage.wallet, {
      coins,
      pays: [[payeeOf('somebody'), stage.amount()]],
      feeSats: 600_000,
    });
    // Said to be smaller, the coin would make the fee look fair.
    const [coin] = greedy.view.coins;
    must(coin !== undefined, 'one coin');
    const lie = editPsbt(psbtOf(stage, greedy), (maps) => {
      const amount = new Uint8Array(8);
      new DataView(amount.buffer).setBigUint64(0, 310_000n, true);
      const utxo = Uint8Array.from([...amount, coin.script.length, ...coin.script]);
      setField(maps, 1, inputType.witnessUtxo, utxo);
    });
    refusedBy(await draftPsbt(stage, lie), 'psbt.input.amount');
    const honest = stage.desk.proposal(greedy);
    const spend = {
      ...honest.statement.spend,
      inputs: honest.statement.spend.inputs.map((input) => ({ ...input, sats: 310_000 })),
      feeSats: 10_000,
    };
    const declared = stage.desk.proposal({ ...greedy, view: { ...greedy.view, spend } });
    refusedBy(await stage.post(declared), 'proposal.spend.mismatch');
    const proposal = await stage.propose(greedy);
    await stage.approve(proposal);
    return {
      result: 'refused',
      code: 'policy.fee.exceeded',
      receipt: { proposal: proposal.digest },
    };
  },
};

const doubled: Drill = {
  id: 12,
  name: 'duplicate keys, unknown fields, PSBT v2 against v0',
  attacker: 'C5',
  ground: 'shared',
  wallets: [{ id: 'd12', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    await stage.pay();
  },
  async attack(stage) {
    const crafted = await stage.craft();
    const v0 = psbtOf(stage, crafted);
    const api = await stage.ground.api('operator');
    const twice = editPsbt(v0, ([, map = []]) => {
      map.push(...map.slice(0, 1));
    });
    const code = refusedBy(await draftPsbt(stage, twice), 'psbt.field.duplicate');
    const unknown = editPsbt(v0, ([, map = []]) => {
      map.push(fieldOf(0x3f, Uint8Array.of(1)));
    });
    // An unknown field is dropped: what is drafted is the transaction alone, to the byte.
    const bytes = Buffer.from(crafted.transaction).toString('hex');
    for (const psbt of [v0, psbtOf(stage, crafted, toPsbt2), unknown]) {
      const draft = passed(await draftPsbt(stage, psbt));
      must(draft.transaction === bytes, 'every spelling is the same bytes');
      passed(await api.releaseDraft(draft.draft));
    }
    await stage.quiet(stage.wallet, 0);
    return { result: 'refused', code, receipt: quiet };
  },
};

export const psbts: readonly Drill[] = [swappedChange, sighash, amountLie, doubled];
