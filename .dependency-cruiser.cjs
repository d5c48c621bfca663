/**
 * Who may import whom: core ← storage ← {ingest, api, cli}, core ← supervisor; the system tests see
 * core and storage, and nobody sees them; the dashboard runs in browsers and sees no other package.
 * Each outside library has one home.
 *
 * What always holds: a package not named in `mayImport` may import no other. A workspace package
 * resolves to its build (packages/NAME/dist), so that the tree must be built first.
 */

/** The packages that each may import, by name. */
const mayImport = {
  core: [],
  dashboard: [],
  storage: ['core'],
  ingest: ['core', 'storage'],
  api: ['core', 'storage'],
  cli: ['core', 'storage'],
  supervisor: ['core'],
  'system-test': ['core', 'storage'],
};

/** The packages that may use a library, by the library's name. */
const homes = {
  pg: ['storage', 'system-test'],
  'pg-copy-streams': ['storage', 'system-test'],
  express: ['api'],
  compression: ['api'],
  helmet: ['api'],
  nodemailer: ['api'],
  'node-cron': ['api'],
  winston: ['core'],
  preact: ['dashboard'],
  uplot: ['dashboard'],
  'prom-client': ['api'],
};

/** Code that may start processes; tests may, to try things for real. */
const processStarters = [
  '^packages/supervisor/',
  '^packages/system-test/',
  '^packages/[^/]+/test/',
  '^packages/cli/src/bench',
  '^scripts/',
];

const packagesPath = (names) => `^packages/(${names.join('|')})/`;

const layers = Object.entries(mayImport).map(([name, allowed]) => ({
  name: `layers-${name}`,
  comment: `${name} may import ${allowed.length > 0 ? allowed.join(', ') : 'no other package'}`,
  severity: 'error',
  from: { path: packagesPath([name]) },
  to: { path: '^packages/', pathNot: packagesPath([name, ...allowed]) },
}));

const libraries = Object.entries(homes).map(([library, packages]) => ({
  name: `home-of-${library}`,
  comment: `${library} is used in ${packages.join(', ')} only`,
  severity: 'error',
  from: { pathNot: packagesPath(packages) },
  to: { path: `node_modules/(@types/)?${library}/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layers,
    ...libraries,
    {
      name: 'layers-unknown',
      comment: 'a package that is not in the table of layers may import no other',
      severity: 'error',
      from: { path: '^packages/([^/]+)/', pathNot: packagesPath(Object.keys(mayImport)) },
      to: { path: '^packages/', pathNot: '^packages/$1/' },
    },
    {
      name: 'through-the-front-door',
      comment: 'another package is imported by its name, never by a path into its files',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/[^/]+/(src|test)/', pathNot: '^packages/$1/' },
    },
    {
      name: 'own-sources',
      comment: 'import the sources and not the build, unless Node itself runs the file (fixtures)',
      severity: 'error',
      from: { path: '^packages/([^/]+)/', pathNot: '/test/fixtures/' },
      to: { path: '^packages/$1/dist/' },
    },
    {
      name: 'tests-stay-outside',
      comment: 'the product does not import its tests',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { path: '^packages/[^/]+/test/' },
    },
    {
      name: 'only-the-supervisor-starts-processes',
      severity: 'error',
      from: { pathNot: processStarters },
      to: { dependencyTypes: ['core'], path: '^(node:)?child_process$' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      comment: 'a file that imports nothing and that nothing imports is dead',
      severity: 'error',
      from: { orphan: true, path: '^packages/', pathNot: '[.]test[.]ts$' },
      to: {},
    },
    {
      name: 'resolvable',
      comment: 'if it is a workspace package: run npm run build first',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'listed-dependencies',
      comment: 'what a package uses stands in its own package.json',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'scripts-need-nothing',
      comment:
        'scripts run before anything is installed; what makes the dashboard is for developers',
      severity: 'error',
      from: { path: '^scripts/', pathNot: '^scripts/grafana/' },
      to: { pathNot: '^scripts/', dependencyTypesNot: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: '^packages/[^/]+/dist/.*[.]map$' },
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
