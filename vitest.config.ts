import { defineConfig } from 'vitest/config';

const FILES = 'packages/*/src/**';

/** A suite of its own for what needs root, a cluster or a broker: `npm run test:NAME`. One file at a time: they share the machine. */
function suite(
  name: string,
  globalSetup: string[] = [],
): {
  extends: true;
  test: { name: string; include: string[]; globalSetup: string[]; fileParallelism: false; testTimeout: number; hookTimeout: number };
} {
  return {
    extends: true,
    test: {
      name,
      include: [`${FILES}/*.${name}.test.ts`, `e2e/**/*.${name}.test.ts`],
      globalSetup,
      fileParallelism: false,
      testTimeout: 300_000,
      hookTimeout: 600_000,
    },
  };
}

/** `npm test` is the project "default": everything that needs no root, no cluster and no network. */
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'default',
          include: [`${FILES}/*.test.{ts,tsx}`, 'tools/**/*.test.ts', 'e2e/*.test.ts'],
          exclude: [
            '**/*.root.test.ts',
            '**/*.cluster.test.ts',
            '**/*.kafka.test.ts',
            '**/*.envoy.test.ts',
            '**/*.aws.test.ts',
            '**/*.arm64.test.ts',
            '**/node_modules/**',
          ],
        },
      },
      suite('root'),
      suite('cluster', ['e2e/support/global-setup.ts']),
      suite('kafka'),
      suite('envoy'),
      suite('aws'),
      suite('arm64'),
    ],
  },
});
