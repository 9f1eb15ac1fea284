#!/usr/bin/env node
import { launch } from './launch.js';

// The sentinel is a program of its own, which shares nothing with the CLI; `countersign sentinel …` hands over to it.
if (process.argv[2] === 'sentinel') {
  process.argv.splice(2, 1);
  await launch('countersign sentinel', 'src/sentinel/main.js');
} else {
  await launch('countersign', 'src/cli/main.js');
}
