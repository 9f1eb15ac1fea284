import { EXIT_CONFIG } from '../server/config.ts';
import { readStartConfiguration } from './configuration.ts';
import { Supervisor } from './supervisor.ts';

/** `npm start`: the whole of Countersign with a demonstration organisation, on this machine. */

// A terminal that was closed must not end this process before its children.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const configuration = readStartConfiguration(process.env);
if (configuration.ok) {
  const supervisor = new Supervisor(configuration.value, {
    say: (text) => process.stdout.write(`${text}\n`),
    complain: (line) => process.stderr.write(`${line}\n`),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      supervisor.end(0);
    });
  process.exitCode = await supervisor.run();
} else {
  process.stderr.write(`${configuration.line}\n`);
  process.exitCode = EXIT_CONFIG;
}
