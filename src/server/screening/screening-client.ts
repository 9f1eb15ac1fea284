import { readFile } from 'node:fs/promises';
import { concat } from '../../core/base/bytes.ts';
import { SCREENING_ANSWER_BYTES, SCREENING_TOKEN_LENGTH } from '../../core/base/limits.ts';
import type { ScreeningConfig } from '../config.ts';
import { ScreeningFault } from './screening-fault.ts';
import type { ScreeningQuestion } from './screening-question.ts';

/** One way to the screening service: a POST with a bearer token, no redirects, everything bounded in time and size. */
export class ScreeningClient {
  readonly #config: ScreeningConfig;
  readonly #closing = new AbortController();

  constructor(config: ScreeningConfig) {
    this.#config = config;
  }

  /** The body of the answer. Throws a ScreeningFault. */
  async ask(question: ScreeningQuestion): Promise<string> {
    const authorization = await this.#authorization();
    const timeout = AbortSignal.timeout(this.#config.timeoutSeconds * 1_000);
    try {
      const response = await fetch(this.#config.url, {
        method: 'POST',
        headers: {
          ...authorization,
          'content-type': 'application/json',
          accept: 'application/json',
        },
        body: JSON.stringify(question),
        redirect: 'manual', // token and payees are for one address
        signal: AbortSignal.any([timeout, this.#closing.signal]),
      });
      if (response.status !== 200) {
        await response.body?.cancel();
        throw faultOf(response.status);
      }
      return await readBody(response);
    } catch (error) {
      if (error instanceof ScreeningFault) throw error;
      const reason = timeout.aborted ? 'no answer in time' : 'the connection failed';
      throw new ScreeningFault('screening.unreachable', { reason }, error);
    }
  }

  /** Reads the token, whether it is of use or not. Throws `screening.credentials`. */
  async checkToken(): Promise<void> {
    await this.#authorization();
  }

  /** Gives up what is being asked. */
  close(): void {
    this.#closing.abort();
  }

  /** Read anew for each question: tokens are changed while servers run. */
  async #authorization(): Promise<Readonly<Record<string, string>>> {
    const { tokenFile } = this.#config;
    if (tokenFile === null) return {};
    let text: string;
    try {
      text = (await readFile(tokenFile, 'utf8')).trim();
    } catch {
      throw new ScreeningFault('screening.credentials', { reason: 'the token cannot be read' });
    }
    if (text.length > SCREENING_TOKEN_LENGTH || !/^[\x21-\x7e]+$/.test(text))
      throw new ScreeningFault('screening.credentials', { reason: 'the file holds no token' });
    return { authorization: `Bearer ${text}` };
  }
}

function faultOf(status: number): ScreeningFault {
  if (status === 401 || status === 403)
    return new ScreeningFault('screening.credentials', { status });
  const code =
    status === 429 || status >= 500 ? 'screening.unreachable' : 'screening.answer.invalid';
  return new ScreeningFault(code, { status });
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > SCREENING_ANSWER_BYTES)
      throw new ScreeningFault('screening.answer.invalid', { reason: 'the answer is too large' });
    chunks.push(chunk);
  }
  return new TextDecoder().decode(concat(...chunks));
}
