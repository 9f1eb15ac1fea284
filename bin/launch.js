// Plain JavaScript that any Node can parse: runs a built program on this Node where it is recent enough, else on the
// Node 24 that `npm ci` brings.
import { spawn } from 'node:child_process';
import { existsSync, fstatSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';

const UNAVAILABLE = 69; // EX_UNAVAILABLE of sysexits.h
const root = fileURLToPath(new URL('..', import.meta.url));

function refuse(name, why) {
  console.error(`${name}: ${why} Run "npm ci" in ${root} first.`);
  process.exit(UNAVAILABLE);
}

/** The standard three, and the descriptors that passphrases and a PIN come from: Node hands no other on by itself. */
export function descriptorsOf(args) {
  const stdio = ['inherit', 'inherit', 'inherit'];
  const named = args
    .join(' ')
    .matchAll(/(?:^| )--(?:passphrase|pin)-fd[= ]([0-9]{1,4}(?:,[0-9]{1,4})*)(?= |$)/g);
  const secrets = [...named].flatMap(([, list]) => list.split(',').map(Number));
  for (const secret of secrets) {
    if (secret < 3 || !isOpen(secret)) continue;
    while (stdio.length <= secret) stdio.push('ignore');
    stdio[secret] = secret;
  }
  return stdio;
}

function isOpen(descriptor) {
  try {
    return fstatSync(descriptor) !== null;
  } catch {
    return false; // the child says so
  }
}

/** Ends as the child ended; a signal that reached only this process reaches the child too. */
function handOver(node, main) {
  const args = process.argv.slice(2);
  const child = spawn(node, [main, ...args], { stdio: descriptorsOf(args) });
  const forward = (signal) => child.kill(signal);
  process.on('SIGTERM', forward);
  process.on('SIGHUP', forward);
  // A terminal sends Ctrl-C to both; a second one would look like impatience to the child.
  process.on('SIGINT', (signal) => {
    if (!process.stdin.isTTY) forward(signal);
  });
  child.on('error', (error) => {
    console.error(`${node} cannot be run: ${error.message}`);
    process.exit(UNAVAILABLE);
  });
  child.on('exit', (status, signal) => {
    process.exit(status === null ? 128 + constants.signals[signal] : status);
  });
}

/** Runs dist/<target> as the program `name`. */
export async function launch(name, target) {
  const main = fileURLToPath(new URL(`../dist/${target}`, import.meta.url));
  if (!existsSync(main)) refuse(name, 'it is not built yet.');
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 9)) {
    await import(pathToFileURL(main).href);
    return;
  }
  const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
  if (!existsSync(pinned))
    refuse(name, `it needs Node 24.9 or later and this is ${process.version}.`);
  handOver(pinned, main);
}
