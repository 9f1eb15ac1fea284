import type { Config } from 'jest';

// Everything under test/. `npm test` takes test/fast.config.ts, `npm run test:long` test/long.config.ts; together they are test:all.
const config: Config = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.countersign/'],
  // Curves run in WebAssembly and integration tests start a PostgreSQL: five seconds are too tight on a busy machine.
  testTimeout: 30_000,
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
      },
    ],
  },
};

export default config;
