// Who may import whom: the table of ARCHITECTURE.md as an ESLint rule. It resolves what an import points to instead of
// matching its text, and sees `import`, `export from`, `import('…')` and `import('…').Type`. The closure test in
// test/architecture is the second net and keeps its own list on purpose.
import { dirname, relative, resolve, sep } from 'node:path';

const coreLibraries = [
  'bitcoinjs-lib',
  'ecpair',
  'tiny-secp256k1',
  'bip32',
  '@scure/btc-signer',
  '@bitcoinerlab/descriptors-core',
  '@bitcoinerlab/miniscript',
  '@scure/bip39', // its word list: names of proposals
  '@noble/curves',
  '@noble/hashes',
  'canonicalize',
  'zod',
];
const frameworks = ['@nestjs', 'typeorm', 'pg', 'pg-boss'];
const belowApps = ['core', 'client', 'keys'];
const outsideServer = { rooms: belowApps, node: true, never: frameworks };

/**
 * rooms: whose files it may import; types: rooms it may import only types of; libraries: all it may use (absent: any);
 * never: libraries refused; node: whether node: modules are allowed, or which.
 */
const table = {
  core: { rooms: [], libraries: coreLibraries, node: false },
  client: {
    rooms: ['core'],
    libraries: [...coreLibraries, 'jose'],
    node: ['node:crypto', 'node:sqlite'], // the file of processes that follow the log
  },
  keys: { rooms: ['core'], libraries: coreLibraries, node: true },
  chain: { rooms: ['core'], libraries: coreLibraries, node: true },
  server: { rooms: ['core', 'chain', 'migrations'], types: ['client'], node: true },
  signer: outsideServer,
  sentinel: { ...outsideServer, rooms: [...belowApps, 'chain'] },
  cli: outsideServer,
  start: { rooms: [...belowApps, 'chain', 'server', 'signer', 'sentinel', 'cli'], node: true },
  migrations: { rooms: [], node: true },
};

/** Libraries with one place of use. */
const onlyIn = [
  { library: 'yaml', room: 'core', path: /^src\/core\/policy\/parse/ },
  { library: 'pkcs11js', room: 'keys', path: /^src\/keys\/pkcs11/ },
];

const root = resolve(import.meta.dirname, '../..');
const fromRoot = (path) => relative(root, path).split(sep).join('/');
const roomOf = (path) => /^(?:src\/)?([^/]+)\//.exec(path)?.[1];
const libraryOf = (specifier) => /^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier)?.[1] ?? specifier;

function wrong(file, specifier, isType) {
  const room = roomOf(file);
  const rule = Object.hasOwn(table, room ?? '') ? table[room] : undefined;
  if (rule === undefined) return `${file} lies in no room of ${fromRoot(import.meta.filename)}`;
  if (specifier.startsWith('.')) {
    const target = roomOf(fromRoot(resolve(root, dirname(file), specifier)));
    if (target === room || rule.rooms.includes(target)) return undefined;
    if (rule.types?.includes(target))
      return isType ? undefined : `${room} may import only types of ${target}`;
    return `${room} may not import ${target}`;
  }
  if (specifier.startsWith('node:')) {
    const allowed = rule.node === true || (rule.node !== false && rule.node.includes(specifier));
    return allowed ? undefined : `${room} may not use ${specifier}`;
  }
  const library = libraryOf(specifier);
  const place = onlyIn.find((one) => one.library === library && one.room === room);
  if (place !== undefined)
    return place.path.test(file) ? undefined : `${library} has another place in ${room}`;
  if (rule.libraries !== undefined && !rule.libraries.includes(library))
    return `${room} may not use ${library}`;
  const refused = (rule.never ?? []).some((n) => library === n || library.startsWith(`${n}/`));
  return refused ? `${room} may not use ${library}` : undefined;
}

const onlyTypes = (node) =>
  node.importKind === 'type' ||
  node.exportKind === 'type' ||
  node.type === 'TSImportType' ||
  node.type === 'TSImportEqualsDeclaration';

const imports = {
  meta: { type: 'problem', schema: [], messages: { wrong: '{{why}}' } },
  create(context) {
    const file = fromRoot(context.filename);
    const check = (node, source) => {
      if (source === null || source === undefined) return;
      const plain = source.type === 'TSAsExpression' ? source.expression : source;
      const literal = plain.type === 'TSLiteralType' ? plain.literal : plain;
      const why =
        typeof literal.value === 'string'
          ? wrong(file, literal.value, onlyTypes(node))
          : 'what is imported must be written as a literal';
      if (why !== undefined) context.report({ node, messageId: 'wrong', data: { why } });
    };
    const bySource = (node) => check(node, node.source);
    return {
      ImportDeclaration: bySource,
      ExportNamedDeclaration: bySource,
      ExportAllDeclaration: bySource,
      ImportExpression: bySource,
      TSImportType: bySource,
    };
  },
};

/** An inline `eslint` comment loosens the house rules: it must say why after `--`. */
const reasons = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { silent: 'say why: eslint-… RULE -- reason' },
  },
  create(context) {
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments())
          if (
            /^\s*eslint(-disable\S*)?\s/.test(`${comment.value} `) &&
            !/\s--\s+\S{2}/.test(comment.value)
          )
            context.report({ loc: comment.loc, messageId: 'silent' });
      },
    };
  },
};

export default { meta: { name: 'countersign' }, rules: { imports, reasons } };
