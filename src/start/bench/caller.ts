import type { Socket } from 'node:net';
import { connect } from 'node:net';

const HEAD_END = '\r\n\r\n';

/** A POST of JSON as it goes over the wire, with its proof of possession. */
export function postRequest(url: string, proof: string, body: string): Buffer {
  const { host, pathname } = new URL(url);
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `host: ${host}`,
    'content-type: application/json',
    `content-length: ${String(Buffer.byteLength(body))}`,
    `dpop: ${proof}`,
  ].join('\r\n');
  return Buffer.from(`${head}${HEAD_END}${body}`);
}

/**
 * One client on one kept connection, one request at a time. It sends prepared bytes and reads of an answer no more than its
 * status and length: the load must not take the processor from what is measured.
 */
export class Caller {
  readonly #socket: Socket;
  #received = '';
  #answer: { resolve: (status: number) => void; reject: (error: Error) => void } | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#received += text;
      this.#read();
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      this.#answer?.reject(new Error('the server closed the connection'));
    });
  }

  static connect(url: string): Promise<Caller> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      socket.once('error', reject);
      socket.once('connect', () => {
        resolve(new Caller(socket));
      });
    });
  }

  /** Resolves to the status of the answer, when all of it is here. */
  send(request: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
      this.#socket.write(request);
    });
  }

  end(): void {
    this.#socket.destroy();
  }

  #read(): void {
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#received.slice(0, end);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
    if (this.#received.length < end + HEAD_END.length + length) return;
    this.#received = '';
    const answer = this.#answer;
    this.#answer = null;
    if (Number.isNaN(length)) answer?.reject(new Error('an answer without its length'));
    else answer?.resolve(Number(head.slice(9, 12)));
  }
}
