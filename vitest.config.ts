import { defineConfig } from 'vitest/config';

/** `npm test`: everything that needs no root, no cluster and no network. The other suites have their own projects. */
export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'default',
          include: ['packages/*/src/**/*.test.{ts,tsx}', 'tools/**/*.test.ts', 'e2e/*.test.ts'],
          exclude: ['**/*.root.test.ts', '**/*.cluster.test.ts', '**/*.kafka.test.ts', '**/node_modules/**'],
        },
      },
    ],
  },
});
