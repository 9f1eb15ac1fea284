import type { Config } from 'jest';
import all from '../jest.config.ts';

/** What needs no program beside `npm ci` and ends within minutes. */
const config: Config = {
  ...all,
  rootDir: '..',
  testPathIgnorePatterns: ['<rootDir>/test/(e2e|drills)/'],
  maxWorkers: 2,
};

export default config;
