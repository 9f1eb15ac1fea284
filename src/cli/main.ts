import { processIo } from './io.ts';
import { exits, run } from './run.ts';

// A reader that closes the pipe early (head, less) is no fault of ours; a full disk is.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`standard output: ${error.message}\n`);
  process.exit(exits.fault);
});

process.exitCode = await run(process.argv.slice(2), processIo());
