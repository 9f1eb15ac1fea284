import type { OrganisationSummary } from './organisation.ts';
import { DEMONSTRATION_PASSPHRASE } from './demonstration.ts';

export interface Welcome {
  readonly server: string;
  readonly folder: string;
  readonly organisation: OrganisationSummary;
  readonly seconds: number;
}

/** What to do next, once everything runs. */
export function welcomeText({ server, folder, organisation, seconds }: Welcome): string {
  const { network, genesis, wallets, destinations } = organisation;
  const [destination] = destinations;
  const address = destination?.address ?? '';
  return [
    '',
    `Countersign is ready at ${server} (${seconds.toFixed(1)} s). API: ${server}/docs`,
    `Network ${network}, wallets ${wallets.join(' and ')}, everything in ${folder}`,
    `Genesis ${genesis}`,
    '',
    `DEMONSTRATION: its keys are worthless, their passphrase is "${DEMONSTRATION_PASSPHRASE}".`,
    'In another terminal, in this folder:',
    '',
    `  export COUNTERSIGN_PASSPHRASE=${DEMONSTRATION_PASSPHRASE}`,
    `  npx countersign propose --as operator --wallet hot-2 --to "${address}=0.01 BTC" --purpose "First payment"`,
    '  npx countersign proposals list --as alice',
    '  npx countersign approve PROPOSAL --as alice',
    '',
    'Ctrl-C ends it; npm start goes on where it was. npm run demo shows the whole way at once.',
    '',
  ].join('\n');
}
