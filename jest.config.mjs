/**
 * Four kinds of tests. `unit` runs against the sources, a package's own and the others' alike; so
 * does `random` (`*.random.test.ts`), which tries as many random cases as it is given time for;
 * `system` starts the built program, and `faults` breaks it while it runs: both need `npm run build`
 * first, and run one file at a time (--runInBand) because each wants the machine for itself. `npm test`
 * sees to that, and gives them more time (--testTimeout, which jest has for all projects together
 * only). A file of faults that takes more than a minute is named `*.slow.test.ts`.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const rootDir = path.dirname(fileURLToPath(import.meta.url));

const common = {
  rootDir,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '[.]ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/data/', '<rootDir>/releases/'],
};

/** Sources import each other as './x.js', the name that the build gives to x.ts. */
const sourceOfBuilt = { '^([.]{1,2}/.*)[.]js$': ['$1.ts', '$1.js'] };

const againstSources = {
  ...common,
  moduleNameMapper: {
    ...sourceOfBuilt,
    '^@zdenergy/([a-z-]+)$': '<rootDir>/packages/$1/src/index.ts',
  },
};
const againstBuilt = {
  ...common,
  testEnvironment: '<rootDir>/packages/system-test/telling-environment.mjs',
  moduleNameMapper: sourceOfBuilt,
};
const ofOtherKinds = ['/node_modules/', '<rootDir>/packages/system-test/'];

export default {
  testTimeout: 20_000,
  projects: [
    {
      ...againstSources,
      displayName: 'unit',
      testMatch: ['<rootDir>/packages/*/test/**/*.test.ts'],
      testPathIgnorePatterns: [...ofOtherKinds, '[.]random[.]test[.]ts$'],
    },
    {
      ...againstSources,
      displayName: 'random',
      testMatch: ['<rootDir>/packages/*/test/**/*.random.test.ts'],
      testPathIgnorePatterns: ofOtherKinds,
    },
    {
      ...againstBuilt,
      displayName: 'system',
      testMatch: ['<rootDir>/packages/system-test/test/**/*.test.ts'],
    },
    {
      ...againstBuilt,
      displayName: 'faults',
      testMatch: ['<rootDir>/packages/system-test/faults/**/*.test.ts'],
    },
  ],
};
