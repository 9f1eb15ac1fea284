import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import rooms from './scripts/eslint/rooms.js';

// What a runtime offers beside the language. Core has none of it: the same bytes give the same verdict anywhere.
const runtimeGlobals = [
  'AbortController',
  'AbortSignal',
  'Buffer',
  'Intl',
  'URL',
  'WebSocket',
  'Worker',
  'clearInterval',
  'clearTimeout',
  'console',
  'crypto',
  'fetch',
  'global',
  'globalThis',
  'navigator',
  'performance',
  'process',
  'queueMicrotask',
  'require',
  'setImmediate',
  'setInterval',
  'setTimeout',
];

const booleanParameter = {
  selector:
    ":function > :matches(Identifier, AssignmentPattern > Identifier.left).params[typeAnnotation.typeAnnotation.type='TSBooleanKeyword']",
  message: 'a boolean parameter says nothing at the call: two functions, or a union of words',
};

const impure = [
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'core reads no clock: time is handed in',
  },
  { selector: "CallExpression[callee.name='Date']", message: 'core reads no clock' },
  { selector: 'ImportExpression', message: 'core imports statically' },
  { selector: 'MetaProperty', message: 'core does not know where it lies' },
  { selector: ':function[async=true]', message: 'core is synchronous' },
  { selector: 'AwaitExpression', message: 'core is synchronous' },
  {
    selector: 'MemberExpression[property.name=/^(toLocale|localeCompare)/]',
    message: 'core knows no locale',
  },
];

export default defineConfig(
  globalIgnores(['dist/', 'node_modules/', 'coverage/', '.countersign/']),
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { countersign: rooms },
    rules: {
      'countersign/reasons': 'error',
      eqeqeq: 'error',
      'no-async-promise-executor': 'error',
      'no-cond-assign': 'error',
      'no-constant-binary-expression': 'error',
      'no-constant-condition': ['error', { checkLoops: 'allExceptWhileTrue' }],
      'no-control-regex': 'error',
      'no-empty': 'error',
      'no-eval': 'error',
      'no-fallthrough': 'error',
      'no-irregular-whitespace': 'error',
      'no-misleading-character-class': ['error', { allowEscape: true }],
      'no-new-func': 'error',
      'no-self-compare': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-escape': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { disallowTypeAnnotations: false }, // `typeof import('…')` types a dynamic import
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Nest's modules are classes that hold nothing but their decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      // Nest declares its option bags as classes.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { requireDefaultForNonUnion: true, allowDefaultCaseForExhaustiveSwitch: true },
      ],
    },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
  {
    files: ['src/**/*.ts', 'migrations/**/*.ts'],
    rules: {
      'countersign/imports': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: false }],
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      'no-restricted-syntax': ['error', booleanParameter],
    },
  },
  {
    files: ['src/core/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...runtimeGlobals],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'core reads no clock: time is handed in' },
        { object: 'Math', property: 'random', message: 'core knows no chance' },
      ],
      'no-restricted-syntax': ['error', booleanParameter, ...impure],
    },
  },
  {
    // assert's condition is the one boolean that a caller writes as a sentence.
    files: ['src/core/base/assert.ts'],
    rules: { 'no-restricted-syntax': ['error', ...impure] },
  },
);
