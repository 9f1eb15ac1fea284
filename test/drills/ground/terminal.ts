import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeProfile } from '../../../src/cli/profile.ts';
import { toHex } from '../../../src/core/base/bytes.ts';
import type { RefusalCode } from '../../../src/core/base/codes.ts';
import { codes } from '../../../src/core/base/codes.ts';
import { createKeyFile } from '../../../src/keys/key-file.ts';
import type { Answer } from '../../../src/start/demo/terminal.ts';
import { Terminal } from '../../../src/start/demo/terminal.ts';
import { passed } from '../../support/psbt.ts';
import { Breach } from '../drill.ts';
import type { Ground } from './ground.ts';
import { PASSPHRASE } from './organisation.ts';

/** Runs `countersign` as a member does: the real program with a home of its own. */
export async function terminalOf(ground: Ground, member: string): Promise<Terminal> {
  const { folder, genesis } = ground.organisation;
  const home = join(folder, 'cli', member);
  const keyFile = join(home, 'keys', `${member}.json`);
  if (!existsSync(keyFile)) {
    mkdirSync(join(home, 'keys'), { recursive: true });
    writeProfile(home, { server: ground.url, genesis, member });
    const { device, secretKey } = ground.device(member);
    const made = {
      purpose: 'device' as const,
      public: { member, device, key: '00'.repeat(32), cosigner: null },
      secret: { member, device, secretKey: toHex(secretKey), cosigner: null },
    };
    const sealed = { passphrase: PASSPHRASE, associated: '', cost: 'worthless' as const };
    passed(await createKeyFile(keyFile, made, sealed));
  }
  return new Terminal(home, PASSPHRASE, ground.url);
}

/** The code that a call was refused by; a breach where it passed or failed by another. */
export function deniedBy(answer: Answer, ...expected: readonly RefusalCode[]): RefusalCode {
  const { status, json, typed } = answer;
  if (status !== 2) throw new Breach(`"${typed}" ended with ${String(status)}`);
  const told = codeIn(json);
  const found = expected.find((code) => code === told);
  if (found === undefined) throw new Breach(`"${typed}" was refused by ${told}`);
  return found;
}

function codeIn(json: Answer['json']): string {
  const { refusal, code } = json as { refusal?: { code?: string }; code?: string };
  const told = refusal?.code ?? code ?? '';
  return Object.hasOwn(codes, told) ? told : JSON.stringify(json);
}
