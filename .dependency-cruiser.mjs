// Who may import whom. Each rule says what to do instead. The table is in src/README.md.
const temporalInWorkflows = 'node_modules/@temporalio/(workflow|common)/'

/** Values from `from` may only come from `allowed` (and `node:` built-ins where said). */
const only = (name, from, allowed, comment, extra = {}) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: allowed, ...extra },
})

export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two modules need one another at run time: move what they share into a third one.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only(
      'contract-is-a-leaf',
      '^src/contract/',
      ['^src/contract/', temporalInWorkflows],
      'The contract is what other services import: no zod, no Node, nothing of ours. Put checks at the doors instead.',
    ),
    only(
      'workflows-stay-deterministic',
      '^src/workflows/',
      ['^src/(workflows|contract)/', temporalInWorkflows],
      'Workflow code runs again on replay. Do the work in an activity and import its type only.',
      { dependencyTypesNot: ['type-only'] },
    ),
    only(
      'workflow-types-only-from-activities',
      '^src/workflows/',
      ['^src/(workflows|contract|activities)/', temporalInWorkflows],
      'A workflow knows activities by type and nothing else of the service.',
    ),
    only(
      'activities-receive-values',
      '^src/activities/',
      [
        '^src/(activities|contract|catalog|ledger|storage|tokens|observability)/',
        '^src/providers/(provider|registry)\\.ts$',
        'node_modules/@temporalio/(activity|common)/',
        '^(node:)?[a-z_/]+$',
      ],
      'Activities get what they need through createActivities(deps): no config, client, gateway or provider folder.',
    ),
    only(
      'providers-do-not-know-temporal',
      '^src/providers/',
      ['^src/providers/', 'node_modules/(undici|zod)/', '^(node:)?[a-z_/]+$'],
      'A provider speaks HTTP and answers through the port in provider.ts. Mapping to Temporal is the activity\'s job.',
    ),
    {
      name: 'providers-do-not-know-each-other',
      comment: 'What two providers truly share belongs in providers/shared.',
      severity: 'error',
      from: { path: '^src/providers/(kie|defapi)/' },
      to: { path: '^src/providers/(kie|defapi)/', pathNot: '^src/providers/$1/' },
    },
    only(
      'wire-is-data',
      '^src/providers/[^/]+/wire\\.ts$',
      ['node_modules/zod/', '/wire\\.ts$'],
      'wire.ts holds schemas only: behaviour goes to client.ts or mapping.ts.',
    ),
    only(
      'catalog-is-pure',
      '^src/catalog/',
      ['^src/catalog/', '^src/contract/', 'node_modules/(zod|fastest-levenshtein)/', '^(node:)?crypto$'],
      'The catalog is data and pure mapping: what needs I/O belongs to an activity.',
    ),
    only(
      'ledger-stands-alone',
      '^src/ledger/',
      ['^src/ledger/', '^src/contract/', 'node_modules/(kysely|pg|@types/pg|@electric-sql/[^/]+)/', '^(node:)?[a-z_/]+$'],
      'The ledger knows its database and the contract\'s types, nothing else.',
    ),
    only(
      'storage-stands-alone',
      '^src/storage/',
      ['^src/storage/', '^src/contract/', 'node_modules/(undici|ipaddr\\.js)/', '^(node:)?[a-z_/]+$'],
      'Storage moves bytes: it knows no provider, no Temporal, no configuration.',
    ),
    only('tokens-stand-alone', '^src/tokens/', ['^src/tokens/', '^src/contract/', '^(node:)?[a-z_/]+$'], 'Tokens are sealed and opened with Node alone.'),
    {
      name: 'gateway-starts-no-work-of-its-own',
      comment: 'The gateway speaks to workflows by name and signal: it imports neither workflows nor activities nor configuration.',
      severity: 'error',
      from: { path: '^src/gateway/' },
      to: { path: '^src/(workflows|activities|worker|config|cli|dev|simulator)/' },
    },
    {
      name: 'gateway-sees-provider-doors-only',
      comment: 'The gateway reads callbacks through the port in provider.ts, never through a provider\'s folder.',
      severity: 'error',
      from: { path: '^src/gateway/' },
      to: { path: '^src/providers/', pathNot: '^src/providers/(provider|registry)\\.ts$' },
    },
    {
      name: 'worker-takes-workflows-by-path',
      comment: 'Workflow code is bundled, never imported into the worker process.',
      severity: 'error',
      from: { path: '^src/(worker|activities|gateway|ledger|temporal|dev|cli)/' },
      to: { path: '^src/workflows/' },
    },
    {
      name: 'only-composition-roots-read-config',
      comment: 'Receive values instead: only cli, dev and tests read configuration.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli|dev|config)/' },
      to: { path: '^src/config/' },
    },
    only(
      'simulator-is-independent',
      '^src/simulator/',
      ['^src/(simulator|observability)/', '^(node:)?[a-z_/]+$'],
      'The simulator must be able to disagree with the client: write it from the wire contract, import nothing of ours.',
    ),
    {
      name: 'not-to-test',
      comment: 'Product code never imports test code.',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'not-to-dev-dep',
      comment: 'A production install has no dev dependencies: move the package to dependencies, with its reason in CONTRIBUTING.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
