// Preloaded into a real process: ends it by SIGKILL at the step that KILL_AT names, and writes each step that it comes to into
// KILL_TRACE. Steps are commits of its SQLite file and receipts on their way to the server, before and after.
import { appendFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const { KILL_AT: wanted = '', KILL_TRACE: trace = '' } = process.env;
const counts = new Map();

function step(kind) {
  const number = (counts.get(kind) ?? 0) + 1;
  counts.set(kind, number);
  const name = `${kind}-${number}`;
  if (trace !== '') appendFileSync(trace, `${name}\n`);
  if (name !== wanted) return;
  process.kill(process.pid, 'SIGKILL');
  for (;;); // nothing more happens until the signal is there
}

const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (sql) {
  if (sql.trim() !== 'COMMIT') return exec.call(this, sql);
  step('before-commit');
  exec.call(this, sql);
  step('after-commit');
};

const { fetch } = globalThis;
globalThis.fetch = async (url, init) => {
  const isReceipts = String(url).endsWith('/v1/receipts');
  if (isReceipts) step('before-post');
  const response = await fetch(url, init);
  if (isReceipts) step('after-post');
  return response;
};
