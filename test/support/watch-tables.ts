import { copyFileSync, existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Everything in a watch store that was read from blocks, in order. Works on a copy, so the store may be open or was killed. */
export function watchTables(path: string): readonly unknown[] {
  const copy = `${path}.copy`;
  for (const suffix of ['', '-wal'])
    if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
  const database = new DatabaseSync(copy);
  try {
    return [
      'SELECT height, hash, time FROM block ORDER BY height',
      'SELECT txid, vout, wallet, height, spent_by, spent_height FROM coin ORDER BY txid, vout',
      'SELECT wallet, txid, height, hex(raw) FROM spend ORDER BY wallet, txid',
      'SELECT id, scanned FROM wallet ORDER BY id',
    ].map((sql) => database.prepare(sql).all());
  } finally {
    database.close();
  }
}
