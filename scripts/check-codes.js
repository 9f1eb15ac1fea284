// Every refusal code has a use and a test: each key of the tables in core/base/codes must stand as a literal somewhere in src and
// somewhere in test, and in one table alone. Prints what is wrong and exits 1. That a refused code exists is the compiler's business.
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '..');
const registry = 'src/core/base/codes';

const parse = (path) =>
  ts.createSourceFile(
    path,
    readFileSync(join(root, path), 'utf8'),
    ts.ScriptTarget.Latest,
    /* setParentNodes */ true,
  );

function walk(node, visit) {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** The codes with where they stand. */
function registered() {
  const found = new Map();
  for (const name of readdirSync(join(root, registry))) {
    const path = join(registry, name);
    const source = parse(path);
    walk(source, (entry) => {
      if (!ts.isPropertyAssignment(entry) || !ts.isStringLiteral(entry.name)) return;
      const { line } = source.getLineAndCharacterOfPosition(entry.getStart(source));
      const places = found.get(entry.name.text) ?? [];
      found.set(entry.name.text, [...places, `${path}:${line + 1}`]);
    });
  }
  if (found.size === 0) throw new Error(`no codes were found in ${registry}`);
  return found;
}

/** The string literals of every source below a folder. */
function literals(folder) {
  const found = new Set();
  for (const entry of readdirSync(join(root, folder), { recursive: true })) {
    const path = join(folder, entry);
    if (!path.endsWith('.ts') || path.startsWith(registry)) continue;
    walk(parse(path), (node) => {
      if (ts.isStringLiteralLike(node)) found.add(node.text);
    });
  }
  return found;
}

const codes = registered();
const used = literals('src');
const tested = literals('test');
let wrong = 0;
for (const [code, places] of codes) {
  const faults = [
    used.has(code) ? '' : 'unused',
    tested.has(code) ? '' : 'untested',
    places.length === 1 ? '' : 'there twice',
  ].filter(Boolean);
  if (faults.length === 0) continue;
  wrong += 1;
  console.log(`${places.join(', ')} ${code} is ${faults.join(' and ')}`);
}
console.log(`${codes.size} codes, ${wrong} of them unused, untested or there twice`);
process.exitCode = wrong === 0 ? 0 : 1;
