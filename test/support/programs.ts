import { describe } from '@jest/globals';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { skipAloud } from './shared.ts';

/** A program that is not part of the project; named by its variable or found on the PATH. */
export type Program = 'bitcoind' | 'bitcoin-cli' | 'go' | 'electrum' | 'softhsm2-util';

const variables: Readonly<Record<Program, string>> = {
  bitcoind: 'COUNTERSIGN_BITCOIND',
  'bitcoin-cli': 'COUNTERSIGN_BITCOIN_CLI',
  go: 'COUNTERSIGN_GO',
  electrum: 'COUNTERSIGN_ELECTRUM',
  'softhsm2-util': 'COUNTERSIGN_SOFTHSM2_UTIL',
};

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of a program, or undefined. A variable that names no executable throws: it was meant to be used. */
export function findProgram(program: Program): string | undefined {
  const variable = variables[program];
  const named = process.env[variable];
  if (named !== undefined && named !== '') {
    if (!isExecutable(named)) throw new Error(`${variable}: ${named} cannot be run`);
    return named;
  }
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

/** A suite that runs a program; where it is not here the suite counts as one skipped test and says so. */
export function describeProgram(
  program: Program,
  name: string,
  suite: (path: string) => void,
): void {
  const path = findProgram(program);
  if (path !== undefined) describe(name, () => suite(path));
  else skipAloud(name, `${program} is not here (${variables[program]} or PATH)`);
}
