import type { Interface } from 'node:readline';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/**
 * Asks on the terminal without echo: the line is edited on a terminal that shows nothing. Null where the input ends without a
 * line. Ctrl-C ends the process as it does everywhere else, by its signal.
 */
export async function askHidden(question: string): Promise<string | null> {
  const { stdin, stderr } = process;
  stderr.write(`${question}: `);
  const lines = createInterface({ input: stdin, output: nowhere(), terminal: true });
  lines.once('SIGINT', () => {
    lines.close();
    stderr.write('\n');
    process.kill(process.pid, 'SIGINT');
  });
  const typed = await lineOf(lines);
  stderr.write('\n');
  return typed;
}

/** The next line, and nothing more is read; null at the end of the input. */
export function lineOf(lines: Interface): Promise<string | null> {
  return new Promise((resolve) => {
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    // After a line this resolves nothing any more; without one the input has ended.
    lines.once('close', () => {
      resolve(null);
    });
  });
}

function nowhere(): Writable {
  return new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
}
