import { resolve } from 'node:path';
import type { OrganisationSummary } from './organisation.ts';
import { DEMONSTRATION_PASSPHRASE } from './demonstration.ts';

export interface Welcome {
  readonly server: string;
  readonly folder: string;
  readonly organisation: OrganisationSummary;
  readonly seconds: number;
}

/** How it begins. */
export const WELCOME = 'Countersign is ready at';

/** What to do next, once everything runs. */
export function welcomeText({ server, folder, organisation, seconds }: Welcome): string {
  const { network, genesis, wallets, destinations } = organisation;
  const [destination] = destinations;
  const address = destination?.address ?? '';
  return [
    '',
    `${WELCOME} ${server} (${seconds.toFixed(1)} s). API: ${server}/docs`,
    `Network ${network}, wallets ${wallets.join(' and ')}, everything in ${folder}`,
    `Genesis ${genesis}`,
    '',
    `DEMONSTRATION: its keys are worthless, their passphrase is "${DEMONSTRATION_PASSPHRASE}".`,
    'In another terminal, in this folder:',
    '',
    ...(isDefault(folder) ? [] : [`  export COUNTERSIGN_HOME="${folder}"`]),
    `  export COUNTERSIGN_PASSPHRASE=${DEMONSTRATION_PASSPHRASE}`,
    network === 'sandbox'
      ? '  npx countersign wallets show hot-2'
      : '  npx countersign wallets show hot-2   # pay to the next address from your node, and mine a block',
    `  npx countersign propose --as operator --wallet hot-2 --to "${address}=0.01 BTC" --purpose "First payment"`,
    '  npx countersign proposals list --as alice',
    '  npx countersign approve PROPOSAL --as alice',
    '',
    'Ctrl-C ends it; npm start goes on where it was. npm run demo shows the whole way at once.',
    '',
  ].join('\n');
}

/** Whether the CLI finds the folder by itself, when called beside it. */
function isDefault(folder: string): boolean {
  return folder === resolve('.countersign');
}
