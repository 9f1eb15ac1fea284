import { createReadStream } from 'node:fs';
import type { RefusalCode } from '../../src/core/base/codes.ts';
import type { Result } from '../../src/core/base/result.ts';
import { ok, refuse } from '../../src/core/base/result.ts';
import { authorise } from '../../src/core/authorise.ts';
import { authoriseVersion } from '../../src/core/authorise-version.ts';
import { parseTime } from '../../src/core/base/time.ts';
import { createLedger } from '../../src/core/log/ledger.ts';
import type { State } from '../../src/core/log/state.ts';
import { admit, advance, createState } from '../../src/core/log/state.ts';
import { checkRoot, genesisIn, readPackage } from '../../src/client/package-content.ts';

/** What both opinions say of a package. */
export type Opinion =
  | { readonly refused: RefusalCode }
  | {
      readonly entries: number;
      readonly skipped: readonly { readonly index: number; readonly code: RefusalCode }[];
      readonly verdicts: readonly JudgedProposal[];
    };

interface JudgedProposal {
  readonly proposal: string;
  readonly at: number;
  readonly outcome: string;
  readonly code: RefusalCode | null;
  readonly version?: {
    readonly number: number;
    readonly outcome: string;
    readonly code: RefusalCode | null;
  };
}

/** An opinion, and the times that it was asked for. */
interface Judged {
  readonly opinion: Opinion;
  readonly times: readonly number[];
}

/** By the product's own code, at some times, and at the edges that its verdicts name. */
export async function firstOpinion(
  path: string,
  genesis: string,
  times: readonly number[],
): Promise<Judged> {
  const found = await judge(path, genesis, times);
  return found.ok ? found.value : { opinion: { refused: found.refusal.code }, times };
}

async function judge(
  path: string,
  genesis: string,
  asked: readonly number[],
): Promise<Result<Judged>> {
  const content = await readPackage(createReadStream(path, 'utf8'));
  if (!content.ok) return content;
  const charter = genesisIn(content.value, genesis);
  if (charter === null) return refuse('document.genesis.mismatch');
  const checkpoint = checkRoot(content.value, charter);
  if (!checkpoint.ok) return checkpoint;
  const { leaves, blobs } = content.value;
  const state = createState(genesis);
  const skipped: { index: number; code: RefusalCode }[] = [];
  for (const [index, leaf] of leaves.entries()) {
    const admission = admit(state, leaf, { blobs: (sha256) => blobs.get(sha256) });
    if (admission.kind === 'missing') return refuse('log.blob.missing');
    if (admission.kind === 'skip') skipped.push({ index, code: admission.refusal.code });
    advance(state, leaf, admission);
  }
  const times = [...asked, ...edgesOf(state, asked)];
  const verdicts = [...state.proposals.keys()].flatMap((digest) =>
    times.map((at) => verdictOn(state, digest, at)),
  );
  return ok({ opinion: { entries: state.tree.size, skipped, verdicts }, times });
}

/** How many edges are looked at: each is judged for every proposal. */
const EDGES = 20;

/** Seconds at which some verdict may change, and those before: ends of delays, of what approvals are good for, of windows. */
function edgesOf(state: State, [first = 0]: readonly number[]): readonly number[] {
  const found = new Set<number>();
  // The newest first: most of the others are over.
  for (const { digest, statement } of [...state.proposals.values()].reverse()) {
    const ledger = state.ledgers.get(statement.wallet.id) ?? createLedger();
    const now = Math.max(first, ledger.at);
    const { notBefore, trace } = authorise(state, ledger, digest, now);
    const ends = [notBefore, ...trace.limits.map(({ freesAt }) => freesAt)];
    for (const at of ends) if (at !== null) found.add(at - 1).add(at);
    const until = trace.signBy === null ? undefined : parseTime(trace.signBy);
    if (until !== undefined) found.add(until).add(until + 1);
    const expires = parseTime(statement.expiresAt);
    if (expires !== undefined) found.add(expires - 1).add(expires);
  }
  return [...found].filter((at) => at >= first).slice(0, EDGES);
}

function verdictOn(state: State, digest: string, at: number): JudgedProposal {
  const wallet = state.proposals.get(digest)?.statement.wallet.id ?? '';
  const ledger = state.ledgers.get(wallet) ?? createLedger();
  const now = Math.max(at, ledger.at);
  const { outcome, refusal } = authorise(state, ledger, digest, now);
  const bump = authoriseVersion(state, ledger, digest, now);
  const common = { proposal: digest, at, outcome, code: refusal?.code ?? null };
  if (bump === null) return common;
  const { version, verdict } = bump;
  const { outcome: said, refusal: because } = verdict;
  return {
    ...common,
    version: { number: version.version, outcome: said, code: because?.code ?? null },
  };
}
