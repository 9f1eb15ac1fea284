import { concat } from '../core/base/bytes.ts';
import { RPC_ANSWER_BYTES, RPC_SECONDS } from '../core/base/limits.ts';
import { ChainFault } from './chain-fault.ts';

export interface EsploraOptions {
  /** Where the API begins, such as `https://host/api`; `user:password@` in it is sent as basic authentication. */
  readonly url: string;
  readonly timeoutSeconds?: number;
  readonly answerBytes?: number;
}

export interface EsploraAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/**
 * Requests to one Esplora server. A "no" of its node and a 404 are answers; everything else that goes wrong is a ChainFault, whose
 * facts name the path and never the address or the credentials.
 */
export class EsploraHttp {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #answerBytes: number;

  constructor(options: EsploraOptions) {
    const url = new URL(options.url);
    const { username, password } = url;
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#headers =
      username === ''
        ? {}
        : { authorization: `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}` };
    url.username = '';
    url.password = '';
    this.#base = url.href.replace(/\/+$/, '');
    this.#timeoutMs = (options.timeoutSeconds ?? RPC_SECONDS) * 1000;
    this.#answerBytes = options.answerBytes ?? RPC_ANSWER_BYTES;
  }

  get(path: string): Promise<EsploraAnswer> {
    return this.#send(path, {});
  }

  post(path: string, body: string): Promise<EsploraAnswer> {
    return this.#send(path, { method: 'POST', body });
  }

  async #send(path: string, init: RequestInit): Promise<EsploraAnswer> {
    const answer = await this.#fetch(path, init);
    const { status } = answer;
    if (status === 401 || status === 403)
      throw new ChainFault('chain.credentials', { method: path });
    if (status === 429 || status >= 500)
      throw new ChainFault('chain.unreachable', { method: path, status });
    return answer;
  }

  async #fetch(path: string, init: RequestInit): Promise<EsploraAnswer> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      const response = await fetch(`${this.#base}${path}`, {
        ...init,
        headers: this.#headers,
        redirect: 'error', // credentials are for one address
        signal,
      });
      return { status: response.status, body: await this.#read(path, response) };
    } catch (error) {
      if (error instanceof ChainFault) throw error;
      const reason = signal.aborted ? 'no answer in time' : 'the connection failed';
      throw new ChainFault('chain.unreachable', { method: path, reason }, error);
    }
  }

  async #read(path: string, response: Response): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const body: AsyncIterable<Uint8Array> | null = response.body;
    for await (const chunk of body ?? []) {
      size += chunk.length;
      if (size > this.#answerBytes)
        throw new ChainFault('chain.answer.invalid', {
          method: path,
          reason: 'the answer is too large',
        });
      chunks.push(chunk);
    }
    return concat(...chunks);
  }
}
