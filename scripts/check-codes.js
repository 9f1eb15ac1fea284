// Every refusal code has a use and a test: each key of core/base/codes.ts must stand as a literal somewhere in src and somewhere
// in test. Prints what is missing and exits 1. That a refused code exists is the compiler's business.
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '..');
const registry = 'src/core/base/codes.ts';

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

/** The codes with their lines. */
function registered() {
  const source = parse(registry);
  const found = new Map();
  walk(source, (node) => {
    if (!ts.isVariableDeclaration(node) || node.name.getText() !== 'codes') return;
    walk(node, (entry) => {
      if (ts.isPropertyAssignment(entry) && ts.isStringLiteral(entry.name))
        found.set(
          entry.name.text,
          source.getLineAndCharacterOfPosition(entry.getStart(source)).line + 1,
        );
    });
  });
  if (found.size === 0) throw new Error(`no codes were found in ${registry}`);
  return found;
}

/** The string literals of every source below a folder. */
function literals(folder) {
  const found = new Set();
  for (const entry of readdirSync(join(root, folder), { recursive: true })) {
    const path = join(folder, entry);
    if (!path.endsWith('.ts') || path === registry) continue;
    walk(parse(path), (node) => {
      if (ts.isStringLiteralLike(node)) found.add(node.text);
    });
  }
  return found;
}

const codes = registered();
const used = literals('src');
const tested = literals('test');
let missing = 0;
for (const [code, line] of codes) {
  const lacks = [used.has(code) ? '' : 'unused', tested.has(code) ? '' : 'untested'].filter(
    Boolean,
  );
  if (lacks.length === 0) continue;
  missing += 1;
  console.log(`${registry}:${line} ${code} is ${lacks.join(' and ')}`);
}
console.log(`${codes.size} codes, ${missing} of them unused or untested`);
process.exitCode = missing === 0 ? 0 : 1;
