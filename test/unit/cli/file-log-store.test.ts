import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileLogStore } from '../../../src/cli/file-log-store.ts';
import { fromUtf8, utf8 } from '../../../src/core/base/bytes.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-store-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const whole = ['a', 'bb', 'ccc', 'dddd', 'eeeee'];
const some = (from: number, to: number) => whole.slice(from, to).map(utf8);

/** What a process that starts now finds. */
function found() {
  const store = new FileLogStore(folder);
  const head = store.head();
  const leaves = [...store.leaves(head?.size ?? 0)].map(fromUtf8);
  return { note: head?.note, leaves };
}

describe('what the CLI keeps of a log', () => {
  test('is what was appended, leaf by leaf', () => {
    const store = new FileLogStore(folder);
    expect(found()).toEqual({ note: undefined, leaves: [] });
    store.append(0, some(0, 2), 'two');
    store.append(2, some(2, 5), 'five');
    expect(found()).toEqual({ note: 'five', leaves: whole });
  });

  test.each([
    ['less than another kept', 5, 3],
    ['as much as another kept', 5, 5],
    ['more than another kept', 3, 5],
  ])('stays whole when a slower process brings %s', (_name, kept, brought) => {
    new FileLogStore(folder).append(0, some(0, kept), `head of ${String(kept)}`);
    new FileLogStore(folder).append(1, some(1, brought), `head of ${String(brought)}`);
    expect(found()).toEqual({ note: 'head of 5', leaves: whole });
  });

  test('has no gap when another process went back', () => {
    new FileLogStore(folder).append(0, some(0, 2), 'two');
    new FileLogStore(folder).append(4, some(4, 5), 'five');
    expect(found()).toEqual({ note: 'two', leaves: whole.slice(0, 2) });
  });

  test('is the old or the new after a process was killed between leaves and head', () => {
    new FileLogStore(folder).append(0, some(0, 2), 'two');
    appendFileSync(join(folder, 'leaves'), 'half of a leaf that was being written');
    writeFileSync(join(folder, 'head.json.0123456789ab.tmp'), '{"size":');
    expect(found()).toEqual({ note: 'two', leaves: whole.slice(0, 2) });
    new FileLogStore(folder).append(2, some(2, 5), 'five');
    expect(found()).toEqual({ note: 'five', leaves: whole });
  });

  test('is a fault that says what to remove once it was damaged', () => {
    new FileLogStore(folder).append(0, some(0, 5), 'five');
    truncateSync(join(folder, 'leaves'), 4);
    expect(found).toThrow(/damaged: remove/);
    writeFileSync(join(folder, 'head.json'), '{');
    expect(found).toThrow(/damaged: remove/);
  });
});
