import { groupAddress } from '../approval/group-address.ts';
import { duration, renderClause, renderPolicy } from '../policy/render.ts';
import { LookAlikes } from '../wallet/look-alike.ts';
import { isSame, isSameDevice } from './change.ts';
import type {
  CharterBody,
  CharterDevice,
  CharterMember,
  CountersignDocument,
  DestinationsBody,
  WalletBody,
} from './document.ts';

/**
 * What a version changes against its predecessor, in words, for whoever signs it: made from the two bodies alone, every
 * difference in some line. `+` comes, `-` goes, `~` changes, `!` warns and stands before all else. Without a predecessor
 * everything comes. English.
 */
export function describeChange(
  before: CountersignDocument | null,
  after: CountersignDocument,
): readonly string[] {
  const lines = changeLines(before, after);
  // Order means nothing; but whoever signs shall know that something differs.
  const differs = before !== null && !isSame(before.body, after.body);
  return lines.length === 0 && differs ? ['~ the same in another order'] : lines;
}

function changeLines(
  before: CountersignDocument | null,
  after: CountersignDocument,
): readonly string[] {
  switch (after.kind) {
    case 'charter':
      return charterChange(before?.kind === 'charter' ? before.body : null, after.body);
    case 'policy':
      return listChange(
        before?.kind === 'policy' ? renderPolicy(before.body) : [],
        renderPolicy(after.body),
      );
    case 'destinations':
      return destinationsChange(before?.kind === 'destinations' ? before.body : null, after.body);
    case 'wallet':
      return fieldChange(before?.kind === 'wallet' ? before.body : null, after.body, walletFields);
  }
}

/** Lines that go and lines that come; what stands in both is left out. */
function listChange(before: readonly string[], after: readonly string[]): readonly string[] {
  const gone = new Set(before);
  const kept = new Set(after);
  return [
    ...before.filter((line) => !kept.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !gone.has(line)).map((line) => `+ ${line}`),
  ];
}

function destinationsChange(
  before: DestinationsBody | null,
  after: DestinationsBody,
): readonly string[] {
  const former = new Map((before?.entries ?? []).map((entry) => [entry.id, entry]));
  const ids = new Set(after.entries.map(({ id }) => id));
  return [
    ...resemblances(before, after),
    ...[...former.values()]
      .filter(({ id }) => !ids.has(id))
      .map((entry) => `- ${destinationLine(entry)}`),
    ...after.entries.flatMap((entry) => {
      const known = former.get(entry.id);
      if (known === undefined) return [`+ ${destinationLine(entry)}`];
      if (isSame(known, entry)) return [];
      return [`- ${destinationLine(known)}`, `+ ${destinationLine(entry)}`];
    }),
  ];
}

/** What comes and looks like another entry, of this book or of the one before, stands before everything else. */
function resemblances(before: DestinationsBody | null, after: DestinationsBody): readonly string[] {
  const scripts = new Set((before?.entries ?? []).map(({ script }) => script));
  const known = new LookAlikes<DestinationsBody['entries'][number]>();
  for (const entry of [...(before?.entries ?? []), ...after.entries])
    known.add(entry.address, entry);
  return after.entries.flatMap((entry) => {
    const alike = scripts.has(entry.script) ? null : known.find(entry.address);
    if (alike === null) return [];
    const { id, owner, address } = alike.known;
    return [
      `! ${entry.id} of ${entry.owner} LOOKS LIKE ${id} of ${owner} AND IS ANOTHER ADDRESS: compare every character`,
      `!   comes:     ${groupAddress(entry.address)}`,
      `!   the other: ${groupAddress(address)}`,
    ];
  });
}

function destinationLine(entry: DestinationsBody['entries'][number]): string {
  const { id, owner, tags, address } = entry;
  const tagged = tags.length === 0 ? 'without tags' : `tagged ${tags.join(', ')}`;
  return `${id} of ${owner}, ${tagged}: ${groupAddress(address)}`;
}

type Fields<B> = { readonly [F in keyof B]: (value: B[F]) => string };

/** One line for each field of which the value changes. The type asks for every field. */
function fieldChange<B extends object>(
  before: B | null,
  after: B,
  fields: Fields<B>,
): readonly string[] {
  return (Object.keys(fields) as (keyof B & string)[]).flatMap((field) => {
    const now = fields[field](after[field]);
    if (before === null) return [`+ ${field}: ${now}`];
    if (isSame(before[field], after[field])) return [];
    return [`~ ${field}: ${fields[field](before[field])} becomes ${now}`];
  });
}

const list = (items: readonly string[]): string => (items.length === 0 ? 'none' : items.join(', '));

const walletFields: Fields<WalletBody> = {
  network: String,
  genesisBlock: String,
  descriptor: String,
  hotKey: String,
  holders: (holders) => list(holders.map(({ member, key }) => `${member} holds ${key}`)),
  birth: (height) => `block ${height}`,
  gapLimit: String,
  custody: String,
  outside: (sets) => list(sets.map((keys) => `(${keys.join(', ')})`)),
};

