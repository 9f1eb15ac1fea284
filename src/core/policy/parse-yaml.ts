import type { Document, Node } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import { isPlainText } from '../base/canonical.ts';
import { JSON_DEPTH, JSON_TEXT_LENGTH, POLICY_TEXT_LENGTH } from '../base/limits.ts';
import type { Refusal, Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';

/** The data of a policy file and where each part stands in it. */
export interface YamlTree {
  readonly value: unknown;
  /** The line, from 1, of the deepest part of a path that exists. */
  lineOf(path: readonly PropertyKey[]): number;
}

/**
 * Reads the narrow YAML of policy files: one document of maps, lists and plain or quoted scalars. Scalars are resolved
 * here, not by YAML's schemas: `true`, `false` and decimal integers when not quoted, texts otherwise; so no version of
 * YAML changes a meaning. Refuses with `policy.syntax`: aliases, anchors, tags, directives, merge keys, duplicate or
 * strange keys, several documents, empty values, block texts, invisible characters, too long or too deep.
 */
export function readYaml(text: string): Result<YamlTree> {
  if (text.length > POLICY_TEXT_LENGTH)
    return refuse('policy.syntax', { line: 1, reason: `longer than ${POLICY_TEXT_LENGTH}` });
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    schema: 'failsafe',
    version: '1.2',
    uniqueKeys: true,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const document = 'empty' in documents ? undefined : documents[0];
  if (document === undefined || document.contents === null)
    return refuse('policy.syntax', { line: 1, reason: 'empty file' });
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const error = document.errors[0] ?? document.warnings[0];
  if (error !== undefined)
    return refuse('policy.syntax', {
      line: lineAt(error.pos[0]),
      reason: error.code.toLowerCase().replaceAll('_', ' '),
    });
  if (documents.length > 1) return refuse('policy.syntax', { line: 1, reason: 'two documents' });
  if (text.split(/\r?\n/).some((line) => line.startsWith('%')))
    return refuse('policy.syntax', { line: 1, reason: 'a directive' });
  const found = new Reader(lineAt).read(document.contents, 0);
  if (!found.ok) return found;
  return ok({ value: found.value, lineOf: (path) => lineOfPath(document, path, lineAt) });
}

class Reader {
  readonly #lineAt: (offset: number) => number;

  constructor(lineAt: (offset: number) => number) {
    this.#lineAt = lineAt;
  }

  read(node: unknown, depth: number): Result<unknown> {
    if (depth > JSON_DEPTH) return this.#refuse(node, 'nested too deep');
    if (isAlias(node)) return this.#refuse(node, 'an alias');
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return this.#refuse(node, 'no value');
    if (node.anchor !== undefined) return this.#refuse(node, 'an anchor');
    if (node.tag !== undefined) return this.#refuse(node, 'a tag');
    if (isScalar(node)) return this.#readScalar(node);
    return isSeq(node) ? this.#readList(node.items, depth) : this.#readMap(node.items, depth);
  }

  #readScalar(node: { readonly value: unknown; readonly type?: unknown }): Result<unknown> {
    const { value, type } = node;
    if (typeof value !== 'string') return this.#refuse(node, 'no text');
    const isQuoted = type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE';
    if (!isQuoted && type !== 'PLAIN') return this.#refuse(node, 'a block text');
    if (value.length > JSON_TEXT_LENGTH || !isPlainText(value))
      return this.#refuse(node, 'too long, not NFC, or invisible characters');
    if (isQuoted) return ok(value);
    if (value === '' || value === '~' || value === 'null')
      return this.#refuse(node, 'an empty value');
    if (value === 'true' || value === 'false') return ok(value === 'true');
    return ok(/^(0|[1-9][0-9]{0,15})$/.test(value) ? Number(value) : value);
  }

  #readList(items: readonly unknown[], depth: number): Result<unknown> {
    const list: unknown[] = [];
    for (const item of items) {
      const found = this.read(item, depth + 1);
      if (!found.ok) return found;
      list.push(found.value);
    }
    return ok(list);
  }

  #readMap(
    items: readonly { readonly key: unknown; readonly value: unknown }[],
    depth: number,
  ): Result<unknown> {
    const map: Record<string, unknown> = {};
    for (const { key, value } of items) {
      const name = this.read(key, depth + 1);
      if (!name.ok) return name;
      // All keys of the language are letters; so neither `<<` nor `__proto__` gets this far.
      if (typeof name.value !== 'string' || !/^[A-Za-z]{1,32}$/.test(name.value))
        return this.#refuse(key, 'a key that is no word');
      const found =
        value === null ? this.#refuse(key, 'an empty value') : this.read(value, depth + 1);
      if (!found.ok) return found;
      map[name.value] = found.value;
    }
    return ok(map);
  }

  #refuse(node: unknown, reason: string): { readonly ok: false; readonly refusal: Refusal } {
    const range = (node as Partial<Node> | null)?.range;
    return refuse('policy.syntax', { line: this.#lineAt(range?.[0] ?? 0), reason });
  }
}

function lineOfPath(
  document: Document,
  path: readonly PropertyKey[],
  lineAt: (offset: number) => number,
): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as Partial<Node> | undefined;
    if (node?.range === undefined || node.range === null) continue;
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = isMap(parent) ? parent.items.find((pair) => pair.value === node)?.key : undefined;
    const start = (key as Partial<Node> | undefined)?.range?.[0] ?? node.range[0];
    return lineAt(start);
  }
  return 1;
}
