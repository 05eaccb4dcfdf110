// Who may import whom: schemas <- bus, models <- actors <- ops <- test. Each rule has a planted violation in
// ops/gates/boundaries.mjs that must turn it red. A room is matched by its folder and by its package's name, so that
// the rules also hold where nothing is built yet and a name cannot be resolved.
const room = (folder) => `(^|/)(${folder}/|@cortex/${folder}(/|$))`;
const actors = '(^|/)(actors/|@cortex/actor-)';
const upTo = (name, from, to, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: `^${from}/src/` },
  to: { path: to },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    upTo(
      'schemas-import-nothing-of-ours',
      'schemas',
      [room('bus'), room('models'), actors, room('ops'), room('test')],
      'The language depends on nobody who speaks it.',
    ),
    upTo(
      'bus-imports-schemas-only',
      'bus',
      [room('models'), actors, room('ops'), room('test')],
      'Talking knows no thinking and no deciding.',
    ),
    upTo(
      'models-import-schemas-only',
      'models',
      [room('bus'), actors, room('ops'), room('test')],
      'Thinking knows no bus.',
    ),
    upTo(
      'actors-import-downwards',
      'actors/[^/]+',
      [room('ops'), room('test')],
      'Deciding does not know how it is run.',
    ),
    upTo('ops-import-no-tests', 'ops', [room('test')], 'What runs does not need its checks.'),
    {
      name: 'no-actor-imports-another',
      severity: 'error',
      comment: 'Actors meet on the bus: each runs alone, or as many.',
      from: { path: '^actors/([^/]+)/src/' },
      to: { path: actors, pathNot: '(^|/)(actors/$1/|@cortex/actor-$1(/|$))' },
    },
    {
      name: 'only-through-the-door',
      severity: 'error',
      comment: "A package's inside may change without asking: import it by its name alone.",
      from: { path: '^(schemas|bus|models|ops|test|actors/[^/]+)/src/' },
      to: {
        path: ['^(schemas|bus|models|ops|test|actors/[^/]+)/', '^@cortex/[^/]+/'],
        pathNot: [
          '^$1/',
          '^(schemas|bus|models|ops|test|actors/[^/]+)/dist/(testing/)?index\\.(d\\.ts|js)$',
          '^@cortex/[^/]+/testing$',
        ],
      },
    },
    {
      name: 'no-cycle',
      severity: 'error',
      comment: 'A cycle has no first reader (types alone are gone when it runs).',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-undeclared-package',
      severity: 'error',
      comment: "What is imported stands in the package's own package.json (or, for tests, in the root's).",
      from: { path: '/src/', pathNot: ['\\.test\\.ts$', '/src/testing/'] },
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: '@types/',
      },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: '/generated/' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'node', 'default'] },
  },
};
