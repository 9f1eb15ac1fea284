import { join } from 'node:path';

/** What lies where below the folder of an installation that `npm start` made. */
export interface Home {
  readonly folder: string;
  readonly postgres: string;
  /** The organisation's public documents, its founding and the log's key. */
  readonly organisation: string;
  /** Home of the CLI: profile and the members' key files. */
  readonly cli: string;
  /** A folder a wallet. */
  readonly signers: string;
  readonly sentinel: string;
  /** Stands while an organisation is being put in place: what is found beside it is half-made. */
  readonly marker: string;
}

export function homeAt(folder: string): Home {
  return {
    folder,
    postgres: join(folder, 'postgres'),
    organisation: join(folder, 'organisation'),
    cli: join(folder, 'cli'),
    signers: join(folder, 'signers'),
    sentinel: join(folder, 'sentinel'),
    marker: join(folder, 'founding-in-progress'),
  };
}

/** Files of the organisation's folder. */
export const organisationFiles = {
  summary: 'organisation.json',
  founding: 'founding.jsonl',
  logKey: 'log.key',
  charter: 'charter.json',
  wallet: (id: string): string => `wallet-${id}.json`,
} as const;
