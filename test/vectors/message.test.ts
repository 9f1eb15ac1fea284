import { describe, expect, test } from '@jest/globals';
import { crypto, payments, Transaction } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { z } from 'zod';
import { messageHash, toSign, toSpend, verifyMessage } from '../../src/core/approval/message.ts';
import { concat, fromHex, reversed, toBase64, toHex, utf8 } from '../../src/core/base/bytes.ts';
import { MESSAGE_SIGNATURE_LENGTH } from '../../src/core/base/limits.ts';
import { scriptOfAddress } from '../../src/core/wallet/network.ts';
import { codeOf, passed } from '../support/psbt.ts';
import { describeShared, readShared } from '../support/shared.ts';

const signedShape = z.object({
  message: z.string(),
  address: z.string(),
  type: z.string(),
  bip322_signatures: z.array(z.string()).min(1),
});
const errorShape = z.object({
  description: z.string(),
  message: z.string(),
  address: z.string(),
  signature: z.string(),
});
const shape = z.object({
  tx_hashes: z
    .array(
      z.object({
        message: z.string(),
        address: z.string(),
        message_hash: z.string(),
        to_spend_tx_hash: z.string(),
        to_sign_tx_hash: z.string(),
      }),
    )
    .optional(),
  simple: z.array(signedShape).min(4),
  full: z.array(signedShape).optional(),
  proof_of_funds: z.array(signedShape).optional(),
  error: z.array(errorShape).min(8),
});
const scriptOf = (address: string): Uint8Array => passed(scriptOfAddress(address, 'mainnet'));
const codeFor = (address: string, message: string, signature: string): string =>
  codeOf(verifyMessage({ script: scriptOf(address), message, signature }));

for (const file of ['bip322-basic', 'bip322-generated'])
  describeShared(`the vectors of ${file}`, (folder) => {
    const vectors = readShared(folder, `vectors/${file}.json`, shape);
    const single = ['p2wpkh', 'p2tr'];

    test.each(vectors.simple)('$type: $message', ({ type, address, message, ...rest }) => {
      for (const signature of rest.bip322_signatures)
        expect(codeFor(address, message, signature)).toBe(
          single.includes(type) ? 'passed' : 'approval.message.unsupported',
        );
    });

    test('other variants than the simple one are told apart', () => {
      for (const { address, message, bip322_signatures: all } of [
        ...(vectors.full ?? []),
        ...(vectors.proof_of_funds ?? []),
      ])
        for (const signature of all)
          expect(codeFor(address, message, signature)).toBe('approval.message.unsupported');
    });

    test.each(vectors.error)('refused: $description', ({ address, message, signature }) => {
      expect(codeFor(address, message, signature)).toMatch(/^approval\.message\./);
    });

    if (vectors.tx_hashes !== undefined)
      test.each(vectors.tx_hashes)(
        'the hashes of "$message"',
        ({ message, address, ...hashes }) => {
          const script = scriptOf(address);
          expect(toHex(messageHash(message))).toBe(hashes.message_hash);
          expect(toSpend(script, message).getId()).toBe(hashes.to_spend_tx_hash);
          const { version, inputs, outputs } = toSign(script, message);
          const transaction = new Transaction();
          transaction.version = version;
          for (const { txid, vout, sequence } of inputs)
            transaction.addInput(reversed(fromHex(txid)), vout, sequence);
          for (const { script: to, value } of outputs) transaction.addOutput(to, value);
          expect(transaction.getId()).toBe(hashes.to_sign_tx_hash);
        },
      );
  });

describe('BIP 137', () => {
  const keyOf = (byte: number): Uint8Array =>
    ecc.pointFromScalar(new Uint8Array(32).fill(byte), true) ?? new Uint8Array();
  const message = 'Countersign v1 approve hot-1';
  const head = utf8('Bitcoin Signed Message:\n');
  const text = utf8(message);
  const hash = crypto.hash256(
    concat(Uint8Array.of(head.length), head, Uint8Array.of(text.length), text),
  );
  const { signature, recoveryId } = ecc.signRecoverable(hash, new Uint8Array(32).fill(7));
  const signed = (header: number): string =>
    toBase64(concat(Uint8Array.of(header + recoveryId), signature));
  const pubkey = keyOf(7);
  const legacy = payments.p2pkh({ pubkey }).output ?? new Uint8Array();
  const segwit = payments.p2wpkh({ pubkey }).output ?? new Uint8Array();
  const nested = payments.p2sh({ redeem: payments.p2wpkh({ pubkey }) }).output ?? new Uint8Array();
  const code = (script: Uint8Array, of: string, said = message): string =>
    codeOf(verifyMessage({ script, message: said, signature: of }));

  test('verifies by the kind of address that its header tells', () => {
    expect(code(legacy, signed(31))).toBe('passed');
    expect(code(nested, signed(35))).toBe('passed');
    expect(code(segwit, signed(39))).toBe('passed');
    expect(code(legacy, signed(39))).toBe('approval.message.invalid');
    expect(code(segwit, signed(35))).toBe('approval.message.invalid');
    expect(code(legacy, signed(27))).toBe('approval.message.invalid');
  });

  test('takes the header of P2PKH for all, as many wallets write it', () => {
    expect(code(segwit, signed(31))).toBe('passed');
    expect(code(nested, signed(31))).toBe('passed');
  });

  test('is refused for another message, another key, or a broken signature', () => {
    expect(code(segwit, signed(39), `${message} `)).toBe('approval.message.invalid');
    const other = payments.p2wpkh({ pubkey: keyOf(8) });
    expect(code(other.output ?? new Uint8Array(), signed(39))).toBe('approval.message.invalid');
    const zero = toBase64(concat(Uint8Array.of(39), new Uint8Array(64)));
    expect(code(segwit, zero)).toBe('approval.message.invalid');
  });

  test('is bounded', () => {
    const long = (length: number): string => code(segwit, 'A'.repeat(length));
    expect(long(MESSAGE_SIGNATURE_LENGTH)).toBe('approval.message.malformed');
    expect(long(MESSAGE_SIGNATURE_LENGTH + 1)).toBe('approval.message.malformed');
    expect(code(segwit, '')).toBe('approval.message.malformed');
    expect(code(segwit, '!')).toBe('approval.message.malformed');
  });
});
