import type { Config } from 'jest';
import all from '../jest.config.ts';

/** Whole processes, killed and raced: one file at a time, so that they do not starve one another. */
const config: Config = {
  ...all,
  rootDir: '..',
  testMatch: ['<rootDir>/test/{e2e,drills}/**/*.test.ts'],
  testTimeout: 300_000,
  maxWorkers: 1,
  passWithNoTests: true,
};

export default config;
