import type { SignedStatement } from '../client/statements.ts';
import { signStatement } from '../client/statements.ts';
import { messageLine } from '../core/approval/message-line.ts';
import type { Statement } from '../core/approval/statement.ts';
import { statementDigest } from '../core/approval/statement.ts';
import { verifyDeviceSignature } from '../core/approval/verify.ts';
import { fromUtf8 } from '../core/base/bytes.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import { MESSAGE_SIGNATURE_LENGTH } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { groupAddress } from '../core/approval/group-address.ts';
import { memberOf } from '../core/governance/charter.ts';
import type { CharterBody, CharterDevice } from '../core/governance/document.ts';
import type { State } from '../core/log/state.ts';
import type { Call, Output } from './command.ts';
import { UsageError, required } from './command.ts';
import { consent } from './consent.ts';
import type { Desk } from './desk.ts';
import { readInput } from './files.ts';
import type { Beside } from './pending-statements.ts';
import { keepPending, pendingLike } from './pending-statements.ts';
import type { UnlockedDevice } from './unlock.ts';

/**
 * With what a call signs: the key of the key file; or a `message` device, which is not at this computer: one call prints the
 * line that it is to sign and keeps the statement, another takes the signature and sends it.
 */
export type Hand =
  | { readonly by: 'key'; readonly device: Pick<UnlockedDevice, 'member' | 'device' | 'secretKey'> }
  | {
      readonly by: 'message';
      readonly device: { readonly member: string; readonly device: string };
      readonly address: string;
    };

/** Whether the call brings the signature of a statement that an earlier one made. */
export function bringsSignature(call: Call): boolean {
  return call.has('signature');
}

/**
 * The hand that a call names by --message or --device, else the key of the key file. Devices are those of the newest charter,
 * and of another that is named. Codes: `key.*`, `device.unknown`, `device.kind.statement`.
 */
export async function handOf(
  call: Call,
  desk: Desk,
  charters: readonly (CharterBody | undefined)[],
): Promise<Result<Hand>> {
  const named = call.text('device');
  if (named === undefined && !call.has('message')) {
    if (bringsSignature(call))
      throw new UsageError('--signature is of a hardware wallet: say --message or --device');
    return byKey(desk, undefined);
  }
  const { member } = desk.profile;
  const devices = charters.flatMap((charter) =>
    charter === undefined ? [] : (memberOf(charter, member)?.devices ?? []),
  );
  const device =
    named === undefined ? onlyMessage(devices) : devices.find(({ id }) => id === named);
  if (device === undefined) return refuse('device.unknown', { member, device: named ?? 'message' });
  switch (device.kind) {
    case 'message':
      return ok({ by: 'message', device: { member, device: device.id }, address: device.key });
    case 'secp256k1':
      if (call.has('message') || bringsSignature(call))
        throw new UsageError(`${device.id} signs no messages: it is the key of a key file`);
      return byKey(desk, device.id);
    case 'psbt':
    case 'webauthn':
      return refuse('device.kind.statement', { member, device: device.id });
  }
}

function onlyMessage(devices: readonly CharterDevice[]): CharterDevice | undefined {
  const found = new Map(
    devices.flatMap((one) => (one.kind === 'message' ? [[one.id, one] as const] : [])),
  );
  if (found.size > 1)
    throw new UsageError(`which one? name it by --device: ${[...found.keys()].join(', ')}`);
  return [...found.values()][0];
}

async function byKey(desk: Desk, named: string | undefined): Promise<Result<Hand>> {
  const device = await desk.device();
  if (!device.ok) return device;
  const { member } = device.value;
  return named === undefined || named === device.value.device
    ? ok({ by: 'key', device: device.value })
    : refuse('device.unknown', { member, device: named });
}

/** Shows what is about to be signed. A key asks for consent here; on a hardware wallet it is given there. */
export async function agree(
  call: Call,
  { by }: Hand,
  lines: readonly string[],
): Promise<Result<null>> {
  if (by === 'key') return consent(call, lines);
  if (!bringsSignature(call)) for (const line of ['', ...lines, '']) call.io.say(line);
  return ok(null);
}

/** What came of signing: a statement to be sent, with what goes along; or a line that a hardware wallet has yet to sign. */
export type Signed =
  | ({ readonly is: 'signed'; readonly signed: SignedStatement } & Beside)
  | { readonly is: 'asked'; readonly output: Output };

/**
 * Signs a statement, or has it signed. Where the call brings a signature, the statement is the kept one of the same matter
 * that it is of. Codes: those of messageLine, `statement.signature`.
 */
export async function signBy(
  call: Call,
  desk: Desk,
  hand: Hand,
  {
    state,
    statement,
    beside,
  }: {
    readonly state: State;
    readonly statement: Statement;
    readonly beside: Beside;
  },
): Promise<Result<Signed>> {
  if (hand.by === 'key') {
    const signed = signStatement(statement, hand.device.secretKey);
    return ok({ is: 'signed', signed, ...beside });
  }
  if (bringsSignature(call)) return bring(call, desk, hand, { state, statement });
  const line = messageLine(state, statement);
  if (!line.ok) return line;
  keepPending(desk.profile, { statement, ...beside });
  const digest = statementDigest(statement);
  const { device, address } = hand;
  return ok({
    is: 'asked',
    output: {
      json: { statement: digest, device: device.device, address, line: line.value, sent: false },
      lines: [
        `Have device ${device.device} sign this line as a message, by its address ${groupAddress(address)}:`,
        '',
        line.value,
        '',
        'Compare on its display the decision, each payment and the fee with what stands above.',
        `Then run this command again with --signature FILE (- for input), before ${statement.expiresAt}. Nothing was sent yet.`,
      ],
    },
  });
}

async function bring(
  call: Call,
  desk: Desk,
  { address, device }: Extract<Hand, { by: 'message' }>,
  { state, statement: like }: { readonly state: State; readonly statement: Statement },
): Promise<Result<Signed>> {
  const signature = await readSignature(call, 'signature');
  for (const { statement, reason, blobs } of pendingLike(desk.profile, like, call.io.now())) {
    const line = messageLine(state, statement);
    if (!line.ok || !verifyDeviceSignature(address, line.value, signature)) continue;
    // It stays until it expires: what could not be sent may be sent again.
    const text = fromUtf8(canonicalBytes(statement)) ?? '';
    const digest = statementDigest(statement);
    return ok({ is: 'signed', signed: { statement: text, signature, digest }, reason, blobs });
  }
  return refuse('statement.signature', { ...device, address });
}

/**
 * The signature in the file that an option names, `-` being standard input: by itself, or in a signed text as Coldcard and
 * Electrum write it, where it is the last line but one.
 */
export async function readSignature(call: Call, option: string): Promise<string> {
  const bytes = await readInput(call.io, required(call, option), MESSAGE_SIGNATURE_LENGTH * 2);
  const lines = (fromUtf8(bytes) ?? '').trim().split('\n');
  const end = lines.findIndex((line) => /^-+END BITCOIN SIGN/.test(line));
  return (lines[Math.max(0, end - 1)] ?? '').trim();
}
