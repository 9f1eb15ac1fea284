// The server as a process of its own: configured by its environment, ended by SIGTERM, SIGINT, or the end of whoever forked it.
import type { RunningServer } from './app.ts';
import { startServer } from './app.ts';
import { EXIT_CONFIG, StartRefused, readConfig } from './config.ts';

/** A close that hangs is cut off: what it would have done is done again at the next start. */
const CLOSE_MS = 10_000;

const config = readConfig(process.env);
if (!config.ok) refuse(config.line);

let server: RunningServer | undefined;
let ending = false;

function refuse(line: string): never {
  process.stderr.write(`countersign server: ${line}\n`);
  process.exit(EXIT_CONFIG);
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  setTimeout(() => process.exit(1), CLOSE_MS).unref();
  await server?.close();
  process.exit(0);
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
  process.on(signal, () => {
    void end();
  });
process.on('disconnect', () => {
  void end();
});
// The terminal may be gone.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  server = await startServer(config.value);
  process.send?.('ready');
  process.stdout.write(`countersign server: ${server.url}\n`);
} catch (error) {
  if (error instanceof StartRefused) refuse(error.message);
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    refuse(`PORT ${String(config.value.port)} is taken: name another by PORT`);
  process.stderr.write(`countersign server: ${messageOf(error)}\n`);
  process.exit(1);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
