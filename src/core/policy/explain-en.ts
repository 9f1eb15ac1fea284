import type { LimitExplanation } from './explain.ts';
import type { Phrases, Said } from './explain-phrases.ts';
import { formatSats } from './explain-phrases.ts';
import { duration } from './render.ts';
import type { ScreeningTrace } from '../screening.ts';

/** What explanations say in English. */
export const english: Phrases = {
  spends: (count) => `${count} ${count === 1 ? 'spend' : 'spends'}`,
  duration,
  time: (utc, wall) =>
    wall === null
      ? utc
      : `${wall.weekday.replace(/^./, (first) => first.toUpperCase())} ${wall.date} ${wall.time} in ${wall.timezone} (${utc})`,
  list: (items, join) => listed(items, join),
  outcome: {
    denied: 'The spend is denied.',
    pending: 'The spend is not signed yet: something is missing.',
    waiting: 'The approvals suffice; the spend waits.',
    authorised: 'The spend may be signed now.',
    signed: 'The spend is signed.',
  },
  refusals: {
    'policy.facts.inconsistent': (said) =>
      `The spend or what was spent before contradicts itself (${said.text('reason')}), so that nothing is allowed.`,
    'policy.hours.unknown': (said) =>
      `What the policy knows of the time zone ${said.text('timezone')} does not tell the hour of ${said.time('at')}, so that nothing is allowed.`,
    'policy.rules.empty': () => 'The policy has no rule, so that nothing is allowed.',
    'policy.none.matched': () => 'No rule of the policy allows this spend.',
    'policy.denied': (said) => `Rule "${said.text('rule')}" denies this spend.`,
    'policy.quorum.zero': (said) =>
      `Rule "${said.text('rule')}" asks nobody for approval, which is never allowed.`,
    'policy.output.unnamed': (said) =>
      `A payment is ${outputs(said.text('kind'))}, and no rule that applies names it.`,
    'policy.fee.exceeded': feeSentence,
    'policy.fee.budget': limitSentence,
    'policy.limit.exceeded': limitSentence,
    'policy.hours.closed': (said) =>
      `The policy does not allow it at this hour; it does from ${said.time('opensAt')} on.`,
    'policy.quorum.missing': (said) =>
      `Approvals are missing: ${said.list('missing', 'and')}. ${may(said.items('may'))}`,
    'policy.delay.waiting': (said) => `The delay runs until ${said.time('notBefore')}.`,
    'policy.sign.expired': (said) =>
      `The approvals had to be used by ${said.time('signBy')}: a new proposal is needed.`,
    'member.role': (said) => `${said.text('member')} may not propose.`,
    'proposal.unknown': (said) => `There is no proposal ${said.text('proposal')}.`,
    'proposal.rejected': (said) => `${said.text('by')} has rejected the proposal.`,
    'proposal.withdrawn': (said) => `${said.text('by')} has withdrawn the proposal.`,
    'proposal.expired': (said) => `The proposal expired at ${said.time('expiresAt')}.`,
    'proposal.initiator.gone': (said) =>
      `${said.text('initiator')}, who proposed it, may not propose any more.`,
    'approval.lost': (said) =>
      `Approvals that the quorum rested on count no more: those of ${said.list('members', 'and')} (${said.list('causes', 'and')}).`,
    'wallet.frozen': (said) =>
      `Wallet ${said.text('wallet')} is frozen by ${said.text('by')} (freeze ${said.text('freeze')}).`,
    'wallet.unconfirmed': (said) =>
      `Not every key holder has confirmed wallet ${said.text('wallet')}.`,
    'document.waiting': (said) =>
      `The ${said.text('kind')} that the proposal names (${said.text('named')}) is not yet in force at the signer.`,
    'document.stale': (said) =>
      `The ${said.text('kind')} that the proposal names (${said.text('named')}) was replaced too long ago.`,
    'address.lookalike': (said) =>
      `Output ${said.text('output')} pays ${said.text('address')}, which looks like ${said.text('id')} of ${said.text('owner')}, ${said.text('like')}, and is another address.`,
    'coin.signed': (said) =>
      `Coin ${said.text('coin')} is spent by the signed proposal ${said.text('proposal')}.`,
    'coin.reserved': (said) =>
      `Coin ${said.text('coin')} is reserved by proposal ${said.text('proposal')}.`,
    'spend.repeated': (said) =>
      `The same payments or reference were signed within seven days as ${said.text('name')} (${said.text('proposal')}).`,
    'statement.early': (said) => `The proposal was issued in the future, at ${said.time('at')}.`,
    'signer.pending': (said) =>
      `The signer of wallet ${said.text('wallet')} has not seen everything yet.`,
    'psbt.signatures.missing': (said) =>
      `Partial signatures of other key holders are missing: ${said.text('lacking')}.`,
    'screening.unanswered': () => 'The screening service has not answered yet.',
    'screening.held': (said) => `The screening service holds it${cases(said)}.`,
    'screening.denied': (said) => `The screening service denies it${cases(said)}.`,
  },
  otherwise: (code, said) => `Refused by the code ${code} (${said.all()}).`,
  rule: (name, is) => {
    switch (is) {
      case 'applies':
        return `Rule "${name}" applies.`;
      case 'asks':
        return `Rule "${name}" applies for what an address book merely says: it asks, and permits nothing.`;
      case 'denies':
        return `Rule "${name}" applies and denies the spend.`;
      case 'idle':
        return `Rule "${name}" does not apply.`;
    }
  },
  conditions: {
    payments: (said, holds) =>
      `It is for spends ${said.text('asks') === 'none' ? 'without' : 'with'} payments, and there ${areMany(said, 'payments', 'payment')}. ${yes(holds)}`,
    amount: (said, holds) =>
      `The amount that counts is ${said.sats('amount')}, and it must be ${bounds(said, (name) => said.sats(name))}. ${yes(holds)}`,
    destinations: (said, holds) =>
      `${[
        ...(said.has('all') ? [`Every payment must be ${terms(said.items('all'))}`] : []),
        ...(said.has('any') ? [`Some payment must be ${terms(said.items('any'))}`] : []),
      ].join(', and ')}. ${yes(holds)}`,
    outputs: (said, holds) => {
      const asks = [
        ...(said.has('any') ? [`some payment must be ${outputs(...said.items('any'))}`] : []),
        ...(said.has('above') || said.has('atMost')
          ? [`the number of payments must be ${bounds(said, (name) => said.text(name))}`]
          : []),
      ].join(', and ');
      const found = said.items('found');
      const strange = found.length === 0 ? '' : `, some ${outputs(...found)}`;
      return `There ${areMany(said, 'payments', 'payment')}${strange}; ${asks}. ${yes(holds)}`;
    },
    initiator: (said, holds) => {
      const groups = said.items('groups');
      const stands = groups.length === 0 ? 'no group' : listed(groups, 'and');
      return `${said.text('initiator')} of ${stands} proposes it, and it must be proposed by ${initiators(said.items('any'))}. ${yes(holds)}`;
    },
    hours: (said, holds) =>
      `The local time is ${said.text('local')}, and it must be ${said.text('is')} ${said.list('spans', said.text('is') === 'within' ? 'or' : 'and')}. ${yes(holds)}`,
    reference: (said, holds) =>
      `It is for spends ${said.text('asks') === 'present' ? 'with' : 'without'} a reference, and this one names ${said.fact('present') === true ? 'one' : 'none'}. ${yes(holds)}`,
  },
  limit: limitSentences,
  met: (rule) => `The approvals that rule "${rule}" asks for are complete.`,
  filled: (rule, { from, atLeast, kinds, who }) =>
    `Rule "${rule}" asks for ${atLeast} of ${from}${by(kinds)}; ${who.length === 0 ? 'nobody has approved yet' : `approved by ${listed(who, 'and')}`}.`,
  missing: (rule, { from, count, kinds, may: people }) =>
    `Rule "${rule}" still needs ${count} of ${from}${by(kinds)}. ${may(people)}`,
  approval: ({ member, device, until, why }, said) => {
    const which = device === null ? '' : ` with device ${device}`;
    const end = until === null ? '' : ` It is good until ${said.time('until')}.`;
    const head = `The approval of ${member}${which}`;
    if (why === null) return `${head} counts.${end}`;
    const cause = english.uncounted[why];
    return `${head} does not count: ${cause}.${end}`;
  },
  screening: screeningSentences,
  uncounted: {
    'approval.initiator':
      'the spend is his own or that of a service account he stands behind, or he is no person',
    'signer.pending': 'the signer has not seen it yet',
    'member.unknown': 'he is no member any more',
    'member.suspended': 'he is suspended',
    'device.unknown': 'the device is not enrolled any more',
    'device.suspended': 'the device is suspended',
    'device.unconfirmed': 'the device has not confirmed its entry in the charter',
  },
  delay: (length) => `Once approved, the spend waits ${length}.`,
  quorumAt: (time) => `The approvals suffice since ${time}.`,
  notBefore: (time) => `It is signed not before ${time}.`,
  signBy: (time) => `The approvals are good until ${time}.`,
};

