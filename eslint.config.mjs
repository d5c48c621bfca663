/**
 * Lint rules. Beside TypeScript's strict set they keep the project's own boundaries: which files may
 * read the environment, end the process or start others. Imports between packages are
 * dependency-cruiser's part (.dependency-cruiser.cjs).
 *
 * What always holds: no comment can switch a rule off.
 */
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const sources = 'packages/*/src/**/*.{ts,tsx}';
const tests = 'packages/*/{test,faults}/**/*.ts';
const systemTest = 'packages/system-test/**/*.ts';

/** Where a process begins: configuration is read here, and its end is decided here. */
const entryPoints = [
  'packages/*/src/main.ts',
  'packages/cli/src/*.ts',
  'packages/api/src/alert-test.ts',
];

/** Who may start processes; tests may, to try things for real. */
const processStarters = [
  'packages/supervisor/src/**/*.ts',
  'packages/cli/src/bench*.ts',
  tests,
  systemTest,
];

const childProcess = ['child_process', 'node:child_process'].map((name) => ({
  name,
  message: 'Only the supervisor starts processes.',
}));
const globalProcess = ['process', 'node:process'].map((name) => ({
  name,
  message: 'Use the global `process`, so that the rules about env and exit see it.',
}));

const readsEnvironment = {
  object: 'process',
  property: 'env',
  message: 'Only entry points read the environment; they pass it to parseSettings.',
};
const endsProcess = ['exit', 'reallyExit', 'abort'].map((property) => ({
  object: 'process',
  property,
  message: 'Only entry points end the process; elsewhere throw, or return.',
}));

/** A test that is skipped, or that hides the others, in every spelling that jest knows. */
const uncountedTests = [
  {
    selector: 'MemberExpression[property.name=/^(only|skip|todo|failing)$/]',
    message: 'Every test runs and counts.',
  },
  {
    selector: 'CallExpression[callee.name=/^(xit|xtest|xdescribe|fit|fdescribe)$/]',
    message: 'Every test runs and counts.',
  },
];

export default defineConfig(
  globalIgnores(['**/dist/', '**/node_modules/', 'data/', 'releases/', 'coverage/']),
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-imports': ['error', { paths: [...childProcess, ...globalProcess] }],
      'no-restricted-properties': ['error', readsEnvironment, ...endsProcess],
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': true, 'ts-ignore': true, 'ts-nocheck': true, 'ts-check': true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // Arrays are indexed without `undefined` in the type, and narrowing outlives an await: it would
      // report checks that are needed.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Winston declares one class under two names.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Bytes are compared with named bytes.
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      // Express tells an error handler by its four parameters.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // [...text] is the way to code points, which is what a limit on a text counts.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // An interface may ask for a promise that one of its implementations has at once.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: [sources],
    languageOptions: { parserOptions: { project: 'packages/*/tsconfig.json' } },
  },
  {
    files: [tests],
    languageOptions: { parserOptions: { project: 'tsconfig.test.json' } },
    rules: {
      'no-restricted-syntax': ['error', ...uncountedTests],
      // Jest's matchers inside expected values are of type any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
  {
    files: processStarters,
    rules: { 'no-restricted-imports': ['error', { paths: globalProcess }] },
  },
  {
    files: [...entryPoints, tests, systemTest],
    rules: { 'no-restricted-properties': 'off', 'no-console': 'off' },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { __dirname: 'readonly', __filename: 'readonly' },
    },
  },
  {
    files: ['**/*.js', '**/*.cjs', '**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly']),
      ),
    },
    rules: {
      eqeqeq: 'error',
      'no-undef': 'error',
      'no-unused-vars': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
);
