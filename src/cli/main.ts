import { processIo } from './io.ts';
import { run } from './run.ts';

// A reader that closes the pipe early (head, less) is no fault of ours.
process.stdout.on('error', () => process.exit(0));

process.exitCode = await run(process.argv.slice(2), processIo());
