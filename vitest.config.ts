import { defineConfig } from 'vitest/config';

// Packages resolve to dist/ by name, relative imports in a test to its own src/: `npm test` builds first.
export default defineConfig({
  test: {
    include: [
      '{schemas,bus,models,ops,test}/src/**/*.test.ts',
      'actors/*/src/**/*.test.ts',
      'ops/{bin,gates,grafana}/**/*.test.mjs',
    ],
    // Finds or fetches nats-server and the encoder before any worker starts, and puts them into the environment.
    globalSetup: ['ops/src/provide/test-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: more files side by side only make each other's real servers slow.
    maxWorkers: 2,
    pool: 'forks',
  },
});
