import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ScreeningAnswer } from '../../src/core/screening.ts';
import type { ScreeningQuestion } from '../../src/server/screening/screening-question.ts';

/** One question as it came in. */
export interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly question: ScreeningQuestion;
}

type Reply = (question: ScreeningQuestion, response: ServerResponse) => void;

/** A screening service on loopback, as policies/README.md describes one. It clears everybody unless a test says otherwise. */
export class ScreeningServer {
  readonly asked: Asked[] = [];
  /** How it replies to a proposal; the last resort is the answer of every proposal. */
  readonly replies = new Map<string, Reply>();
  reply: Reply = says('clear');
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<ScreeningServer> {
    const service = new ScreeningServer();
    await new Promise<void>((done) => service.#server.listen(0, '127.0.0.1', done));
    return service;
  }

  get origin(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  get url(): string {
    return `${this.origin}/screen`;
  }

  about(proposal: string): readonly Asked[] {
    return this.asked.filter(({ question }) => question.proposal === proposal);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const question = JSON.parse(Buffer.concat(chunks).toString('utf8')) as ScreeningQuestion;
    this.asked.push({ path: request.url ?? '', headers: request.headers, question });
    (this.replies.get(question.proposal) ?? this.reply)(question, response);
  }
}

/** The same of every destination. */
export function says(answer: ScreeningAnswer, reference?: string): Reply {
  return ({ destinations }, response) => {
    const answers = destinations.map(({ script }) => ({
      ...{ script, answer },
      ...(reference === undefined ? {} : { reference }),
    }));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ destinations: answers }));
  };
}

/** Any body and status. */
export function sends(status: number, body: string, headers: Record<string, string> = {}): Reply {
  return (_, response) => {
    response.writeHead(status, headers).end(body);
  };
}

/** Takes the question and never says a word. */
export const silent: Reply = () => undefined;

/** Begins an answer and drips it, a byte at a time, for ever. */
export const drips: Reply = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 50);
  response.on('close', () => {
    clearInterval(timer);
  });
};

/** White space without end, as fast as it is taken. */
export const floods: Reply = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = ' '.repeat(16_384);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
    response.once('drain', more);
  };
  more();
};
