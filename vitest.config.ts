import { defineConfig } from 'vitest/config';

const conditions = ['leasewire-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{bridge,native,sdk,sim,hw-tests,examples,.ci}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