const charterFields: Fields<Omit<CharterBody, 'members' | 'deputies'>> = {
  protocol: String,
  demonstration: String,
  governance: ({ group, clause, delaySeconds }) =>
    `${group} govern: a change needs ${renderClause(clause)}, then waits ${duration(delaySeconds)}`,
  initiators: list,
  officers: list,
  coolDowns: ({ deviceSeconds, destinationSeconds }) =>
    `${duration(deviceSeconds)} for a device, ${duration(destinationSeconds)} for an address`,
  log: ({ origin, key }) => `${origin}, key ${key}`,
  signers: (signers) =>
    list(signers.map(({ wallet, key, epoch }) => `${wallet}: ${key} (epoch ${epoch})`)),
  sentinels: (sentinels) =>
    list(sentinels.map(({ id, key, freezeKey }) => `${id} ${key}, freezes by ${freezeKey}`)),
  sentinelsNeeded: String,
  recovery: (recovery) =>
    recovery === null
      ? 'none'
      : `${recovery.needed} of ${list(recovery.keys.map(({ id, key }) => `${id} ${key}`))}, after ${duration(recovery.delaySeconds)}`,
};

function charterChange(before: CharterBody | null, after: CharterBody): readonly string[] {
  return [
    ...memberChanges(before?.members ?? [], after.members),
    ...listChange((before?.deputies ?? []).map(deputyLine), after.deputies.map(deputyLine)),
    ...fieldChange<Omit<CharterBody, 'members' | 'deputies'>>(before, after, charterFields),
  ];
}

function deputyLine({
  member,
  for: absent,
  groups,
  until,
}: CharterBody['deputies'][number]): string {
  return `${member} stands in for ${absent} in ${list(groups)} until ${until}`;
}

function memberChanges(
  before: readonly CharterMember[],
  after: readonly CharterMember[],
): readonly string[] {
  const former = new Map(before.map((member) => [member.id, member]));
  const ids = new Set(after.map(({ id }) => id));
  return [
    ...before.filter(({ id }) => !ids.has(id)).map(({ id }) => `- member ${id}`),
    ...after.flatMap((member) => {
      const known = former.get(member.id);
      return known === undefined ? newMember(member) : memberChange(known, member);
    }),
  ];
}

function newMember(member: CharterMember): readonly string[] {
  const { id, groups, devices, operators, suspended } = member;
  const behind = operators === null ? '' : `, a service account run by ${list(operators)}`;
  return [
    `+ member ${id} in ${list(groups)}${behind}${suspended ? ', suspended' : ''}`,
    ...devices.map((device) => `+ ${deviceLine(id, device)}`),
  ];
}

function deviceLine(member: string, device: CharterDevice): string {
  const { id, kind, key, suspended } = device;
  // The letters of an address in fours, as it is compared with what the device shows.
  const what = kind === 'message' ? `address ${groupAddress(key)}` : `key ${key}`;
  const of = kind === 'psbt' ? ` of wallet ${device.wallet}` : '';
  return `device ${id} of ${member}, ${kind}, ${what}${of}${suspended ? ', suspended' : ''}`;
}

function memberChange(before: CharterMember, after: CharterMember): readonly string[] {
  const { id } = after;
  const came = after.groups.filter((group) => !before.groups.includes(group));
  const left = before.groups.filter((group) => !after.groups.includes(group));
  const known = new Map(before.devices.map((device) => [device.id, device]));
  const kept = new Set(after.devices.map((device) => device.id));
  return [
    ...suspension(`member ${id}`, before, after),
    ...left.map((group) => `- ${id} leaves ${group}`),
    ...came.map((group) => `+ ${id} joins ${group}`),
    ...before.devices.filter((one) => !kept.has(one.id)).map((one) => `- ${deviceLine(id, one)}`),
    ...after.devices.flatMap((device) => {
      const former = known.get(device.id);
      if (former === undefined) return [`+ ${deviceLine(id, device)}`];
      if (!isSameDevice(former, device))
        return [`- ${deviceLine(id, former)}`, `+ ${deviceLine(id, device)}`];
      return suspension(`device ${device.id} of ${id}`, former, device);
    }),
    ...(isSame(before.operators, after.operators)
      ? []
      : [
          `~ ${id} is run by ${list(after.operators ?? [])}, before by ${list(before.operators ?? [])}`,
        ]),
  ];
}

function suspension(
  what: string,
  before: { readonly suspended: boolean },
  after: { readonly suspended: boolean },
): readonly string[] {
  if (before.suspended === after.suspended) return [];
  return [after.suspended ? `~ ${what} is SUSPENDED` : `~ ${what} is suspended no more`];
}
