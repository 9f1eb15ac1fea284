import { existsSync } from 'node:fs';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import { formatTime, parseTime } from '../core/base/time.ts';
import type { PackageAnswer } from './decide-package.ts';
import { decidePackage } from './decide-package.ts';
import { explanationLines } from './explain.ts';
import type { Values } from './options.ts';
import { given, UsageError } from './options.ts';
import type { RoundOptions } from './package-round.ts';
import { packageRound } from './package-round.ts';
import { signerClock } from './signer-clock.ts';

/** `countersign-signer decide`: what it prints, and what of it is a refusal. */

const HEX32 = /^[0-9a-f]{64}$/;

/** A round that was asked for by --sign, its passphrase still to be read; null where only an explanation is. */
export type RoundAsked = Omit<RoundOptions, 'passphrase' | 'pin'>;

/** Throws {@link UsageError} where the options contradict each other. */
export function roundAsked(
  file: string,
  values: Values,
  tell: RoundOptions['tell'],
): RoundAsked | null {
  if (values['sign'] === undefined) {
    for (const name of ['out', 'wait', 'passphrase-fd'])
      if (values[name] !== undefined) throw new UsageError(`--${name} goes with --sign`);
    return null;
  }
  for (const name of ['at', 'proposal', 'json'])
    if (values[name] !== undefined) throw new UsageError(`--${name} does not go with --sign`);
  const wait = values['wait'] ?? '0';
  if (!/^[0-9]{1,7}$/.test(wait)) throw new UsageError('--wait is a number of seconds');
  const out = given(values, 'out');
  if (existsSync(out)) throw new UsageError(`${out} is there already: name another file`);
  return {
    ...pinnedIn(values),
    file,
    folder: given(values, 'folder'),
    out,
    waitSeconds: Number(wait),
    clock: signerClock(
      () => Date.now(),
      () => performance.now(),
    ),
    tell,
  };
}

/** One round, and where its receipts are. */
export async function runRound(
  round: RoundOptions,
  out: (line: string) => void,
): Promise<Result<unknown>> {
  const done = await packageRound(round);
  if (done.ok) out(JSON.stringify({ ...done.value, file: round.out }));
  return done;
}

/** What the signer would decide; the refusal of the one proposal that was asked for is the command's. */
export async function explainPackage(
  file: string,
  values: Values,
  out: (line: string) => void,
): Promise<Result<unknown>> {
  const { at, proposal, folder } = values;
  const now = at === undefined ? Math.floor(Date.now() / 1000) : parseTime(at);
  if (now === undefined) throw new UsageError('--at takes YYYY-MM-DDTHH:MM:SSZ');
  if (proposal !== undefined && !HEX32.test(proposal))
    throw new UsageError('--proposal has 64 hex digits');
  const asked = { ...pinnedIn(values), file, folder: folder ?? null, proposal: proposal ?? null };
  const found = await decidePackage({ ...asked, now });
  if (!found.ok) return found;
  if (values['json'] !== undefined) out(JSON.stringify(jsonOf(found.value)));
  else for (const line of linesOf(found.value)) out(line);
  const [only] = proposal === undefined ? [] : found.value.proposals;
  const isNo = only?.outcome === 'refused' || only?.outcome === 'invalidated';
  return isNo && only.code !== null
    ? { ok: false, refusal: { code: only.code, facts: only.facts } }
    : ok(null);
}

function pinnedIn(values: Values): Pick<RoundOptions, 'genesis' | 'wallet'> {
  const genesis = given(values, 'genesis');
  if (!HEX32.test(genesis)) throw new UsageError('--genesis has 64 hex digits');
  return { genesis, wallet: given(values, 'wallet') };
}

function jsonOf({ now, ...rest }: PackageAnswer) {
  return { at: formatTime(now), ...rest };
}

function linesOf(answer: PackageAnswer): readonly string[] {
  const { genesis, wallet, size, root, now, memory, proposals } = answer;
  const known =
    memory === 'journal' ? "the signer's own journal" : 'the receipts in the log, judged again';
  return [
    `The package holds, and is of the organisation ${genesis}.`,
    `Wallet ${wallet} at ${formatTime(now)}: ${String(size)} entries, root ${root}`,
    `First sights and budgets are those of ${known}.`,
    ...(proposals.length === 0 ? ['Nothing is open.'] : proposals.flatMap(explanationLines)),
  ];
}
