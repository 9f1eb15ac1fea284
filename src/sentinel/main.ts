import { askHidden } from '../keys/ask-hidden.ts';
import { runCommandLine } from './command-line.ts';

// A terminal that was closed must not end the sentinel between two records.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const ending = new AbortController();
const end = (): void => {
  ending.abort();
};
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
// Forked by a supervisor: when that is gone nobody else would end this process.
process.on('disconnect', end);

const passphrase = process.env['COUNTERSIGN_PASSPHRASE'];
// Not handed on to anything that this process might start.
delete process.env['COUNTERSIGN_PASSPHRASE'];

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  passphrase,
  environment: process.env,
  askHidden: process.stdin.isTTY && process.stderr.isTTY ? askHidden : null,
  signal: ending.signal,
  ready: (port) => {
    process.send?.({ port });
  },
});
if (process.connected) process.disconnect();
