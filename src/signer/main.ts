import { askHidden } from '../keys/ask-hidden.ts';
import { runCommandLine } from './command-line.ts';
import { mayLeaveCoreDump } from './core-dumps.ts';

// A terminal that was closed must not end the signer between two records.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const ending = new AbortController();
const end = (): void => {
  ending.abort();
};
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
// Forked by a supervisor: when that is gone nobody else would end this process.
process.on('disconnect', end);

const { COUNTERSIGN_PASSPHRASE: passphrase, COUNTERSIGN_PIN: pin } = process.env;
// Not handed on to anything that this process might start.
delete process.env['COUNTERSIGN_PASSPHRASE'];
delete process.env['COUNTERSIGN_PIN'];

if (process.argv[2] === 'run' && mayLeaveCoreDump())
  process.stderr.write(`${JSON.stringify({ event: 'core-dumps-on', action: 'ulimit -c 0' })}\n`);

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  passphrase,
  pin,
  askHidden: process.stdin.isTTY && process.stderr.isTTY ? askHidden : null,
  signal: ending.signal,
  ready: () => {
    process.send?.('ready');
  },
});
if (process.connected) process.disconnect();
