import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { messageLine } from '../../../src/core/approval/message-line.ts';
import { emptyLog } from '../../../src/client/statements.ts';
import { fromUtf8 } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { MESSAGE_SIGNATURE_LENGTH } from '../../../src/core/base/limits.ts';
import { documentStatement, nextVersion, publish } from '../../support/governing.ts';
import { passed } from '../../support/psbt.ts';
import { TestServer, codeOf } from '../../support/server.ts';
import { MessageDevice, withDevices } from '../../support/wallet-device.ts';
import { World } from '../../support/world.ts';

describe('the API', () => {
  const ledger = new MessageDevice('carol');
  const world = new World();
  let server: TestServer;

  beforeAll(async () => {
    world.now = Math.floor(Date.now() / 1000);
    server = await TestServer.start(world);
  });
  afterAll(() => server.stop());

  test('takes what a message device signed, and refuses what it did not', async () => {
    const document = nextVersion(world, 'charter', (body) =>
      withDevices(body, { carol: [ledger.entry] }),
    );
    const post = async (member: string, path: string, body: object) =>
      server.send({ method: 'POST', path, key: await server.session(member), body });
    const text = (value: unknown) => fromUtf8(canonicalBytes(value)) ?? '';
    const laid = await post('governor-1', '/v1/documents', { document: text(document) });
    expect(laid.status).toBe(201);
    expect(publish(world, document)).toBe('applied');
    const said = documentStatement(world, 'carol', document, 'confirm');
    const statement = { ...said, device: ledger.id, log: emptyLog };
    const line = passed(messageLine(world.state, statement));
    const confirm = async (signature: string) => {
      const body = { statement: text(statement), signature, blobs: [] };
      return codeOf(await post('carol', '/v1/statements', body));
    };
    expect(await confirm(ledger.sign(`${line} `))).toBe('statement.signature');
    expect(await confirm('A'.repeat(MESSAGE_SIGNATURE_LENGTH + 4))).toBe('schema.mismatch');
    expect(await confirm('not base64')).toBe('schema.mismatch');
    expect(await confirm(ledger.sign(line))).toBe('201');
    expect(await confirm(ledger.sign(line))).toBe('statement.duplicate');
  });
});
