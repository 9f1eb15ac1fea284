import { canonicalBytes } from '../core/base/canonical.ts';
import { blobAddress } from '../core/base/digest.ts';
import { ALARM_SECONDS, ALARMS_SENT } from '../core/base/limits.ts';
import type { Facts } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import type { StateFile } from './state-file.ts';

/**
 * Why people are told. `fork`, `withheld`, `away`: of the log and its server; `signers`, `rolledback`: two signers, or an old copy
 * of a state; `sight`, `signed`, `refused`: what a signer hands in; `no`, `freeze`: what was said; `spend`, `unsent`, `chain`: what
 * the watchman sees; `test`.
 */
export type AlarmKind =
  | 'fork'
  | 'withheld'
  | 'away'
  | 'signers'
  | 'rolledback'
  | 'sight'
  | 'signed'
  | 'refused'
  | 'no'
  | 'freeze'
  | 'spend'
  | 'unsent'
  | 'chain'
  | 'test';

/** One message to people. */
export interface Alarm {
  readonly id: number;
  readonly at: Seconds;
  readonly kind: AlarmKind;
  /** Plain lines; the first is the subject. */
  readonly text: string;
  readonly facts: Facts;
}

/** Messages to people, each once and for ever, with who has got them. A channel asks for what it has not delivered yet. */
export class Alarms {
  readonly #file: StateFile;
  readonly #now: () => Seconds;
  readonly #raised: (alarm: Alarm) => void;

  /** `raised` is called for each new one. */
  constructor(file: StateFile, now: () => Seconds, raised: (alarm: Alarm) => void) {
    this.#file = file;
    this.#now = now;
    this.#raised = raised;
  }

  /** Durable when this returns. The same kind and facts are the same alarm, whatever the words. */
  raise(kind: AlarmKind, text: string, facts: Facts): void {
    const at = this.#now();
    const digest = blobAddress(canonicalBytes({ kind, facts }));
    const { changes, lastInsertRowid } = this.#file.database
      .prepare(
        'INSERT OR IGNORE INTO alarms (digest, at, kind, text, facts) VALUES (?, ?, ?, ?, ?)',
      )
      .run(digest, at, kind, text, JSON.stringify(facts));
    if (changes > 0) this.#raised({ id: Number(lastInsertRowid), at, kind, text, facts });
  }

  /** The oldest that a channel has not delivered: it delivers in order. What is older than a week is news no more. */
  undelivered(channel: string): readonly Alarm[] {
    const rows = this.#file.database
      .prepare(
        `SELECT * FROM alarms
         WHERE id > (SELECT coalesce(max(alarm), 0) FROM deliveries WHERE channel = ?) AND at > ?
         ORDER BY id LIMIT ?`,
      )
      .all(channel, this.#now() - ALARM_SECONDS, ALARMS_SENT);
    return rows.map((row) => ({
      id: Number(row['id']),
      at: Number(row['at']),
      kind: String(row['kind']) as AlarmKind,
      text: String(row['text']),
      facts: JSON.parse(String(row['facts'])) as Facts,
    }));
  }

  delivered(channel: string, alarm: number): void {
    this.#file.database
      .prepare('INSERT OR IGNORE INTO deliveries (channel, alarm, at) VALUES (?, ?, ?)')
      .run(channel, alarm, this.#now());
  }

  /** How many there are. */
  count(): number {
    const row = this.#file.database.prepare('SELECT count(*) AS count FROM alarms').get();
    return Number(row?.['count']);
  }
}
