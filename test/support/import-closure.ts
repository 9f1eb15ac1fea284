import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import ts from 'typescript';

/** Source texts by their path from the project's root, with forward slashes. */
export type Tree = ReadonlyMap<string, string>;

/** A source file cannot be followed: what it imports is not written down, or is not there. */
export interface Unresolved {
  readonly file: string;
  readonly why: string;
}

export interface Closure {
  readonly files: ReadonlySet<string>;
  /** Each library (or node: module) with the first file that was found to import it. */
  readonly libraries: ReadonlyMap<string, string>;
  readonly unresolved: readonly Unresolved[];
}

interface Imports {
  readonly specifiers: readonly string[];
  readonly opaque: readonly string[];
}

/** Reads every TypeScript and JavaScript file below some folders. */
export function readTree(root: string, folders: readonly string[]): Tree {
  const tree = new Map<string, string>();
  for (const folder of folders.filter((name) => existsSync(join(root, name))))
    for (const found of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!found.isFile() || !/\.[cm]?[jt]s$/.test(found.name)) continue;
      const path = join(found.parentPath, found.name);
      tree.set(posix.normalize(path.slice(root.length + 1)), readFileSync(path, 'utf8'));
    }
  return tree;
}

/** `'x'`, `('x')` and `'x' as string` name the same module. */
function literalOf(node: ts.Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node))
    return literalOf(node.expression);
  if (ts.isLiteralTypeNode(node)) return literalOf(node.literal);
  return ts.isStringLiteralLike(node) ? node.text : undefined;
}

/** The expression that names a module, where this node imports one in any way that JavaScript has. */
function moduleNameIn(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node)) return node.argument;
  if (!ts.isCallExpression(node)) return undefined;
  const called = node.expression;
  const imports =
    called.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(called) && called.text === 'require') ||
    (ts.isPropertyAccessExpression(called) &&
      (called.name.text === 'require' || called.name.text === 'getBuiltinModule'));
  return imports ? (node.arguments[0] ?? node) : undefined;
}

/** True where `createRequire` is used for more than `createRequire(…).resolve(…)`, which finds a file and loads nothing. */
function makesRequire(name: ts.Identifier): boolean {
  if (name.text !== 'createRequire') return false;
  if (ts.isImportSpecifier(name.parent)) return name.parent.propertyName !== undefined;
  const call = name.parent;
  if (!ts.isCallExpression(call) || !ts.isPropertyAccessExpression(call.parent)) return true;
  return call.parent.name.text !== 'resolve';
}

function importsOf(file: string, text: string): Imports {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const specifiers: string[] = [];
  const opaque: string[] = [];
  const visit = (node: ts.Node): void => {
    const name = moduleNameIn(node);
    const literal = literalOf(name);
    if (literal !== undefined) specifiers.push(literal);
    else if (name !== undefined) opaque.push(node.getText(source).slice(0, 80));
    if (ts.isIdentifier(node) && makesRequire(node)) opaque.push('createRequire');
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { specifiers, opaque };
}

function libraryOf(specifier: string): string {
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/**
 * Everything that is reached from some files by import, export from, import(), import types and require. Libraries are named, not
 * entered. `installed` are the libraries that package.json declares: another one counts as unresolved.
 */
export function importClosure(
  tree: Tree,
  entries: readonly string[],
  installed: ReadonlySet<string>,
): Closure {
  const files = new Set<string>();
  const libraries = new Map<string, string>();
  const unresolved: Unresolved[] = [];
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const text = tree.get(file);
    if (text === undefined || files.has(file)) continue;
    files.add(file);
    const { specifiers, opaque } = importsOf(file, text);
    for (const what of opaque) unresolved.push({ file, why: `not a literal: ${what}` });
    for (const specifier of specifiers) {
      if (specifier.startsWith('.')) {
        const target = posix.join(posix.dirname(file), specifier);
        if (tree.has(target)) waiting.push(target);
        else unresolved.push({ file, why: `not there: ${specifier}` });
        continue;
      }
      const library = libraryOf(specifier);
      if (!libraries.has(library)) libraries.set(library, file);
      if (!library.startsWith('node:') && !installed.has(library))
        unresolved.push({ file, why: `not in package.json: ${specifier}` });
    }
  }
  return { files, libraries, unresolved };
}