/** Which outputs, and what the service calls the cases. */
function cases(said: Said): string {
  const [outputs, references] = [said.items('outputs'), said.items('references')];
  const where = outputs.length === 0 ? '' : ` for output ${listed(outputs, 'and')}`;
  return references.length === 0 ? where : `${where} (${references.join(', ')})`;
}

const answers = {
  clear: 'is cleared',
  hold: 'is held',
  deny: 'is denied',
} as const;

function screeningSentences(trace: ScreeningTrace, said: Said): readonly string[] {
  const { required, answer, at, destinations } = trace;
  const when = at === null ? '' : ` since ${said.time('at')}`;
  return [
    ...(required ? ['The policy wants every destination cleared by the screening service.'] : []),
    ...(answer === null ? [] : [`By the screening service the spend ${answers[answer]}${when}.`]),
    ...destinations.map(({ output, answer: one, reference }) => {
      const named = reference === null ? '' : ` as case ${reference}`;
      return `Output ${String(output)} ${answers[one]}${named}.`;
    }),
  ];
}

function listed(items: readonly string[], join: 'and' | 'or'): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} ${join} ${items.at(-1) ?? ''}`;
}

function yes(holds: 'holds' | 'fails'): string {
  return holds === 'holds' ? 'That holds.' : 'That does not hold.';
}

function areMany(said: Said, name: string, noun: string): string {
  const count = said.number(name);
  return count === 1 ? `is 1 ${noun}` : `are ${count} ${noun}s`;
}

function bounds(said: Said, write: (name: string) => string): string {
  return [
    ...(said.has('above') ? [`above ${write('above')}`] : []),
    ...(said.has('atMost') ? [`at most ${write('atMost')}`] : []),
  ].join(' and ');
}

function may(people: readonly string[]): string {
  return people.length === 0
    ? 'Nobody is left who may approve.'
    : `${listed(people, 'or')} may approve.`;
}

function by(kinds: readonly string[] | null): string {
  return kinds === null ? '' : ` by a device of kind ${listed(kinds, 'or')}`;
}

function terms(all: readonly string[]): string {
  const one = (term: string): string => {
    if (term === 'listed') return 'to the address book';
    if (term === 'unlisted') return 'to an unlisted address';
    const value = term.slice(term.indexOf(':') + 1);
    return term.startsWith('tag:') ? `tagged ${value}` : `to ${value}`;
  };
  return listed(all.map(one), 'or');
}

function initiators(all: readonly string[]): string {
  const one = (term: string): string => {
    const id = term.slice(term.indexOf(':') + 1);
    return term.startsWith('member:') ? id : `somebody of ${id}`;
  };
  return listed(all.map(one), 'or');
}

const outputNames: Readonly<Record<string, string>> = {
  'data-value': 'value burned in data (data-value)',
  'witness-unknown': 'to an unknown witness version (witness-unknown)',
  'zero-value': 'of 0 sat (zero-value)',
};

function outputs(...kinds: readonly string[]): string {
  return listed(
    kinds.map((kind) => outputNames[kind] ?? kind),
    'or',
  );
}

function limitSentence(said: Said): string {
  const [most, spent, reserved, asked] = amounts(said, ['most', 'spent', 'reserved', 'asked']);
  const end = said.has('fitsAt')
    ? `By age alone it fits from ${said.time('fitsAt')} on.`
    : 'Time alone does not make room for it.';
  return `${limitName(said, said.text('limit'))} is ${most}: ${spent} spent, ${reserved} reserved, and this spend takes ${asked}. ${end}`;
}

function feeSentence(said: Said): string {
  const fee = `The fee of ${said.sats('fee')}`;
  switch (said.text('cap')) {
    case 'rate':
      return `${fee} is more than ${said.text('most')} sat a vbyte for ${said.text('vbytes')} vbytes.`;
    case 'self':
      return `${fee} is more than a spend without payments may cost, ${said.sats('most')}.`;
    default:
      return `${fee} is more than ${said.text('most')} thousandths of the payments of ${said.sats('amount')}.`;
  }
}

/** In the measure of the limit. */
function amounts(said: Said, names: readonly string[]): readonly string[] {
  return names.map((name) =>
    said.text('measure') === 'count' ? english.spends(said.number(name)) : said.sats(name),
  );
}

function limitName(said: Said, name: string): string {
  const fees = said.text('measure') === 'fee' ? 'fees ' : '';
  const window = said.has('windowSeconds')
    ? `in any ${said.duration('windowSeconds')}`
    : 'in one transaction';
  return `Limit "${name}" (${fees}${scope(said)} ${window})`;
}

function scope(said: Said): string {
  switch (said.text('of')) {
    case 'destination':
      return said.has('key') ? `to ${said.text('key')}` : 'to all unlisted addresses together';
    case 'initiator':
      return `of ${said.text('key')}`;
    case 'organisation':
      return 'of the organisation, the share of this wallet,';
    default:
      return 'of the wallet';
  }
}

function limitSentences(limit: LimitExplanation, said: Said): readonly string[] {
  const of = (sats: number): string => formatSats(sats);
  const [most, spent, reserved, free, asked] =
    limit.measure === 'count'
      ? [
          limit.mostCount,
          limit.spentCount,
          limit.reservedCount,
          limit.freeCount,
          limit.askedCount,
        ].map(english.spends)
      : [limit.mostSats, limit.spentSats, limit.reservedSats, limit.freeSats, limit.askedSats].map(
          of,
        );
  return [
    `${limitName(said, limit.name)}: ${spent} ${limit.measure === 'count' ? 'made' : 'spent'}, ${reserved} reserved, ${free} free of ${most}.`,
    `This spend takes ${asked}: ${limit.fits ? 'it fits' : 'it does not fit'}.`,
    ...(limit.freesAt === null ? [] : [`More frees up at ${said.time('freesAt')}.`]),
  ];
}
