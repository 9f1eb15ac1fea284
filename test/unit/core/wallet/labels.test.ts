import { describe, expect, test } from '@jest/globals';
import type { LabelRecord } from '../../../../src/core/wallet/labels.ts';
import { formatLabels, labelTypeOf, parseLabels } from '../../../../src/core/wallet/labels.ts';
import { passed } from '../../../support/psbt.ts';

const txid = 'f91d0a8a78462bc59398f2c5d7a84fcff491c26ba54c4833478b202796c8aafd';
const xpub =
  'xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8';

/** The fragment that BIP 329 gives as its test vector. */
const vector = `{ "type": "tx", "ref": "${txid}", "label": "Transaction", "origin": "wpkh([d34db33f/84'/0'/0'])" }
{ "type": "addr", "ref": "bc1q34aq5drpuwy3wgl9lhup9892qp6svr8ldzyy7c", "label": "Address" }
{ "type": "pubkey", "ref": "0283409659355b6d1cc3c32decd5d561abaac86c37a353b52895a5e6c196d6f448", "label": "Public Key" }
{ "type": "input", "ref": "${txid}:0", "label": "Input" }
{ "type": "output", "ref": "${txid}:1", "label": "Output", "spendable": false }
{ "type": "xpub", "ref": "${xpub}", "label": "Extended Public Key" }
{ "type": "tx", "ref": "f546156d9044844e02b181026a1a407abfca62e7ea1159f87bbeaa77b4286c74", "label": "Account #1 Transaction", "origin": "wpkh([d34db33f/84'/0'/1'])" }
`;
const record = (over: object) => JSON.stringify({ type: 'tx', ref: txid, label: 'rent', ...over });
const read = (...lines: readonly string[]) => passed(parseLabels(lines.join('\n')));

describe('a file of labels', () => {
  test('is read as BIP 329 shows it, and written so that it is read alike', () => {
    const { records, ignored } = passed(parseLabels(vector));
    expect(ignored).toEqual([]);
    expect(records.map(({ type }) => type)).toEqual([
      ...['tx', 'addr', 'pubkey', 'input', 'output', 'xpub', 'tx'],
    ]);
    expect(records[4]).toEqual({
      ...{ type: 'output', ref: `${txid}:1`, label: 'Output', spendable: false },
    });
    expect(passed(parseLabels(formatLabels(records))).records).toEqual(records);
  });

  test('takes hex in either case, and what is left out stays as it is', () => {
    expect(read(record({ ref: txid.toUpperCase() })).records).toEqual([
      { type: 'tx', ref: txid, label: 'rent' },
    ]);
    const bare: LabelRecord = { type: 'output', ref: `${txid}:0`, spendable: true };
    expect(read(JSON.stringify(bare)).records).toEqual([bare]);
  });

  test('passes over types it does not know, and what it cannot keep, by its line', () => {
    const long = (length: number) => record({ label: 'x'.repeat(length) });
    const { records, ignored } = read(
      ...[record({ type: 'wish' }), record({}), '', long(255), long(256)],
      ...[record({ label: 'a\u202eb' }), record({ ref: 'short' }), record({ spendable: false })],
    );
    expect(records).toHaveLength(2);
    expect(ignored).toEqual([1, 5, 6, 7, 8]);
  });

  test.each(['no JSON', '[]', '"text"', '{"type":"tx"}', '{"type":1,"ref":"a"}'])(
    'is refused where a line is %s',
    (line) => {
      expect(parseLabels(`${record({})}\n${line}`)).toEqual({
        ok: false,
        refusal: { code: 'label.invalid', facts: { line: 2 } },
      });
    },
  );
});

test('a reference tells what it is of', () => {
  expect(labelTypeOf(txid)).toBe('tx');
  expect(labelTypeOf(`${txid}:7`)).toBe('output');
  expect(labelTypeOf('bc1q34aq5drpuwy3wgl9lhup9892qp6svr8ldzyy7c')).toBe('addr');
});
