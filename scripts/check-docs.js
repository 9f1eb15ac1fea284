// The Markdown files tell the truth about names: relative links and anchors lead somewhere; `npm run X` is a script of package.json;
// `npx countersign Y` is a command. Prints file:line of what is wrong and exits 1.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'));
const skipped = new Set(['node_modules', 'dist', 'coverage', '.git', '.countersign']);
const problems = [];

function markdownFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** The lines of a file; `fenced` ones show code and hold neither links nor headings. */
function linesOf(path) {
  let fence;
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((text, at) => {
      const mark = /^\s*(`{3,}|~{3,})/.exec(text)?.[1];
      const inside = fence !== undefined;
      if (mark !== undefined && fence === undefined) fence = mark;
      else if (mark !== undefined && mark.startsWith(fence)) fence = undefined;
      return { text, number: at + 1, fenced: inside || mark !== undefined };
    });
}

/** GitHub's anchors: lower case, letters, digits, spaces as hyphens; a repeated one is numbered. */
function anchorsOf(path) {
  const anchors = new Set();
  for (const { text, fenced } of linesOf(path)) {
    if (fenced) continue;
    for (const [, id] of text.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(id);
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(text)?.[1];
    if (heading === undefined) continue;
    const slug = heading
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

function checkLink(path, number, target) {
  if (/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(target)) return; // elsewhere
  const [name, anchor] = target.split('#', 2);
  const file = name === '' ? path : resolve(dirname(path), decodeURIComponent(name));
  const complain = (why) => problems.push(`${relative(root, path)}:${number} ${target}: ${why}`);
  if (name.startsWith('/') || relative(root, file).startsWith('..')) complain('leaves the project');
  else if (!existsSync(file)) complain('is not there');
  else if (
    anchor &&
    statSync(file).isFile() &&
    file.endsWith('.md') &&
    !anchorsOf(file).has(anchor)
  )
    complain('has no such heading');
}

function targetsIn(text) {
  const plain = text.replace(/`[^`]*`/g, '');
  return [
    ...plain.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+["'(][^)]*)?\)/g),
    ...plain.matchAll(/^\s{0,3}\[[^\]]+\]:\s+<?([^\s>]+)/g),
    ...plain.matchAll(/\b(?:href|src)="([^"]+)"/g),
  ].map((found) => found[1]);
}

/** The names in the CLI's tables of commands: objects with a `name` and `options`. */
function commandNames() {
  const folder = join(root, 'src/cli/command-tables');
  if (!existsSync(folder)) return undefined;
  const names = new Set();
  const visit = (node) => {
    if (ts.isObjectLiteralExpression(node)) {
      const field = (name) => node.properties.find((one) => one.name?.getText() === name);
      const named = field('name')?.initializer;
      if (named && ts.isStringLiteralLike(named) && field('options')) names.add(named.text);
    }
    ts.forEachChild(node, visit);
  };
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, /* setParentNodes */ true));
  }
  if (names.size === 0)
    problems.push('src/cli/command-tables:1 holds no command with name and options');
  return names;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const commands = commandNames();

/** `log verify` is a command where the table holds it so; `approve` where it holds the one word. */
function isCommand(first, second) {
  if (commands === undefined) return true;
  if (second !== undefined && commands.has(`${first} ${second}`)) return true;
  const group = [...commands].some((name) => name.startsWith(`${first} `));
  return group ? second === undefined : commands.has(first);
}

function checkCommands(path, number, text) {
  const complain = (why) => problems.push(`${relative(root, path)}:${number} ${why}`);
  for (const [, script] of text.matchAll(/\bnpm run (?:--?[\w-]+ )*([\w:.-]*\w)/g))
    if (!Object.hasOwn(manifest.scripts, script)) complain(`npm run ${script}: no such script`);
  for (const [, script] of text.matchAll(/\bnpm (start|test)\b/g))
    if (!Object.hasOwn(manifest.scripts, script)) complain(`npm ${script}: no such script`);
  for (const [, first, second] of text.matchAll(
    /\bnpx countersign ([a-z][a-z-]*)(?: ([a-z][a-z-]*)(?![\w./=]))?/g,
  ))
    if (!isCommand(first, second))
      complain(`npx countersign ${[first, second].filter(Boolean).join(' ')}: no such command`);
}

for (const path of markdownFiles(root))
  for (const { text, number, fenced } of linesOf(path)) {
    checkCommands(path, number, text);
    if (!fenced) for (const target of targetsIn(text)) checkLink(path, number, target);
  }

for (const problem of problems) console.log(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
