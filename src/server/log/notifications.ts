import pg from 'pg';

/** Channels of PostgreSQL's LISTEN and NOTIFY. A lost notification costs at most one poll interval. */
export const channels = { pending: 'countersign_pending', head: 'countersign_head' } as const;
export type Channel = (typeof channels)[keyof typeof channels];

const RECONNECT_MS = 1_000;

/** One connection that listens; it is made again when it breaks, and then everybody is woken. */
export class Notifications {
  readonly #url: string;
  readonly #wake: (channel: Channel) => void;
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(url: string, wake: (channel: Channel) => void) {
    this.#url = url;
    this.#wake = wake;
  }

  async open(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      application_name: 'countersign-listen',
    });
    client.on('error', () => undefined); // 'end' follows
    client.once('end', () => {
      this.#again();
    });
    client.on('notification', ({ channel }) => {
      if (channel === channels.pending || channel === channels.head) this.#wake(channel);
    });
    try {
      await client.connect();
      for (const channel of Object.values(channels)) await client.query(`LISTEN ${channel}`);
      this.#client = client;
      for (const channel of Object.values(channels)) this.#wake(channel);
    } catch {
      await client.end().catch(() => undefined);
      this.#again();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }

  #again(): void {
    this.#client = null;
    if (this.#closed || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.open();
    }, RECONNECT_MS);
  }
}
