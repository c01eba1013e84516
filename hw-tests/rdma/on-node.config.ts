// How Vitest runs on a node: one compiled file, as users have it, and nothing to compile.
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['dist/hw-tests/rdma/conformance-on-node.js'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    server: { deps: { external: [/\/dist\/(sdk|bridge|native)\//] } },
  },
});

export default config;
