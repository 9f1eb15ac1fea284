import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { UnitOfWork } from '../database/unit-of-work.ts';

export interface Transmission {
  readonly proposal: string;
  readonly txid: string;
  /** With witnesses. */
  readonly raw: Uint8Array;
}

/** Namespace of the advisory locks of proposals that are being handed over. */
const LOCKS = 4_711_003;

const transmissionRow = z.object({
  proposal: z.string(),
  txid: z.string(),
  raw: z.instanceof(Uint8Array).transform((bytes) => Uint8Array.from(bytes)),
});

/** Final transactions, written before they are handed to the network: whoever tries again hands over the same bytes. */
@Injectable()
export class TransmissionStore {
  constructor(private readonly work: UnitOfWork) {}

  /** Does the work unless another process is at this proposal: then undefined. */
  alone<T>(proposal: string, work: () => Promise<T>): Promise<T | undefined> {
    return this.work.alone(LOCKS, proposal, work);
  }

  async find(txid: string): Promise<Transmission | undefined> {
    const [row] = await this.work.plain.query(
      'SELECT proposal, txid, raw FROM transmission WHERE txid = $1',
      [txid],
    );
    return row === undefined ? undefined : transmissionRow.parse(row);
  }

  /** Commits at once. The first one of a txid stays. */
  async add({ proposal, txid, raw }: Transmission): Promise<void> {
    await this.work.plain.query(
      'INSERT INTO transmission (proposal, txid, raw) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [proposal, txid, Buffer.from(raw)],
    );
  }
}
