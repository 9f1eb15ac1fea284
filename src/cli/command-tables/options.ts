import type { Option } from '../command.ts';

/** Options that several commands take. */

export const organisation: readonly Option[] = [
  { name: 'as', value: 'MEMBER', summary: 'member to act as (default: of the profile)' },
  { name: 'key', value: 'FILE', summary: 'key file (default: keys/MEMBER.json of the home)' },
  { name: 'server', value: 'URL', summary: 'server (default: of the profile)' },
  { name: 'genesis', value: 'DIGEST', summary: 'genesis digest (default: of the profile)' },
];
export const passphrase: Option = {
  name: 'passphrase-fd',
  value: 'N',
  summary:
    'read the passphrase from file descriptor N, with npx only 0 (else COUNTERSIGN_PASSPHRASE, else ask)',
};
export const member: readonly Option[] = [...organisation, passphrase];
export const signing: readonly Option[] = [
  ...member,
  { name: 'yes', summary: 'sign without asking: for scripts' },
];
/** Where a hardware wallet may sign instead of the key file, a line of text in two calls. */
export const byDevice: readonly Option[] = [
  { name: 'message', summary: 'have your message device sign: prints the line for its display' },
  { name: 'device', value: 'ID', summary: 'which of your devices signs (default: the key file)' },
  {
    name: 'signature',
    value: 'FILE',
    summary: 'then: what the message device made of that line (- for input)',
  },
];
/** Of every "no": who else takes it. */
export const sentinels: readonly Option[] = [
  {
    name: 'sentinel',
    value: 'URL',
    many: true,
    summary: 'hand it to this sentinel, too (default: those of the profile)',
  },
];
/** What a device is, by the one of these that its kind has. */
export const deviceOptions: readonly Option[] = [
  { name: 'public-key', value: 'HEX', summary: 'secp256k1: what "keys create" printed' },
  {
    name: 'address',
    value: 'ADDRESS',
    summary: 'message: the address that a hardware wallet signs messages by, of no wallet here',
  },
  { name: 'wallet', value: 'ID', summary: 'psbt: the wallet whose PSBTs it signs' },
  {
    name: 'xpub',
    value: 'XPUB',
    summary: 'with it: its key in the wallet (default: the only one that the member holds)',
  },
];
export const reason: Option = {
  name: 'reason',
  value: 'TEXT',
  summary: 'why; everyone can read it',
};
export const walletOption: Option = { name: 'wallet', value: 'ID', summary: 'wallet' };
